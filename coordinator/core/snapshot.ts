/**
 * The core as plain JSON: objects become ids, slots become [session, index], groups their number. Orders are kept, so that a
 * restored core gives the same commands as the one that was saved. Time's heap is left out: it follows from the rest.
 */
import type { BlockId, SessionId } from '../../shared/ids.ts';
import type { Fragment } from '../../shared/plan/physical.ts';
import type { Restart } from './restart.ts';
import type { Attempt, Block, Core, InputGroup, Job, Slot, Task, TaskSource, Worker } from './state.ts';

export type SlotName = readonly [SessionId, number];

export function slotName(slot: Slot): SlotName {
  return [slot.worker.sessionId, slot.index];
}

const idOf = (task: Task): BlockId => task.blockId;

export type Snapshot = ReturnType<typeof snapshotOf>;

export function snapshotOf(core: Core) {
  const fragments = new Map<string, Fragment>();
  const groups = new Map<InputGroup, number>();
  for (const task of core.tasks.values()) {
    fragments.set(task.fragment.digest, task.fragment);
    for (const source of task.sources)
      if (source.kind === 'group' && !groups.has(source.group)) groups.set(source.group, groups.size);
  }
  return {
    v: 1 as const,
    now: core.now,
    attemptsMade: core.attemptsMade,
    stealAtMs: Number.isFinite(core.stealAtMs) ? core.stealAtMs : null,
    stories: core.stories.save(),
    workers: [...core.workers.values()].map(saveWorker),
    residents: [...core.residents].map(([key, slots]) => [key, [...slots].map(slotName)] as const),
    free: core.free.map((slots) => [...slots].map(slotName)),
    blocks: [...core.blocks.values()].map(saveBlock),
    stores: [...core.stores.values()].map(({ sessions: _sessions, blocks, heldBytes: _heldBytes, ...store }) => ({
      ...store,
      blocks: [...blocks].map((block) => block.id),
    })),
    fullStores: [...core.fullStores].map((store) => store.id),
    noRoom: core.noRoom ?? null,
    fragments: [...fragments.values()],
    tasks: [...core.tasks.values()].map((task) => saveTask(task, groups)),
    groups: [...groups.keys()].map(({ producers, missing, users, consumers }) => ({
      producers: producers.map(idOf),
      missing: [...missing].map(idOf),
      users: [...users].map(idOf),
      consumers,
    })),
    jobs: [...core.jobs.values()].map(saveJob),
    readyJobs: [...core.readyJobs].map((job) => job.id),
    waitingStages: [...core.waitingStages].map((stage) => [stage.job.id, stage.index] as const),
    attempts: saveAttempts(core),
    alone: [...core.alone].map((attempt) => attempt.id),
    lookAtMs: Number.isFinite(core.lookAtMs) ? core.lookAtMs : null,
    ended: [...core.ended],
    collecting: [...core.collecting].map(([id, { stores, urgency }]) => [id, stores.map((store) => store.id), urgency] as const),
    pins: [...core.keeping.pins.values()].map(({ blocks, ...pin }) => ({ ...pin, blocks: blocks.map((block) => block.id) })),
    pinsMade: core.keeping.made,
    tables: [...core.keeping.tables],
    tablesHeldUp: core.keeping.isHeldUp,
    noRoomForPins: core.keeping.noRoom,
    spreading: [...core.keeping.spreading],
    reusable: [...core.reusable.keys()],
    remembered: [...core.remembered],
    lostChunks: [...core.lostChunks],
    restart: core.restart ? saveRestart(core.restart) : null,
  };
}

function saveRestart({ untilMs, awaited, jobs, blocks, copies, held }: Restart) {
  return {
    untilMs: Number.isFinite(untilMs) ? untilMs : null,
    awaited: [...awaited],
    jobs: [...jobs].map(([id, { cuts, accepted, records }]) => [id, [...cuts], [...accepted], records] as const),
    blocks: [...blocks],
    copies: [...copies],
    held: [...held].map((job) => job.id),
  };
}

function saveWorker(worker: Worker) {
  const { sessionId, workerId, store, traits, draining, drainStep, leaving, lastHeardMs, tasksDone, recomputed, rows } = worker;
  const unmatched = [...worker.unmatched];
  const slots = worker.slots.map((slot) => [...slot.residents].map(([key, ordinals]) => [key, [...ordinals]] as const));
  return {
    sessionId,
    workerId,
    storeId: store.id,
    traits,
    draining,
    ...(drainStep && { drainStep }),
    leaving,
    lastHeardMs,
    tasksDone,
    recomputed,
    rows,
    slots,
    unmatched,
    ...(worker.capBytes !== undefined && { capBytes: worker.capBytes }),
    announced: [...worker.announced],
    speeds: [...worker.speeds].map(([visibility, speed]) => [visibility, { ...speed }] as const),
  };
}

function saveBlock(block: Block) {
  const { stores, ...rest } = block;
  return { ...rest, stores: [...stores].map(([store, since]) => [store.id, since] as const) };
}

function saveTask(task: Task, groups: ReadonlyMap<InputGroup, number>) {
  const { fragment, sources, refs, feeds, attempts: _attempts, home, ...rest } = task;
  const saveSource = (source: TaskSource) =>
    source.kind === 'group' ? { ...source, group: groups.get(source.group) ?? 0 } : plainSource(source);
  return {
    ...rest,
    fragment: fragment.digest,
    sources: sources.map(saveSource),
    refs: refs.map(({ stage, partition }) => [stage.job.id, stage.index, partition] as const),
    feeds: feeds.map((group) => groups.get(group) ?? 0),
    home: home ? slotName(home) : null,
  };
}

/** Of a run also what it puts together when it is asked. */
function plainSource(source: Exclude<TaskSource, { readonly kind: 'group' }>) {
  if (source.kind === 'module') return source;
  const { kind, run, residentKey, cut, bytes } = source;
  return { kind, run, residentKey, cut, bytes };
}

function saveJob(job: Job) {
  const { stages, queue, uncollected, results, ...rest } = job;
  return {
    ...rest,
    stages: stages.map(({ state, alternative, tasks, branchOf, done, runs, isKept }) => ({
      state,
      branchOf,
      isKept,
      alternative: alternative ?? null,
      tasks: tasks.map(idOf),
      done,
      runs: [...runs],
    })),
    plain: [...queue.plain].map(idOf),
    home: [...queue.home].map(([slot, tasks]) => [slotName(slot), [...tasks].map(idOf)] as const),
    store: [...queue.store].map(([id, tasks]) => [id, [...tasks].map(idOf)] as const),
    uncollected: [...uncollected],
    results: results.map((block) => block.id),
  };
}

function saveAttempts(core: Core) {
  const places = new Map<unknown, number>();
  for (const job of core.jobs.values()) for (const [i, record] of job.records.entries()) places.set(record, i);
  return [...core.attempts.values()].map((attempt: Attempt) => ({
    id: attempt.id,
    number: attempt.number,
    blockId: attempt.task.blockId,
    slot: slotName(attempt.slot),
    jobId: attempt.job.id,
    record: places.get(attempt.record) ?? 0,
    leasedAtMs: attempt.leasedAtMs,
    visibility: attempt.visibility,
    headAtMs: attempt.headAtMs ?? null,
    expiresAtMs: attempt.expiresAtMs,
    startedAtMs: attempt.startedAtMs ?? null,
  }));
}
