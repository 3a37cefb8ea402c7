/**
 * Where each limit's test is: the one that exceeds it. A limit without a row here fails, and so does a row whose test is gone;
 * rows of the name `X: ...` in coordinator/limits.test.ts are the limits that had no other home.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { LIMITS } from './limits.ts';

const ROOT = resolve(import.meta.dirname, '..');
const COORDINATOR = 'coordinator/limits.test.ts';
const SESSIONS = 'coordinator/sessions/protocol.test.ts';
const RELAY = 'coordinator/blocks/relay.test.ts';
const FAILURES = 'coordinator/core/failures.test.ts';
const ROUTES = 'coordinator/api/routes.test.ts';
const TRANSFER = 'web-worker-client/link/transfer.test.ts';
const LOCAL = 'coordinator/local/local-worker.test.ts';
const POLICY = 'web-worker-client/politeness/policy.test.ts';
const PLANS = 'coordinator/api/plans.test.ts';
const PINS = 'coordinator/core/pins.test.ts';
const MODULES = 'coordinator/api/modules.test.ts';
const ADMISSION = 'shared/guest/admission.test.ts';
const ACCUMULATORS = 'web-worker-client/guest/accumulators.test.ts';
const FLOODS = 'web-worker-client/guest/floods.test.ts';
const COMPILER = 'coordinator/modules/compiler.test.ts';

/** File, and the title as it stands there, or the part of it that tells (of one case, where a title has many). */
type Row = readonly [file: string, title: string];

const TESTS: { readonly [L in keyof typeof LIMITS]: Row | readonly Row[] } = {
  sessionFrameBytes: [SESSIONS, 'a text frame over the limit'],
  sessionBinaryFrameBytes: [SESSIONS, 'a frame over what the socket takes ends the session'],
  inlineBlockBytes: [SESSIONS, 'an inline block over the limit'],
  inlineLeaseBytes: [
    COORDINATOR,
    'inlineLeaseBytes: what a lease cannot carry is left to be fetched, in the order of the inputs',
  ],
  pieceBytes: [
    [RELAY, 'a frame over the limit'],
    ['web-worker-client/link/link-data.test.ts', 'a piece over the limit closes the data socket with 4400, and only that'],
  ],
  creditBytes: [
    [RELAY, 'a holder may not have more under way than its credit'],
    [TRANSFER, 'without credit the server stops at what it was given, then gives up'],
    [TRANSFER, 'a peer that breaks the rules is found out'],
  ],
  slicesPerFetch: [RELAY, 'more slices than the limit'],
  bucketsPerBlock: [COORDINATOR, 'bucketsPerBlock: a report with one bucket too many closes the session'],
  inventoryLines: [COORDINATOR, 'inventoryLines: an inventory with one line too many closes the session'],
  fetchesPerSocket: [
    [RELAY, 'more fetches than the limit'],
    [TRANSFER, 'a peer that asks for too much at once is refused, and the rest goes on'],
  ],
  transferIdleMs: [
    [RELAY, 'a holder that sends nothing is given up after the idle time'],
    [TRANSFER, 'a transfer that moves nothing is given up'],
  ],
  helloMs: [SESSIONS, 'no hello within the time: closed'],
  heartbeatMs: ['web-worker-client/core/tab-core.test.ts', 'connects, says hello, joins, beats'],
  sessionSilenceMs: [
    [SESSIONS, 'a session that says nothing is lost, closed with 4408, and its task goes to another'],
    [
      'web-worker-client/core/tab-core.test.ts',
      'a coordinator that does not answer hello, or falls silent, is left and tried again',
    ],
  ],
  leaseMs: [FAILURES, 'takes back a lease that no heartbeat renews'],
  maxRunMs: [
    [FAILURES, 'ends an attempt that runs too long, whatever its heartbeats say'],
    ['web-worker-client/link/link.test.ts', 'a task past maxRunMs ends as deadline'],
  ],
  runsTold: ['coordinator/sessions/told-runs.test.ts', 'one run too many takes the number'],
  slotsPerWorker: [
    [SESSIONS, 'out of range'],
    [POLICY, 'what volunteers set is kept within bounds'],
  ],
  workers: [COORDINATOR, 'workers: one tab too many is turned away with 4429, those that are here stay'],
  leasesPerSlot: ['coordinator/core/placement.test.ts', 'every slot gets two leases, idle ones first'],
  failuresPerTask: [FAILURES, 'with resource goes to another worker and counts'],
  deathsPerTask: [FAILURES, 'with its session counts as died once it had started, on the higher ceiling'],
  chunkRows: [
    ['coordinator/catalog/arrow.test.ts', 'many record batches become whole chunks'],
    ['web-worker-client/slots/slot.test.ts', 'results are cut into batches of 122,880 rows'],
  ],
  sqlBytes: [ROUTES, "the planner's errors come through with position and hint; its crash is a 500"],
  jsonBodyBytes: [ROUTES, 'unknown routes 404, known ones with another method 405, other content types 415, no JSON 400'],
  uploadBytes: [ROUTES, 'an upload over the limit: 413; a full disk: 507'],
  datasetNameChars: [COORDINATOR, 'datasetNameChars: a name one character too long is refused, by path and by upload'],
  datasetColumns: [COORDINATOR, 'datasetColumns: a file with one column too many is refused, with the number'],
  datasetsMax: [COORDINATOR, 'datasetsMax: one dataset too many is refused, and there is room again once one is deleted'],
  planMs: ['coordinator/planner/planner.test.ts', 'a query that takes too long is stopped, and the next one planned'],
  plannerMemoryBytes: [
    COORDINATOR,
    'plannerMemoryBytes: a query that needs more to be planned fails with that reason, and the next one is planned',
  ],
  jobsQueued: [ROUTES, 'more jobs than may wait: 429'],
  jobsQueuedPerAuthor: [ROUTES, 'more jobs than may wait: 429'],
  jobsKept: [COORDINATOR, 'jobsKept: the oldest settled jobs are forgotten at the next sweep, live ones never'],
  jobsPerPage: [ROUTES, 'jobs come in pages, newest first, each once, also when jobs come and go meanwhile'],
  resultWaitSeconds: [ROUTES, 'wait has a limit'],
  resultTtlMs: [ROUTES, 'past its time to live a result is gone: 410, also after a restart'],
  eventStreams: ['coordinator/api/events.test.ts', 'no more streams than the limit, and closing the coordinator ends them'],
  dashboardRows: ['client/result-head.test.ts', 'the first rows, however the stream is cut, and whether there are more'],
  slotMemoryBytes: [
    [POLICY, 'slots together take at most a quarter of the memory, while each keeps what an engine needs'],
    ['web-worker-client/slots/failures.test.ts', 'too little memory: a clear resource failure with a hint, and the engine lives'],
  ],
  slotMemoryPhoneBytes: [POLICY, 'slots together take at most a quarter of the memory, while each keeps what an engine needs'],
  deviceMemoryUnknownBytes: [
    POLICY,
    'slots together take at most a quarter of the memory, while each keeps what an engine needs',
  ],
  residentShare: ['web-worker-client/slots/residents.test.ts', 'a run larger than the share is used and not kept'],
  storeDesktopBytes: ['demo-site/volunteer/device.test.ts', 'stores keep what the page promises, less on phones'],
  storePhoneBytes: [POLICY, 'what volunteers set is kept within bounds'],
  coordinatorInlineBytes: [
    'coordinator/blocks/blocks.test.ts',
    'small blocks stay in memory, the oldest spill, and all can be read',
  ],
  coordinatorDiskBytes: [
    'coordinator/blocks/blocks.test.ts',
    'over its cap it refuses, as a full disk would, and keeps what it has',
  ],
  relayMemoryBytes: [
    COORDINATOR,
    'relayMemoryBytes: what is beyond goes to disk once its reader is late, and is read from there',
  ],
  relayDiskBytes: [COORDINATOR, 'relayDiskBytes: what is beyond waits for its reader, which is said once'],
  localTaskBytes: [LOCAL, 'localTaskBytes: more goes to a tab'],
  localSlotBytes: [LOCAL, 'localSlotBytes: more memory than the slot has'],
  localResultBytes: [LOCAL, 'localResultBytes: a large result'],
  localRunMs: [LOCAL, 'localRunMs: a long run'],
  guestModuleBytes: [ADMISSION, 'B-61: bytes that are no module, or more than the limit'],
  guestMemoryBytes: [ADMISSION, 'B-64: one memory, defined and exported; its maximum is the policy’s'],
  guestOutputBytes: [FLOODS, 'few bytes that mean many rows are charged for the rows'],
  guestLogLineBytes: [FLOODS, 'log lines are cut at 4 KiB, and all of them at 64 KiB'],
  accumulatorsPerTask: [
    [ACCUMULATORS, 'B-48: more accumulators than a task may have'],
    [COORDINATOR, 'accumulatorsPerTask: a report with one too many closes the session'],
  ],
  accumulatorNameBytes: [
    [ACCUMULATORS, 'B-48: names over the limit, no name, amounts that are not finite'],
    [COORDINATOR, 'accumulatorNameBytes: a report with a longer name closes the session'],
  ],
  guestErrorBytes: [
    'web-worker-client/guest-stream/run-stream.test.ts',
    'S-30, S-35: only so much of stderr is kept, and it is the end',
  ],
  scriptBytes: ['web-worker-client/guest-script/script-limits.test.ts', 'scriptBytes: a script over the limit'],
  compileSourceBytes: [COMPILER, 'compileSourceBytes: a source over the limit'],
  compileMs: [COMPILER, 'compileMs: an endless compile is ended at its deadline'],
  compileMemoryBytes: [COMPILER, 'compileMemoryBytes: a compile that fills the memory is ended'],
  compileDiagnostics: [COMPILER, 'no more diagnostics than anybody reads'],
  compilesQueued: [COMPILER, 'compilesQueued: more than may wait'],
  guestLogBytes: [FLOODS, 'log lines are cut at 4 KiB, and all of them at 64 KiB'],
  modulesPerOwner: [MODULES, 'modulesPerOwner, moduleBytesPerOwner: one more than an author may keep'],
  moduleBytesPerOwner: [MODULES, 'modulesPerOwner, moduleBytesPerOwner: one more than an author may keep'],
  fragmentBytes: [PLANS, 'fragmentBytes: more code and parameters than a lease can carry'],
  cachedRelationsPerPlan: [PLANS, 'cachedRelationsPerPlan: more relations to keep than a plan may name'],
  cachedRelationsPerOwner: [PINS, 'cachedRelationsPerOwner: one more than an author may keep'],
  cachedBytesPerOwner: [PINS, 'cachedBytesPerOwner: what is cheapest to make again per byte goes'],
  jobBodyBytes: [PLANS, 'jobBodyBytes: a plan over the limit'],
  storyLines: ['coordinator/core/stories.test.ts', 'keeps its beginning and what went wrong under many attempts, and its bound'],
};

const rowsOf = (name: keyof typeof LIMITS): readonly Row[] => {
  const rows = TESTS[name];
  return typeof rows[0] === 'string' ? [rows as Row] : (rows as readonly Row[]);
};

test('every limit has a row, and no row is of a limit that is gone', () => {
  expect(Object.keys(TESTS).sort(), 'add the test that exceeds the new limit, and its row above').toEqual(
    Object.keys(LIMITS).sort(),
  );
});

test.each(Object.keys(LIMITS) as (keyof typeof LIMITS)[])('%s is exceeded by the test that its row names', (name) => {
  for (const [file, title] of TESTS[name] ? rowsOf(name) : []) {
    const source = readFileSync(join(ROOT, file), 'utf8');
    const found = source.includes(title);
    expect(found, `${file} has no test "${title}"; name the one that exceeds LIMITS.${name}`).toBe(true);
  }
});

test('limits fit each other', () => {
  // A whole inline lease, and a whole inline report, fit into a binary frame with their headers.
  expect(LIMITS.inlineLeaseBytes + LIMITS.sessionFrameBytes).toBeLessThanOrEqual(LIMITS.sessionBinaryFrameBytes);
  expect(LIMITS.inlineBlockBytes + LIMITS.sessionFrameBytes).toBeLessThanOrEqual(LIMITS.sessionBinaryFrameBytes);
  expect(LIMITS.pieceBytes).toBeLessThanOrEqual(LIMITS.creditBytes);
  // Some heartbeats may be lost before a session is, and a session is lost before its leases are.
  expect(3 * LIMITS.heartbeatMs).toBeLessThan(LIMITS.sessionSilenceMs);
  expect(LIMITS.sessionSilenceMs).toBeLessThan(LIMITS.leaseMs);
  expect(LIMITS.leaseMs).toBeLessThan(LIMITS.maxRunMs);
  expect(LIMITS.sqlBytes).toBeLessThanOrEqual(LIMITS.jsonBodyBytes);
});
