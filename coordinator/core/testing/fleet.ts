/**
 * A fake shell with fake tabs around a scheduler: it obeys commands to the letter and keeps its own books of who holds what,
 * so that it can tell when the core asks for something that cannot be done. Nothing happens by itself: tests and simulators
 * say which attempt starts, succeeds or fails, and when a tab goes.
 */
import { invariant } from '../../../shared/assert.ts';
import type { Failure } from '../../../shared/failure.ts';
import type { BlockId, JobId, SessionId, StoreId, WorkerId } from '../../../shared/ids.ts';
import type { PhysicalPlan } from '../../../shared/plan/physical.ts';
import type { AttemptCosts } from '../../../shared/plan/task.ts';
import { NO_COSTS } from '../../../shared/plan/task.ts';
import type { CoreCommand } from '../commands.ts';
import type { CoreEvent, JobOptions, WorkerTraits } from '../events.ts';
import { readingKept } from '../reading-kept.ts';
import { type CoreOptions, Scheduler } from '../scheduler.ts';
import { answerCopy } from './answer-copy.ts';
import { Books } from './books.ts';
import type { FakeAttempt, FakeTab } from './fake-tab.ts';

type EventBody = CoreEvent extends infer E ? (E extends CoreEvent ? Omit<E, 'atMs'> : never) : never;

const PLAIN: JobOptions = { reuse: true, weight: 1 };
const TRAITS: WorkerTraits = { slots: 1, visibility: 'headless', paused: false, share: 1, memoryPerSlotBytes: 768 * 1024 * 1024 };

export class Fleet extends Books {
  scheduler: Scheduler;
  nowMs = 0;
  /** Called after each event, before the commands are obeyed. */
  afterEvent: (event: CoreEvent, commands: readonly CoreCommand[]) => void = () => undefined;
  readonly jobs: JobId[] = [];
  /** The coordinator can keep no more copies. */
  isDiskFull = false;
  readonly options: CoreOptions;
  #made = 0;

  /** `rowBytes`: what a row weighs. */
  constructor({ rowBytes = 70, ...options }: Partial<CoreOptions> & { readonly rowBytes?: number } = {}) {
    super(rowBytes);
    this.options = { paceMs: 0, idSeed: 't', ...options };
    this.scheduler = new Scheduler(this.options);
  }

  nextNumber(): number {
    return ++this.#made;
  }

  /** The coordinator's process is replaced by one that knows the snapshot, and nobody notices. */
  reload(restore: (snapshot: unknown, options: CoreOptions) => Scheduler): void {
    this.scheduler = restore(JSON.parse(JSON.stringify(this.scheduler.snapshot())), this.options);
    this.scheduler.checkInvariants();
  }

  send(body: EventBody): readonly CoreCommand[] {
    const event = { atMs: this.nowMs, ...body } as CoreEvent;
    const commands = this.scheduler.handle(event);
    this.scheduler.checkInvariants();
    this.afterEvent(event, commands);
    for (const command of commands) this.obey(command);
    return commands;
  }

  // Jobs

  /** As the job service does it: cached relations are read where they are kept. */
  submit(jobId: string, given: PhysicalPlan, options: Partial<JobOptions> = {}, owner = 'local'): JobId {
    const id = jobId as JobId;
    const plan = options.reuse === false ? given : readingKept(given, (key) => this.scheduler.keptStages(key));
    this.jobs.push(id);
    this.plans.set(id, plan);
    this.send({ type: 'jobSubmitted', jobId: id, owner, plan, options: { ...PLAIN, ...options } });
    return id;
  }

  unsettled(): number {
    return this.jobs.length - this.settled.size;
  }

  /** Its result was read for the last time. */
  forget(jobId: JobId | undefined): void {
    if (jobId) this.send({ type: 'jobForgotten', jobId });
  }

  // Tabs

  join(name: string, traits: Partial<WorkerTraits> = {}, store = `store-${name}`): FakeTab {
    const tab: FakeTab = {
      sessionId: `s-${name}-${++this.#made}` as SessionId,
      workerId: `w-${name}` as WorkerId,
      storeId: store as StoreId,
      traits: { ...TRAITS, ...traits },
      draining: false,
      leaving: false,
      attempts: new Map(),
      cancelled: [],
      residents: new Set(),
      capBytes: undefined,
      toldBytes: 0,
      unannounced: [],
    };
    this.tabs.set(tab.sessionId, tab);
    if (!this.stores.has(tab.storeId)) this.stores.set(tab.storeId, this.asleep.get(tab.storeId) ?? new Map());
    this.asleep.delete(tab.storeId);
    tab.unannounced = [...(this.stores.get(tab.storeId) ?? [])];
    const { sessionId, workerId, storeId } = tab;
    this.send({ type: 'workerJoined', sessionId, workerId, storeId, traits: tab.traits });
    return tab;
  }

  change(tab: FakeTab, traits: Partial<WorkerTraits>): void {
    tab.traits = { ...tab.traits, ...traits };
    this.send({ type: 'workerChanged', sessionId: tab.sessionId, traits: tab.traits });
  }

  /** As a real tab does it: traits first, then the running attempts handed back. */
  pause(tab: FakeTab): void {
    this.change(tab, { paused: true });
    for (const attempt of [...tab.attempts.values()]) this.fail(attempt, 'released');
  }

  leave(tab: FakeTab): void {
    tab.leaving = true;
    this.send({ type: 'workerLeaving', sessionId: tab.sessionId });
  }

  drain(tab: FakeTab): void {
    for (const other of this.tabs.values()) if (other.workerId === tab.workerId) other.draining = true;
    this.send({ type: 'workerDrained', workerId: tab.workerId });
  }

  kill(tab: FakeTab, why: 'closed' | 'silent' = 'closed'): readonly CoreCommand[] {
    this.tabs.delete(tab.sessionId);
    if (![...this.tabs.values()].some((other) => other.storeId === tab.storeId)) {
      const left = this.stores.get(tab.storeId);
      this.stores.delete(tab.storeId);
      // What was in memory only is gone; the rest may come back.
      if (left && !tab.traits.local) this.asleep.set(tab.storeId, left);
    }
    return this.send({ type: 'workerLost', sessionId: tab.sessionId, why });
  }

  heartbeat(tab: FakeTab): void {
    this.send({ type: 'heartbeatReceived', sessionId: tab.sessionId, running: [...tab.attempts.keys()] });
  }

  /** Moves the clock to `atMs`, waking the core whenever it asked to be woken. */
  passTo(atMs: number): void {
    for (let wakes = 0; ; wakes++) {
      const next = this.scheduler.nextDeadline();
      if (next === undefined || next > atMs) break;
      invariant(wakes < 1_000, 'the core asks to be woken without end');
      this.nowMs = Math.max(this.nowMs, next);
      this.send({ type: 'timePassed' });
    }
    this.nowMs = Math.max(this.nowMs, atMs);
  }

  /** Says what the store still had when the tab joined, all of it or the first `lines`; `last` unless some are left. */
  announce(tab: FakeTab, lines = tab.unannounced.length): readonly CoreCommand[] {
    const { sessionId, storeId } = tab;
    const store = this.stores.get(storeId);
    const there = tab.unannounced.splice(0, lines).filter(([blockId, digest]) => store?.get(blockId) === digest);
    const blocks = there.map(([blockId, digest]) => ({ blockId, digest }));
    const last = tab.unannounced.length === 0;
    const commands = this.send({ type: 'inventoryReported', sessionId, blocks, last });
    const dropped = new Set(commands.flatMap((command) => (command.type === 'dropBlocks' ? command.blockIds : [])));
    for (const { blockId, digest } of last ? blocks : []) {
      const isHolder = this.scheduler.holders(blockId).sessions.includes(sessionId);
      const isAsAccepted = this.scheduler.blockInfo(blockId)?.digest === digest;
      const isBeingMade = this.attempts().some(
        (a) => a.task.blockId === blockId && this.tabs.get(a.sessionId)?.storeId === storeId,
      );
      invariant(isHolder || dropped.has(blockId) || isBeingMade, `${blockId} was announced, and neither taken nor dropped`);
      invariant(!isAsAccepted || isHolder || dropped.has(blockId), `${blockId} was announced as accepted, and not taken`);
    }
    return commands;
  }

  /** Says how much its store keeps. */
  tellStore(tab: FakeTab, capBytes = tab.capBytes ?? Number.MAX_SAFE_INTEGER): readonly CoreCommand[] {
    tab.capBytes = capBytes;
    tab.toldBytes = this.storedBytes(tab);
    return this.send({ type: 'storeChanged', sessionId: tab.sessionId, outputBytes: tab.toldBytes, capBytes });
  }

  storedBytes(tab: FakeTab): number {
    let bytes = 0;
    for (const digest of this.stores.get(tab.storeId)?.values() ?? []) {
      for (const bucket of this.engine.blocks.get(digest)?.buckets ?? []) bytes += bucket.bytes;
    }
    return bytes;
  }

  // Attempts

  attempts(): FakeAttempt[] {
    return [...this.tabs.values()].flatMap((tab) => [...tab.attempts.values()]);
  }

  start(attempt: FakeAttempt): void {
    attempt.started = true;
    this.send({ type: 'attemptStarted', sessionId: attempt.sessionId, attemptId: attempt.attemptId, slot: attempt.slot });
  }

  /** Succeeds if its slices can be fetched, else fails for its input; as a tab would. */
  run(attempt: FakeAttempt, options: { inline?: boolean; variant?: string; costs?: Partial<AttemptCosts> } = {}): void {
    if (!attempt.started) this.start(attempt);
    const missing = this.unreachable(attempt.task);
    if (missing.length === 0) {
      this.succeed(attempt, options);
      return;
    }
    const slices = missing.map((blockId) => ({ blockId, bucket: 0, why: 'missing' as const }));
    this.fail(attempt, 'input', { slices });
  }

  succeed(
    attempt: FakeAttempt,
    options: { inline?: boolean; variant?: string; costs?: Partial<AttemptCosts>; log?: string } = {},
  ): void {
    const tab = this.tabs.get(attempt.sessionId);
    tab?.attempts.delete(attempt.attemptId);
    const { sessionId, attemptId, task } = attempt;
    const { digest, buckets, accumulators } = this.engine.run(task, options.variant);
    const isLocal = tab?.traits.local === true;
    const inline = isLocal || (options.inline ?? false);
    const changes = tab ? this.load(tab, attempt) : [];
    if (changes.length > 0) this.send({ type: 'residentsChanged', sessionId, changes });
    const store = tab && !isLocal ? this.stores.get(tab.storeId) : undefined;
    // A tab keeps one copy under an id; writing other bytes over it is a loss that shows when somebody fetches.
    if (store?.has(task.blockId) && store.get(task.blockId) !== digest) this.unsaid.add(task.blockId);
    store?.set(task.blockId, digest);
    if (inline && !this.coordinator.has(task.blockId)) this.coordinator.set(task.blockId, digest);
    const costs = { ...NO_COSTS, ...options.costs };
    this.send({
      type: 'attemptSucceeded',
      sessionId,
      attemptId,
      blockId: task.blockId,
      digest,
      buckets,
      inline,
      costs,
      ...(options.log !== undefined && { log: options.log }),
      ...(accumulators !== undefined && { accumulators }),
    });
  }

  fail(attempt: FakeAttempt, reason: Failure['reason'], more: Partial<Failure> = {}): void {
    const { sessionId, attemptId } = attempt;
    this.tabs.get(sessionId)?.attempts.delete(attemptId);
    this.send({
      type: 'attemptFailed',
      sessionId,
      attemptId,
      failure: { reason, code: `test-${reason}`, message: `${reason} by test`, ...more },
    });
  }

  // Blocks

  /** Answers the oldest collectBlock as a shell would: from a session that still has it. False: none was pending. */
  answerCollect(): boolean {
    const wanted = this.collects.shift();
    if (!wanted) return false;
    const { blockId, digest } = wanted;
    const has = wanted.from.some((id) => {
      const tab = this.tabs.get(id);
      return tab && this.stores.get(tab.storeId)?.get(blockId) === digest;
    });
    if (!has) {
      this.send({ type: 'collectFailed', blockId, why: 'nobody who was named has it' });
      return true;
    }
    if (this.isDiskFull || !this.hasRoom(digest)) {
      this.send({ type: 'collectFailed', blockId, why: 'no space is left', noRoom: true });
      return true;
    }
    this.coordinator.set(blockId, digest);
    this.send({ type: 'blockCollected', blockId, digest });
    return true;
  }

  /** The store's copy vanishes; `said` tells the core at once, else it shows when somebody fetches. */
  evict(storeId: StoreId, blockId: BlockId, said: boolean): void {
    if (!this.stores.get(storeId)?.delete(blockId)) return;
    if (said) this.send({ type: 'blocksDropped', storeId, blockIds: [blockId] });
    else this.unsaid.add(blockId);
  }

  loseCoordinatorCopy(blockId: BlockId): void {
    if (this.coordinator.delete(blockId)) this.send({ type: 'coordinatorBlockLost', blockId });
  }

  /** The slot drops a table; `name` is one of `tab.residents`. */
  unload(tab: FakeTab, name: string): void {
    tab.residents.delete(name);
    const [slot, residentKey] = name.split(' ');
    const changes = [{ slot: Number(slot), residentKey: residentKey ?? '', ordinals: [] }];
    this.send({ type: 'residentsChanged', sessionId: tab.sessionId, changes });
  }

  /** Runs everything to its end: no faults, oldest attempts first. */
  finish(steps = 2_000): void {
    for (let step = 0; step < steps; step++) {
      for (const tab of this.tabs.values())
        if (tab.capBytes !== undefined && tab.toldBytes !== this.storedBytes(tab)) this.tellStore(tab);
      const [attempt] = this.attempts();
      if (attempt) this.run(attempt);
      else if (!this.answerCollect() && !answerCopy(this) && !this.#wake()) return;
    }
    throw new Error(`not finished after ${steps} steps`);
  }

  #wake(): boolean {
    const next = this.scheduler.nextDeadline();
    if (next === undefined) return false;
    this.passTo(next);
    return true;
  }
}
