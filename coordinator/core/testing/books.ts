/** The books of a fake fleet: who holds what, by the commands alone; they refuse a command that cannot be obeyed. */
import { invariant } from '../../../shared/assert.ts';
import type { BlockId, Digest, JobId, SessionId, StoreId } from '../../../shared/ids.ts';
import type { PhysicalPlan } from '../../../shared/plan/physical.ts';
import type { TaskInput, TaskSpec } from '../../../shared/plan/task.ts';
import type { CoreCommand } from '../commands.ts';
import type { ResidentReport } from '../events.ts';
import { checkAnswer, FakeEngine } from './fake-engine.ts';
import type { FakeAttempt, FakeTab } from './fake-tab.ts';

type CommandOf<T extends CoreCommand['type']> = Extract<CoreCommand, { readonly type: T }>;

export class Books {
  readonly tabs = new Map<SessionId, FakeTab>();
  readonly stores = new Map<StoreId, Map<BlockId, Digest>>();
  /** Stores without a session: on some disk, out of reach. */
  readonly asleep = new Map<StoreId, Map<BlockId, Digest>>();
  readonly coordinator = new Map<BlockId, Digest>();
  readonly collects: CommandOf<'collectBlock'>[] = [];
  /** Blocks that tabs were told to copy from others. */
  readonly copies: CommandOf<'copyBlock'>[] = [];
  readonly settled = new Map<JobId, CommandOf<'settleJob'>>();
  /** Told to go, and not gone yet. */
  readonly dismissed: SessionId[] = [];
  readonly leases: FakeAttempt[] = [];
  /** Blocks of which copies vanished without a word; leases may name them until somebody notices. */
  readonly unsaid = new Set<BlockId>();
  readonly plans = new Map<JobId, PhysicalPlan>();
  readonly engine: FakeEngine;
  /** Bytes of blocks that the coordinator's disk takes. */
  diskBytes = Number.POSITIVE_INFINITY;

  constructor(rowBytes: number) {
    this.engine = new FakeEngine(rowBytes);
  }

  protected obey(command: CoreCommand): void {
    switch (command.type) {
      case 'leaseTask':
        this.#lease(command);
        return;
      case 'cancelAttempt': {
        const tab = this.tabs.get(command.sessionId);
        const attempt = tab?.attempts.get(command.attemptId);
        tab?.attempts.delete(command.attemptId);
        if (attempt) tab?.cancelled.push(attempt);
        return;
      }
      case 'dismissWorker':
        invariant((this.tabs.get(command.sessionId)?.attempts.size ?? 1) === 0, `${command.sessionId} is dismissed at work`);
        this.dismissed.push(command.sessionId);
        return;
      case 'dropBlocks': {
        const tab = this.tabs.get(command.sessionId);
        for (const id of command.blockIds) if (tab) this.stores.get(tab.storeId)?.delete(id);
        return;
      }
      case 'dropResidents': {
        const { residents } = this.tabs.get(command.sessionId) ?? {};
        const isDropped = (name: string): boolean =>
          command.residentKeys.some((key) => name.startsWith(`${command.slot} ${key} `));
        for (const name of [...(residents ?? [])]) if (isDropped(name)) residents?.delete(name);
        return;
      }
      case 'collectBlock':
        invariant(command.from.length > 0, 'collectBlock names nobody');
        this.#collect(command);
        return;
      case 'copyBlock':
        invariant(this.tabs.has(command.sessionId), `copyBlock to a session that is gone: ${command.sessionId}`);
        this.copies.push(command);
        return;
      case 'stopCollecting':
        this.collects.splice(0, Infinity, ...this.collects.filter((other) => other.blockId !== command.blockId));
        return;
      case 'discardBlocks':
        for (const id of command.blockIds) this.coordinator.delete(id);
        return;
      case 'settleJob':
        invariant(!this.settled.has(command.jobId), `${command.jobId} was settled twice`);
        this.settled.set(command.jobId, command);
        for (const { blockId, digest } of command.result ?? []) {
          invariant(this.coordinator.get(blockId) === digest, `result block ${blockId} is not on the coordinator`);
        }
        if (command.result) this.#check(command.jobId, command.result);
    }
  }

  /** The disk takes the block with this digest besides what it has. */
  protected hasRoom(digest: Digest): boolean {
    let bytes = 0;
    for (const held of [digest, ...this.coordinator.values()])
      for (const bucket of this.engine.blocks.get(held)?.buckets ?? []) bytes += bucket.bytes;
    return bytes <= this.diskBytes;
  }

  #collect(command: CommandOf<'collectBlock'>): void {
    const at = this.collects.findIndex((other) => other.blockId === command.blockId);
    const waiting = this.collects[at];
    if (!waiting) this.collects.push(command);
    else this.collects[at] = { ...waiting, urgency: command.urgency };
  }

  #check(jobId: JobId, result: readonly { readonly digest: Digest }[]): void {
    const plan = this.plans.get(jobId);
    if (plan) checkAnswer(plan, this.engine.rowsOf(result));
  }

  #lease(command: CommandOf<'leaseTask'>): void {
    const { sessionId, attemptId, slot, task, jobId, stage } = command;
    const tab = this.tabs.get(sessionId);
    invariant(tab, `lease to a session that is gone: ${sessionId}`);
    invariant(!tab.traits.paused && !tab.draining && !tab.leaving, `lease to ${tab.workerId}, which takes none`);
    invariant(slot < tab.traits.slots, `lease to slot ${slot} of ${tab.traits.slots}`);
    const inSlot = [...tab.attempts.values()].filter((other) => other.slot === slot).length;
    invariant(inSlot < 2, `third lease to slot ${slot} of ${tab.workerId}`);
    const missing = this.unreachable(task).filter((id) => !this.unsaid.has(id));
    invariant(missing.length === 0, `lease of ${task.title} whose inputs nobody holds: ${missing.join(', ')}`);
    if (tab.traits.local) this.#checkLocal(task);
    const attempt = { attemptId, sessionId, slot, task, jobId, stage, started: false };
    tab.attempts.set(attemptId, attempt);
    this.leases.push(attempt);
  }

  /** The coordinator's own slot reads what the coordinator holds, and never nothing. */
  #checkLocal({ title, inputs }: TaskSpec): void {
    const isHere = inputs.every((input) => input.kind === 'slices' && input.slices.every((s) => this.coordinator.has(s.blockId)));
    invariant(isHere && inputs.length > 0, `the coordinator's own slot cannot read the inputs of ${title}`);
  }

  /** Stage inputs with no copy of the named digest anywhere. */
  protected unreachable(task: TaskSpec): BlockId[] {
    const missing: BlockId[] = [];
    for (const input of task.inputs) {
      if (input.kind !== 'slices') continue;
      for (const { blockId, bucket, digest } of input.slices) {
        const held = [this.coordinator, ...this.stores.values()].some((blocks) => {
          const copy = blocks.get(blockId);
          return copy !== undefined && this.engine.blocks.get(copy)?.buckets[bucket]?.digest === digest;
        });
        if (!held) missing.push(blockId);
      }
    }
    return missing;
  }

  /** The runs that the attempt has loaded into its slot, as the tab reports them. */
  protected load(tab: FakeTab, attempt: FakeAttempt): ResidentReport[] {
    const changes: ResidentReport[] = [];
    for (const input of attempt.task.inputs) {
      const held = heldBy(input);
      if (!held) continue;
      const { residentKey, ordinals } = held;
      const name = `${attempt.slot} ${residentKey} ${ordinals.join()}`;
      if (tab.residents.has(name)) continue;
      tab.residents.add(name);
      changes.push({ slot: attempt.slot, residentKey, ordinals });
    }
    return changes;
  }
}

/** The table that an input leaves in its slot. */
function heldBy(input: TaskInput): { readonly residentKey: string; readonly ordinals: number[] } | undefined {
  if (input.kind === 'chunks' && input.run.chunkRows.length > 0)
    return { residentKey: input.run.residentKey, ordinals: input.run.columns.map((c) => c.ordinal) };
  if (input.kind !== 'slices' || input.residentKey === undefined) return undefined;
  return { residentKey: input.residentKey, ordinals: input.columns.map((_, i) => i) };
}
