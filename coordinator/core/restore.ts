/** The reverse of snapshot.ts: ids become objects again, in the order in which they were. */
import { invariant } from '../../shared/assert.ts';
import { linkStages, setAlternative } from './alternatives.ts';
import { NO_ATTEMPTS } from './attempts.ts';
import { scheduleJob, scheduleWake } from './deadlines.ts';
import { Few } from './few.ts';
import { newStore } from './inventory.ts';
import { stagesOf } from './jobs.ts';
import { countLoaded } from './kept-inputs.ts';
import { newQueue } from './queue.ts';
import { newRestart, type Restart } from './restart.ts';
import type { SlotName, Snapshot } from './snapshot.ts';
import {
  type Attempt,
  type Block,
  type Core,
  type InputGroup,
  isEligible,
  type Job,
  type Slot,
  type Task,
  type TaskSource,
  type Worker,
} from './state.ts';

/** `core` is new. */
export function restoreCore(core: Core, saved: Snapshot): void {
  invariant(
    saved?.v === 1,
    'the snapshot is of another version of Muster: start without it, jobs are accepted anew from the journal',
  );
  core.now = saved.now;
  core.attemptsMade = saved.attemptsMade;
  core.stealAtMs = saved.stealAtMs ?? Number.POSITIVE_INFINITY;
  core.stories.load(saved.stories);
  for (const { id, toldBytes, capBytes, isFull } of saved.stores)
    core.stores.set(id, { ...newStore(id), toldBytes, capBytes, isFull });
  for (const id of saved.fullStores) core.fullStores.add(of(core.stores, id));
  core.noRoom = saved.noRoom ?? undefined;
  for (const worker of saved.workers) loadWorker(core, worker);
  for (const [key, slots] of saved.residents) core.residents.set(key, new Set(slots.map((name) => slotOf(core, name))));
  for (const block of saved.blocks) loadBlock(core, block);
  for (const { id, blocks } of saved.stores) {
    const store = of(core.stores, id);
    for (const block of blocks) {
      store.blocks.add(of(core.blocks, block));
      store.heldBytes += of(core.blocks, block).bytes;
    }
  }
  for (const job of saved.jobs) loadJob(core, job);
  loadTasks(core, saved);
  for (const job of saved.jobs) loadQueue(core, job);
  for (const attempt of saved.attempts) loadAttempt(core, attempt);
  for (const id of saved.alone) core.alone.add(of(core.attempts, id));
  core.lookAtMs = saved.lookAtMs ?? Number.POSITIVE_INFINITY;
  saved.free.forEach((slots, leases) => {
    for (const name of slots) core.free[leases]?.add(slotOf(core, name));
  });
  for (const id of saved.readyJobs) core.readyJobs.add(of(core.jobs, id));
  for (const [id, stage] of saved.waitingStages) core.waitingStages.add(at(of(core.jobs, id).stages, stage));
  for (const [id, ended] of saved.ended) core.ended.set(id, ended);
  for (const [id, stores, urgency] of saved.collecting) {
    const named = stores.map((store) => core.stores.get(store)).filter((store) => store !== undefined);
    core.collecting.set(id, { stores: named, urgency });
  }
  for (const saves of saved.pins) {
    const pin = { ...saves, blocks: saves.blocks.map((id) => of(core.blocks, id)) };
    core.keeping.pins.set(pin.id, pin);
    countLoaded(core, pin, 1);
  }
  core.keeping.made = saved.pinsMade;
  for (const [key, table] of saved.tables) core.keeping.tables.set(key, table);
  core.keeping.isHeldUp = saved.tablesHeldUp;
  core.keeping.noRoom = saved.noRoomForPins;
  for (const [id, session] of saved.spreading) core.keeping.spreading.set(id, session);
  for (const id of saved.reusable) {
    const block = of(core.blocks, id);
    core.reusable.set(id, block);
    core.reusableBytes += block.bytes;
  }
  for (const [id, block] of saved.remembered) {
    core.remembered.set(id, block);
    core.rememberedBuckets += block.buckets.length;
  }
  for (const id of saved.lostChunks) core.lostChunks.add(id);
  if (saved.restart) core.restart = loadRestart(core, saved.restart);
  for (const worker of core.workers.values()) scheduleWake(core, worker);
}

function loadRestart(core: Core, saved: NonNullable<Snapshot['restart']>): Restart {
  const restart = newRestart();
  restart.untilMs = saved.untilMs ?? Number.POSITIVE_INFINITY;
  for (const id of saved.awaited) restart.awaited.add(id);
  for (const [id, cuts, accepted, records] of saved.jobs)
    restart.jobs.set(id, { cuts: new Map(cuts), accepted: new Set(accepted), records: [...records] });
  for (const [id, block] of saved.blocks) restart.blocks.set(id, block);
  for (const [id, digest] of saved.copies) restart.copies.set(id, digest);
  for (const id of saved.held) restart.held.add(of(core.jobs, id));
  return restart;
}

function of<K, V>(map: ReadonlyMap<K, V>, id: K): V {
  const found = map.get(id);
  invariant(found !== undefined, `the snapshot names ${String(id)} and does not hold it`);
  return found;
}

function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  invariant(found !== undefined, `the snapshot names number ${index} of ${list.length}`);
  return found;
}

function slotOf(core: Core, [session, index]: SlotName): Slot {
  return at(of(core.workers, session).slots, index);
}

function loadWorker(core: Core, saved: Snapshot['workers'][number]): void {
  const { storeId, slots, speeds, announced, ...rest } = saved;
  const store = of(core.stores, storeId);
  store.sessions.add(saved.sessionId);
  const worker: Worker = {
    ...rest,
    unmatched: [...rest.unmatched],
    announced: new Map(announced),
    store,
    slots: [],
    attempts: new Set(),
    wakeAtMs: Number.POSITIVE_INFINITY,
    speeds: new Map(speeds.map(([visibility, speed]) => [visibility, { ...speed }])),
  };
  slots.forEach((residents, index) => {
    const held = residents.map(([key, ordinals]) => [key, new Set(ordinals)] as const);
    worker.slots.push({ worker, index, attempts: new Set(), residents: new Map(held), backlog: 0, backlogBytes: 0 });
  });
  core.workers.set(worker.sessionId, worker);
  if (worker.draining && worker.drainStep !== 'done') core.draining.add(worker);
  if (worker.announced.size > 0) core.announcers.add(worker);
  if (worker.traits.local) core.local = worker;
  if (isEligible(worker)) core.liveSlots += worker.traits.slots;
}

function loadBlock(core: Core, saved: Snapshot['blocks'][number]): void {
  const stores: Block['stores'] = new Few();
  for (const [id, since] of saved.stores) stores.set(of(core.stores, id), since);
  core.blocks.set(saved.id, { ...saved, stores });
}

function loadJob(core: Core, saved: Snapshot['jobs'][number]): void {
  const { stages, plain: _plain, home: _home, store: _store, uncollected, results, ...rest } = saved;
  const job: Job = {
    ...rest,
    records: rest.records.map((record) => ({ ...record })),
    stages: [],
    queue: newQueue(),
    uncollected: new Set(uncollected),
    results: results.map((id) => of(core.blocks, id)),
  };
  job.stages.push(...stagesOf(job));
  stages.forEach(({ state, done, alternative, branchOf, runs, isKept }, i) => {
    Object.assign(at(job.stages, i), { state, done, branchOf: [...branchOf], runs: [...runs], isKept });
    if (alternative !== null) setAlternative(at(job.stages, i), alternative);
  });
  linkStages(job);
  core.jobs.set(job.id, job);
  if (job.state === 'live') scheduleJob(core, job);
}

function loadTasks(core: Core, saved: Snapshot): void {
  const fragments = new Map(saved.fragments.map((fragment) => [fragment.digest, fragment]));
  const shells = saved.groups.map(({ consumers }) => ({
    producers: [] as Task[],
    missing: new Set<Task>(),
    users: new Set<Task>(),
    consumers,
  }));
  const groups: readonly InputGroup[] = shells;
  for (const { fragment, sources, refs, feeds, home, ...rest } of saved.tasks) {
    const loadSource = (source: (typeof sources)[number]): TaskSource =>
      source.kind !== 'group' ? source : { ...source, group: at(groups, source.group) };
    const task: Task = {
      ...rest,
      attempts: NO_ATTEMPTS,
      known: [...rest.known],
      avoid: [...rest.avoid],
      fragment: of(fragments, fragment),
      sources: sources.map(loadSource),
      refs: refs.map(([job, stage, partition]) => ({ stage: at(of(core.jobs, job).stages, stage), partition })),
      feeds: feeds.map((group) => at(groups, group)),
    };
    if (home) {
      task.home = slotOf(core, home);
      task.home.backlog++;
      task.home.backlogBytes += task.inputBytes;
    }
    core.tasks.set(task.blockId, task);
  }
  saved.groups.forEach(({ producers, missing, users }, i) => {
    const shell = at(shells, i);
    for (const id of producers) shell.producers.push(of(core.tasks, id));
    for (const id of missing) shell.missing.add(of(core.tasks, id));
    for (const id of users) shell.users.add(of(core.tasks, id));
  });
  for (const job of saved.jobs) {
    job.stages.forEach(({ tasks }, i) => {
      at(of(core.jobs, job.id).stages, i).tasks = tasks.map((id) => of(core.tasks, id));
    });
  }
}

function loadQueue(core: Core, saved: Snapshot['jobs'][number]): void {
  const { queue } = of(core.jobs, saved.id);
  const tasks = (ids: readonly Task['blockId'][]): Set<Task> => new Set(ids.map((id) => of(core.tasks, id)));
  for (const id of saved.plain) queue.plain.add(of(core.tasks, id));
  for (const [name, ids] of saved.home) queue.home.set(slotOf(core, name), tasks(ids));
  for (const [store, ids] of saved.store) queue.store.set(store, tasks(ids));
}

function loadAttempt(core: Core, saved: Snapshot['attempts'][number]): void {
  const task = of(core.tasks, saved.blockId);
  const slot = slotOf(core, saved.slot);
  const job = of(core.jobs, saved.jobId);
  const { id, number, leasedAtMs, visibility, expiresAtMs, startedAtMs, headAtMs } = saved;
  const attempt: Attempt = {
    id,
    number,
    task,
    worker: slot.worker,
    slot,
    job,
    record: at(job.records, saved.record),
    leasedAtMs,
    visibility,
    expiresAtMs,
  };
  if (headAtMs !== null) attempt.headAtMs = headAtMs;
  if (startedAtMs !== null) attempt.startedAtMs = startedAtMs;
  task.attempts = new Set([...task.attempts, attempt]);
  if (task.attempts.size > 1) core.pairs++;
  core.attempts.set(id, attempt);
  core.authorLeases.set(job.owner, (core.authorLeases.get(job.owner) ?? 0) + 1);
  if (slot.attempts.size > 0) core.behind.add(attempt);
  slot.attempts.add(attempt);
  slot.worker.attempts.add(attempt);
}
