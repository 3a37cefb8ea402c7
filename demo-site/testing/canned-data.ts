/** What the fake coordinator knows, in the client's own types, so that a change of the contract shows here. */
import type {
  CacheJson,
  DatasetJson,
  JobCountersJson,
  JobJson,
  PlanJson,
  ResultJson,
  StageJson,
  StoryLineJson,
  WorkerJson,
} from '../../client/index.ts';
import { planWords } from '../../shared/rest/plan-words.ts';

function stage(index: number, title: string, tasks: number, done: number, more: Partial<StageJson> = {}): StageJson {
  const state = done === tasks ? 'successful' : done > 0 ? 'running' : 'unresolved';
  return {
    index,
    title,
    state,
    tasks,
    done,
    running: 0,
    reused: 0,
    recomputes: 0,
    onCoordinator: 0,
    rows: done * 320,
    bytes: done * 9_000,
    ...more,
  };
}

const COUNTERS: JobCountersJson = {
  tasksPlanned: 13,
  tasksReused: 0,
  attempts: 14,
  ended: { succeeded: 13, died: 1 },
  recomputes: 0,
  bytesMoved: 21_400_000,
  bytesLoaded: 88_000_000,
  fetchMs: 420,
  loadMs: 310,
  computeMs: 1_900,
  packMs: 60,
};

const QUERY = 'select origin, count(*) as n, avg(delay) as mean_delay from flights group by origin order by n desc limit 20';

const LONG_RUN = 'Task 3 of stage 1 (scan flights, map rows with loop (JavaScript)) has been running for 45 s on w-4k2mz0qpa.';

export const JOBS: readonly JobJson[] = [
  {
    jobId: 'job-latest',
    state: 'successful',
    sql: QUERY,
    submittedAtMs: 90_000,
    settledAtMs: 90_412,
    stages: [
      stage(0, 'scan flights, aggregate partially', 12, 12),
      stage(1, 'aggregate finally, top 20 by n', 1, 1, { onCoordinator: 1 }),
    ],
    counters: COUNTERS,
  },
  {
    jobId: 'job-running',
    state: 'running',
    sql: 'select a.state, sum(f.distance) from flights f join airports a on a.iata = f.origin group by a.state',
    submittedAtMs: 88_000,
    longRun: { stage: 1, task: 3, workerId: 'w-4k2mz0qpa', forMs: 45_000, detail: LONG_RUN, hint: 'Cancel it.' },
    stages: [
      stage(0, 'scan airports', 1, 1),
      stage(1, 'scan flights, join airports (broadcast), aggregate partially', 24, 15, { recomputes: 2 }),
      stage(2, 'aggregate finally', 1, 0),
    ],
    counters: { ...COUNTERS, recomputes: 2, bytesMoved: 48_900_000 },
  },
  {
    jobId: 'job-waiting',
    state: 'waiting',
    name: 'Monthly report',
    submittedAtMs: 87_000,
    waitingFor: 'A free slot: all are busy with earlier jobs.',
    stages: [stage(0, 'scan order_lines, aggregate partially', 49, 0)],
    counters: { ...COUNTERS, attempts: 0, bytesMoved: 0 },
  },
  {
    jobId: 'job-planned',
    state: 'successful',
    sql: planWords({
      relations: [
        { name: 'lines', relation: { kind: 'sql', sql: 'SELECT line FROM text' } },
        {
          name: 'words',
          relation: {
            kind: 'guest',
            operation: 'flatMap',
            input: 'lines',
            code: { kind: 'script', source: '', function: 'split' },
            schema: [{ name: 'word', type: 'VARCHAR' }],
          },
        },
        { name: 'counts', relation: { kind: 'sql', sql: 'SELECT word, count(*) AS n\nFROM words GROUP BY word' } },
      ],
      result: 'counts',
    }),
    name: 'Word count',
    submittedAtMs: 86_000,
    settledAtMs: 86_730,
    stages: [stage(0, 'scan text, flatMap, aggregate partially', 8, 8), stage(1, 'aggregate finally', 4, 4)],
    counters: COUNTERS,
  },
  {
    jobId: 'job-failed',
    state: 'failed',
    sql: 'select cast(origin as integer) from flights',
    submittedAtMs: 80_000,
    settledAtMs: 80_120,
    stages: [stage(0, 'scan flights, project', 24, 0)],
    counters: { ...COUNTERS, attempts: 2, bytesMoved: 900_000 },
    error: {
      code: 'sql-conversion',
      title: 'A value could not be converted',
      detail: "Could not convert string 'ABE' to INT32",
      stage: 0,
    },
  },
];

function worker(workerId: string, slots: number, more: Partial<WorkerJson>): WorkerJson {
  const figures = { tasksDone: 0, recomputedForOthers: 0, rows: 0, blocks: 12, blockBytes: 34_000_000, silentMs: 400 };
  return {
    workerId,
    state: 'idle',
    slots,
    busySlots: 0,
    memoryPerSlotBytes: 805_306_368,
    visibility: 'visible',
    share: 0.5,
    current: [],
    ...figures,
    ...more,
  };
}

export const WORKERS: readonly WorkerJson[] = [
  worker('w-4k2mz0qpa', 4, { tasksDone: 128 }),
  worker('w-b81xw7tre', 2, { tasksDone: 61, visibility: 'hidden' }),
  worker('w-c93lq5nnd', 2, { tasksDone: 17, state: 'paused' }),
  worker('w-headless1', 1, { tasksDone: 5, visibility: 'headless', silentMs: 7_200 }),
];

export const DATASETS: readonly DatasetJson[] = [
  {
    name: 'airports',
    rows: 3_376,
    bytes: 214_000,
    partitions: 1,
    state: 'ready',
    schema: ['iata', 'name', 'city', 'state', 'country'].map((name) => ({ name, type: 'VARCHAR' })),
  },
  {
    name: 'flights',
    rows: 3_000_000,
    bytes: 83_200_000,
    partitions: 25,
    state: 'ready',
    schema: [
      { name: 'date', type: 'TIMESTAMP' },
      { name: 'delay', type: 'SMALLINT' },
      { name: 'distance', type: 'SMALLINT' },
      { name: 'origin', type: 'VARCHAR' },
      { name: 'destination', type: 'VARCHAR' },
    ],
  },
];

const held = (blocks: number): { blocks: number; bytes: number } => ({ blocks, bytes: blocks * 665_600 });

export const CACHE: CacheJson = {
  coordinator: {
    chunks: { blocks: 130, bytes: 31_400_000 },
    outputs: { blocks: 12, bytes: 4_200_000, capBytes: 32 * 2 ** 30 },
    inline: { blocks: 40, bytes: 900_000, capBytes: 64 * 2 ** 20 },
    passing: { memoryBytes: 0, diskBytes: 0 },
  },
  datasets: [
    { name: 'airports', total: { blocks: 5, bytes: 214_000 }, diskBytes: 98_000, tabs: [] },
    {
      name: 'flights',
      total: held(125),
      diskBytes: 31_300_000,
      tabs: [
        { workerId: 'w-4k2mz0qpa', name: 'Window seat, third row', loaded: held(48), fetched: held(72) },
        { workerId: 'w-b81xw7tre', loaded: held(26), fetched: held(26) },
        { workerId: 'w-c93lq5nnd', loaded: held(0), fetched: held(14) },
        { workerId: 'w-headless1', loaded: held(51), fetched: held(0) },
      ],
    },
  ],
  relations: [
    {
      id: 'cache-7f3a-1',
      name: 'points',
      owner: 'local',
      level: 'memory',
      jobId: 'job-4k1c0s9fz',
      rows: 2_961_004,
      total: held(24),
      lost: held(0),
      coordinator: held(0),
      stores: [
        { workerIds: ['w-4k2mz0qpa'], ...held(16) },
        { workerIds: ['w-b81xw7tre', 'w-c93lq5nnd'], ...held(8) },
      ],
      loaded: [
        { workerId: 'w-4k2mz0qpa', name: 'Window seat, third row', slots: 2, bytes: held(16).bytes },
        { workerId: 'w-b81xw7tre', slots: 1, bytes: held(6).bytes },
      ],
      copies: 1,
      remakeMs: 4_310,
      mayLetGo: true,
    },
    {
      id: 'cache-7f3a-2',
      name: 'links_between_airports_of_one_state',
      owner: 'admin',
      level: 'coordinator',
      jobId: 'job-9w2kx0aaa',
      rows: 5_120,
      total: held(6),
      lost: held(2),
      coordinator: held(4),
      stores: [],
      loaded: [],
      copies: 0,
      remakeMs: 812,
      mayLetGo: false,
    },
  ],
  jobs: [],
  others: held(0),
  reusable: held(3),
};

const AIRPORTS = ['ATL', 'ORD', 'DFW', 'DEN', 'LAX', 'PHX', 'IAH', 'LAS', 'DTW', 'EWR', 'MSP', 'SLC', 'SFO', 'CLT', 'BOS', 'LGA'];

export const RESULT: ResultJson = {
  columns: [
    { name: 'origin', type: 'VARCHAR' },
    { name: 'n', type: 'BIGINT' },
    { name: 'mean_delay', type: 'DOUBLE' },
    { name: 'share', type: 'DECIMAL(9,4)' },
    { name: 'first_day', type: 'DATE' },
    { name: 'remark', type: 'VARCHAR' },
  ],
  rows: AIRPORTS.map((origin, i) => [
    origin,
    165_210 - i * 7_013,
    8.25 - i / 3,
    `0.0${550 - i * 13}`,
    '2001-01-01',
    i % 5 === 3 ? null : 'on time more often than not',
  ]),
};

export const PLAN: PlanJson = {
  logical: {
    op: 'top-N',
    detail: '20 by n descending',
    rows: 20,
    inputs: [
      {
        op: 'aggregate',
        detail: 'group by origin: count(*), avg(delay)',
        rows: 300,
        inputs: [{ op: 'scan', detail: 'flights (delay, origin), 2 of 5 columns', rows: 3_000_000, inputs: [] }],
      },
    ],
  },
  stages: [
    {
      index: 0,
      title: 'scan flights, aggregate partially',
      operators: ['aggregate partial', 'scan flights'],
      fragments: [
        { steps: [{ kind: 'sql', sql: 'SELECT c3 AS c0, count(*) AS c1, sum(c1) AS c2, count(c1) AS c3 FROM in0 GROUP BY c3' }] },
      ],
    },
    {
      index: 1,
      title: 'aggregate finally, top 20 by n',
      operators: ['top-N', 'aggregate final', 'exchange gather'],
      fallback: { scope: 'operator', operator: 'window', why: 'windows without PARTITION BY need all rows in one place' },
      fragments: [{ steps: [{ kind: 'sql', sql: 'SELECT c0, sum(c1) AS c1 FROM in0 GROUP BY c0 ORDER BY 2 DESC LIMIT 20' }] }],
    },
  ],
  fallbacks: [{ scope: 'operator', operator: 'window', why: 'windows without PARTITION BY need all rows in one place' }],
  chunks: { total: 25, needed: 12 },
};

const AT_MS = Date.UTC(2026, 2, 2, 9, 30);
const WHY = 'its only copy was lost with tab w-zzz000gone';
const AGAIN = { cause: 'recompute', jobId: 'job-running', stage: 1, workerId: 'w-4k2mz0qpa' };

export const STORIES: readonly StoryLineJson[] = [
  { atMs: AT_MS + 20, subject: 'job-running', what: 'jobSubmitted', why: 'by local' },
  { atMs: AT_MS + 1_200, subject: 'w-b81xw7tre', what: 'workerJoined', why: 'session s-1', detail: { slots: 2 } },
  { atMs: AT_MS + 4_310, subject: 'w-zzz000gone', what: 'workerLost', why: 'its connection closed' },
  { atMs: AT_MS + 4_312, subject: 'a-7716gg', what: 'attemptLeased', why: WHY, detail: { ...AGAIN, slot: 0 } },
  { atMs: AT_MS + 4_313, subject: 'a-7717gg', what: 'attemptLeased', why: WHY, detail: { ...AGAIN, slot: 1 } },
  {
    atMs: AT_MS + 6_001,
    subject: 'a-7716gg',
    what: 'attemptEnded',
    why: '',
    detail: { how: 'succeeded', jobId: 'job-running', stage: 1, fetchMs: 600, computeMs: 1_000 },
  },
];
