/**
 * What must hold between events. Each index is checked against what it indexes, computed anew; so this is slow and meant for
 * tests and the simulator.
 */
import { invariant } from '../../shared/assert.ts';
import type { BlockId } from '../../shared/ids.ts';
import { isDecided, mayRead, mayResolve } from './alternatives.ts';
import { isHeld, isPinned } from './inventory.ts';
import { groupsOf, isNeeded } from './lineage.ts';
import { isOver } from './overflow.ts';
import { pictureOf } from './pictures.ts';
import { hasReady, jobsOf, mayLease } from './queue.ts';
import { maySecond } from './second-attempts.ts';
import { type Core, isEligible, type Job, type StageState, type Task } from './state.ts';
import { isStrangeTable } from './tables.ts';

export function checkCore(core: Core): void {
  for (const job of core.jobs.values()) checkJob(core, job);
  checkAuthors(core);
  for (const task of core.tasks.values()) checkTask(core, task);
  checkWorkers(core);
  checkBlocks(core);
  checkPins(core);
  checkQueues(core);
  const pending =
    core.dirtyStages.size + core.doomed.size + core.fresh.length + core.freed.size + core.drops.size + core.crowded.size;
  invariant(pending === 0 && core.discards.length === 0 && core.out.length === 0, 'work is left over from the event');
}

function checkJob(core: Core, job: Job): void {
  if (job.state !== 'live') {
    invariant(job.stages.every((stage) => stage.tasks.length === 0) && job.leases === 0, `${job.id} has ended and holds tasks`);
    checkCounters(job);
    return;
  }
  for (const stage of job.stages) {
    const { tasks, state, done } = stage;
    const isUncut = state === 'unresolved' || state === 'skipped';
    invariant(isUncut === (tasks.length === 0), `stage ${stage.index} of ${job.id} is ${state} with ${tasks.length} tasks`);
    const finished = tasks.filter((task) => task.state === 'done' || task.state === 'lost').length;
    invariant(done === finished, `stage ${stage.index} of ${job.id} counts ${done} done of ${finished}`);
    if (!isUncut) invariant((state === 'successful') === (done === tasks.length), `stage ${stage.index} is ${state} at ${done}`);
    tasks.forEach((task, partition) => {
      const isKnown = task.refs.some((ref) => ref.stage === stage && ref.partition === partition);
      invariant(isKnown && core.tasks.get(task.blockId) === task, `a task of stage ${stage.index} does not know it`);
    });
    checkReaders(job, stage);
    if (state === 'unresolved' && mayResolve(stage))
      invariant(core.waitingStages.has(stage) && (core.liveSlots === 0 || job.isHeld), 'a stage that could be cut is not');
  }
  const last = job.stages.at(-1);
  if (last?.state === 'successful') invariant(job.uncollected.size > 0, `${job.id} is finished and not settled`);
  for (const id of job.uncollected) invariant(core.collecting.has(id), `${job.id} waits for ${id}, which nobody collects`);
  const leases = [...core.attempts.values()].filter((attempt) => attempt.job === job).length;
  invariant(job.leases === leases, `${job.id} counts ${job.leases} leases of ${leases}`);
  invariant(leases <= (job.options.slotsMax ?? Number.POSITIVE_INFINITY), `${job.id} has ${leases} leases`);
  checkAccount(core, job);
}

function checkAuthors(core: Core): void {
  const leases = new Map<string, number>();
  for (const { job } of core.attempts.values()) leases.set(job.owner, (leases.get(job.owner) ?? 0) + 1);
  invariant(leases.size === core.authorLeases.size, `${core.authorLeases.size} authors have leases, counted ${leases.size}`);
  for (const [owner, count] of leases)
    invariant(core.authorLeases.get(owner) === count, `${owner} counts ${core.authorLeases.get(owner)} leases of ${count}`);
}

/** attempts = tasks run + recomputed + retried, and a retry follows an attempt that ended without success. */
function checkReaders(job: Job, { index, state, readBy }: StageState): void {
  const readers = job.stages.filter((other) => {
    if (other.state === 'skipped') return false;
    return (isDecided(other) ? other.reads : mayRead(other.plan)).includes(index);
  });
  invariant(
    JSON.stringify(readers.map((r) => r.index)) === JSON.stringify(readBy),
    `stage ${index} of ${job.id}: readers are wrong`,
  );
  if (state === 'skipped') invariant(readers.length === 0, `stage ${index} of ${job.id} is skipped and read`);
  // One that was done before may be rolled back for another job that has its tasks too.
  const isFed = state !== 'unresolved' || readers.length > 0 || index === job.stages.length - 1;
  invariant(isFed, `stage ${index} of ${job.id} is ${state} and feeds nobody`);
}

function checkAccount(core: Core, job: Job): void {
  const { counters, stages } = pictureOf(core, job);
  const causes = { planned: 0, recompute: 0, retry: 0, speculation: 0 };
  for (const record of job.records) causes[record.cause]++;
  const { planned, recompute, retry, speculation } = causes;
  invariant(counters.attempts === planned + recompute + retry + speculation, `${job.id}: attempts do not add up`);
  const places = new Map<BlockId, { planned: number; retries: number; failed: number; shared: boolean }>();
  for (const { blockId, cause, how } of job.records) {
    const place = places.get(blockId) ?? { planned: 0, retries: 0, failed: 0, shared: false };
    if (cause === 'planned') place.planned++;
    if (cause === 'retry') place.retries++;
    if (how !== undefined && how !== 'succeeded') place.failed++;
    // Of a task that was let go nobody knows who shared it.
    if ((core.tasks.get(blockId)?.known.length ?? 2) > 1) place.shared = true;
    places.set(blockId, place);
  }
  for (const [id, place] of places) {
    invariant(place.planned <= 1, `${job.id} counts task ${id} as planned twice`);
    invariant(place.shared || place.retries <= place.failed, `${job.id} retried ${id} without a failure`);
  }
  const isDone = stages.every((stage) => stage.state === 'successful' || stage.state === 'skipped');
  if (isDone) {
    const { tasksPlanned, tasksReused } = counters;
    const there = new Set(job.stages.flatMap((stage) => stage.tasks.map((task) => task.blockId)));
    const planned = job.records.filter((record) => record.cause === 'planned' && there.has(record.blockId)).length;
    invariant(planned === tasksPlanned - tasksReused, `${job.id}: ${planned} run of ${tasksPlanned} - ${tasksReused}`);
  }
}

function checkCounters(job: Job): void {
  const counters = job.finalView?.counters;
  invariant(counters, `${job.id} has ended without a picture`);
  let ended = 0;
  for (const how of Object.keys(counters.ended)) ended += counters.ended[how] ?? 0;
  invariant(ended === counters.attempts, `${job.id}: ${counters.attempts} attempts, ${ended} ends`);
}

function checkTask(core: Core, task: Task): void {
  const { state, blockId } = task;
  const block = core.blocks.get(blockId);
  invariant(task.refs.length > 0, `nobody wants ${blockId}`);
  for (const { stage } of task.refs) invariant(stage.job.state === 'live', `${blockId} is kept for ${stage.job.id}, which ended`);
  const canBeRead = task.determinacy === 'indeterminate' ? block?.onCoordinator === true : isHeld(block);
  invariant((state === 'done') === canBeRead, `${blockId} is ${state} and can${canBeRead ? '' : 'not'} be read`);
  checkAttempts(core, task);
  if (state === 'lost') invariant(!isNeeded(task), `${blockId} is lost and needed`);
  if (state === 'pinning') invariant(core.collecting.has(blockId), `${blockId} waits for a copy that nobody makes`);
  const isUser = state !== 'done' && state !== 'lost';
  let blocked = 0;
  for (const group of groupsOf(task)) {
    invariant(group.users.has(task) === isUser, `${blockId} is ${state} and ${isUser ? 'no' : 'a'} user of its input`);
    for (const producer of group.producers) {
      invariant(core.tasks.get(producer.blockId) === producer, `an input of ${blockId} has no task`);
      invariant(producer.feeds.includes(group), `${producer.blockId} does not know a reader`);
      invariant(group.missing.has(producer) === (producer.state !== 'done'), `${producer.blockId}: missing is wrong`);
    }
    if (group.missing.size > 0) blocked++;
  }
  if (isUser) invariant(task.blockedOn === blocked, `${blockId} counts ${task.blockedOn} inputs missing of ${blocked}`);
  if (state === 'blocked') invariant(blocked > 0, `${blockId} is blocked by nothing`);
  if (state === 'ready') invariant(blocked === 0, `${blockId} is ready without its inputs`);
}

function checkAttempts(core: Core, { blockId, state, attempts, determinacy }: Task): void {
  invariant((state === 'leased') === attempts.size > 0, `${blockId} is ${state} with ${attempts.size} attempts`);
  for (const attempt of attempts) invariant(core.attempts.get(attempt.id) === attempt, `${blockId} has a dead attempt`);
  if (attempts.size < 2) return;
  invariant(attempts.size === 2 && determinacy !== 'indeterminate', `${blockId} has ${attempts.size} attempts`);
  const [first, second] = [...attempts];
  invariant(first && second && first.job === second.job, `attempts of ${blockId} are charged to two jobs`);
  invariant(first.worker !== second.worker && second.record.cause === 'speculation', `${blockId} runs twice for no reason`);
  invariant(!core.behind.has(first) && !core.behind.has(second), `${blockId} runs twice, and one waits`);
}

function checkWorkers(core: Core): void {
  let live = 0;
  for (const worker of core.workers.values()) {
    invariant(worker.store.sessions.has(worker.sessionId), `${worker.sessionId} is not in its store`);
    const drains = worker.draining && worker.drainStep !== 'done';
    invariant(core.draining.has(worker) === drains, `${worker.workerId} is wrongly among those that drain`);
    if (isEligible(worker)) live += worker.traits.slots;
    const leased = new Set(worker.slots.flatMap((slot) => [...slot.attempts]));
    invariant(leased.size === worker.attempts.size, `${worker.sessionId}: attempts and slots differ`);
    for (const slot of worker.slots) {
      const isOpen = isEligible(worker) && slot.index < worker.traits.slots;
      core.free.forEach((slots, leases) => {
        const belongs = isOpen && slot.attempts.size === leases;
        invariant(slots.has(slot) === belongs, `slot ${slot.index} of ${worker.sessionId} is listed wrongly at ${leases}`);
      });
      invariant(slot.attempts.size <= core.limits.leasesPerSlot, `slot ${slot.index} of ${worker.sessionId} has too many leases`);
      for (const key of slot.residents.keys()) {
        invariant((core.residents.get(key)?.has(slot) ?? false) === isEligible(worker), `resident ${key} is listed wrongly`);
      }
    }
  }
  const locals = [...core.workers.values()].filter((worker) => worker.traits.local);
  invariant(core.local ? locals.includes(core.local) : locals.length === 0, 'the coordinator’s own slot is listed wrongly');
  for (const { store, slots } of locals) {
    invariant(store.blocks.size === 0, 'the coordinator’s own slot holds blocks');
    invariant(
      slots.every((slot) => slot.attempts.size <= 1),
      'the coordinator’s own slot has a second lease',
    );
  }
  const pairs = [...core.tasks.values()].filter((task) => task.attempts.size > 1).length;
  invariant(core.pairs === pairs && core.alone.size <= core.attempts.size, `${core.pairs} pairs counted of ${pairs}`);
  invariant(core.liveSlots === live, `${core.liveSlots} live slots counted of ${live}`);
  for (const attempt of core.attempts.values()) {
    const [head] = attempt.slot.attempts;
    invariant(core.behind.has(attempt) === (head !== attempt), `${attempt.id} is wrongly among those that wait behind others`);
    const isAlone = head === attempt && attempt.task.attempts.size === 1 && maySecond(attempt);
    invariant(core.alone.has(attempt) === isAlone, `${attempt.id} is wrongly among those that may have a second one beside them`);
    invariant(core.workers.get(attempt.worker.sessionId) === attempt.worker, `${attempt.id} is leased to a session that is gone`);
    invariant(attempt.task.attempts.has(attempt) && attempt.slot.attempts.has(attempt), `${attempt.id} is not in its place`);
    invariant(
      attempt.task.refs.some((ref) => ref.stage.job === attempt.job),
      `${attempt.id} is charged to a stranger`,
    );
  }
}

function checkPins(core: Core): void {
  const keeps = new Map<BlockId, number>();
  const loaded = new Map<BlockId, number>();
  for (const { id, blocks, stages, level } of core.keeping.pins.values()) {
    invariant(
      blocks.length === stages.at(-1)?.kept?.tasks.length,
      `${id} has ${blocks.length} blocks, and another number of tasks`,
    );
    for (const block of new Set(blocks)) {
      invariant(core.blocks.get(block.id) === block, `${id} keeps a block that is not known`);
      keeps.set(block.id, (keeps.get(block.id) ?? 0) + 1);
      if (level === 'memory') loaded.set(block.id, (loaded.get(block.id) ?? 0) + 1);
    }
  }
  for (const { workerId, slots } of core.workers.values())
    for (const { residents } of slots)
      for (const key of residents.keys())
        invariant(!isStrangeTable(core, key), `${workerId} has ${key} loaded, which belongs to no relation`);
  for (const { blockIds } of core.keeping.tables.values()) {
    const isLive = blockIds.every((id) => core.keeping.loaded.has(id)) || core.keeping.isHeldUp;
    invariant(isLive, 'tables of a released relation are not dropped');
  }
  for (const [id, session] of core.keeping.spreading) invariant(core.workers.has(session), `${session} is gone and copies ${id}`);
  for (const { id, keeps: counted } of core.blocks.values())
    invariant(counted === (keeps.get(id) ?? 0), `${id} is kept ${keeps.get(id) ?? 0} times and counts ${counted}`);
  for (const id of new Set([...loaded.keys(), ...core.keeping.loaded.keys()]))
    invariant(loaded.get(id) === core.keeping.loaded.get(id), `${id} stays loaded by another count than its relations say`);
}

function checkBlocks(core: Core): void {
  let bytes = 0;
  for (const block of core.blocks.values()) {
    invariant(isHeld(block) || isPinned(core, block), `${block.id} is held by nobody and wanted by nobody`);
    invariant(core.reusable.has(block.id) === !isPinned(core, block), `${block.id} is pinned and reusable, or neither`);
    if (core.reusable.has(block.id)) bytes += block.bytes;
    for (const store of block.stores.keys()) {
      invariant(core.stores.get(store.id) === store && store.blocks.has(block), `${block.id} is in a store that is gone`);
    }
  }
  let remembered = 0;
  for (const [id, { buckets }] of core.remembered) {
    remembered += buckets.length;
    invariant(!core.blocks.has(id), `${id} is known and remembered`);
  }
  invariant(core.rememberedBuckets === remembered, `${core.rememberedBuckets} remembered buckets counted of ${remembered}`);
  invariant(remembered <= core.limits.rememberedBuckets, 'too much is remembered');
  for (const store of core.stores.values()) {
    invariant(store.sessions.size > 0, `store ${store.id} has no session`);
    const held = [...store.blocks].reduce((sum, block) => sum + block.bytes, 0);
    invariant(store.heldBytes === held, `store ${store.id} counts ${store.heldBytes} bytes of ${held}`);
    invariant(core.fullStores.has(store) === store.isFull, `store ${store.id} is listed wrongly as full`);
    invariant(!store.isFull || isOver(store), `store ${store.id} has room and gets no leases`);
    for (const block of store.blocks) invariant(core.blocks.get(block.id) === block, `store ${store.id} holds a stranger`);
  }
  invariant(core.reusableBytes === bytes, `${core.reusableBytes} reusable bytes counted of ${bytes}`);
  invariant(bytes <= core.limits.reusableBytes && core.reusable.size <= core.limits.reusableBlocks, 'too much is kept for reuse');
}

function checkQueues(core: Core): void {
  const backlog = new Map<object, { tasks: number; bytes: number }>();
  for (const task of core.tasks.values()) {
    const isReady = task.state === 'ready';
    if (isReady && task.home) {
      const { tasks, bytes } = backlog.get(task.home) ?? { tasks: 0, bytes: 0 };
      backlog.set(task.home, { tasks: tasks + 1, bytes: bytes + task.inputBytes });
    }
    for (const { queue, id } of jobsOf(task)) {
      const isPlain = queue.plain.has(task);
      const isHome = task.home !== undefined && (queue.home.get(task.home)?.has(task) ?? false);
      invariant(
        isReady ? isPlain !== isHome : !isPlain && !isHome,
        `${task.blockId} is ${task.state} and queued wrongly for ${id}`,
      );
    }
  }
  for (const job of core.jobs.values()) {
    invariant(core.readyJobs.has(job) === (job.state === 'live' && hasReady(job)), `${job.id} is listed wrongly as ready`);
    for (const slot of job.queue.home.keys())
      invariant(core.workers.has(slot.worker.sessionId), `${job.id} waits for a slot that is gone`);
  }
  for (const worker of core.workers.values()) {
    for (const slot of worker.slots) {
      const { tasks, bytes } = backlog.get(slot) ?? { tasks: 0, bytes: 0 };
      const isRight = slot.backlog === tasks && slot.backlogBytes === bytes;
      invariant(isRight, `slot ${slot.index} of ${worker.sessionId}: backlog ${slot.backlog}, ${slot.backlogBytes} bytes`);
      const [head] = slot.attempts;
      invariant(
        !head || head.headAtMs !== undefined,
        `the oldest attempt of slot ${slot.index} of ${worker.sessionId} is not known as such`,
      );
    }
  }
  // No slot idles beside work that it may do: the only tasks that wait are those at home in a busy slot.
  if ((core.free[0]?.size ?? 0) === 0) return;
  for (const job of core.readyJobs) {
    if (!mayLease(job)) continue;
    const stuck = [...job.queue.plain].filter((task) => task.avoid.length === 0);
    invariant(stuck.length === 0, `${job.id} has work and slots are idle`);
  }
}
