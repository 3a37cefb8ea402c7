/** A tab's attempts and their outcomes, until its core says whether to report or to discard them: attempt-table.ts without promises. */
import type { Failure } from '../../shared/failure.ts';
import type { BlockId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { Slice } from '../../shared/plan/task.ts';
import { NO_COSTS } from '../../shared/plan/task.ts';
import type { TabCommand } from '../../web-worker-client/core/commands.ts';
import type { TabEvent } from '../../web-worker-client/core/events.ts';
import type { Chance } from './chance.ts';
import { type Bytes, bucketKey, bytesOf, type Copy, liedAbout, runTask } from './engine.ts';
import type { Answer, FailedSlice, LeaseFrame, SentLease, WorkerFrame } from './frames.ts';
import type { TabStore } from './profile.ts';
import type { TabFetches } from './tab-fetches.ts';
import { type ResidentChange, TabResidents } from './tab-residents.ts';
import { TabToldRuns } from './tab-told-runs.ts';

type AttemptCommand = Extract<TabCommand, { readonly attemptId: string }>;
type Outcome =
  | { readonly kind: 'succeeded'; readonly copy: Copy; readonly changes: readonly ResidentChange[] }
  | { readonly kind: 'failed'; readonly failure: Failure };

interface Run {
  readonly lease: LeaseFrame;
  readonly bytes: Map<string, Bytes>;
  hasRetried: boolean;
  outcome?: Outcome;
}

export interface TabAttemptsOptions {
  readonly store: TabStore;
  readonly fetches: TabFetches;
  readonly chance: Chance;
  readonly rowBytes: number;
  /** Mean length of a run now. */
  readonly taskMs: () => number;
  readonly after: (delayMs: number, act: () => void) => void;
  readonly dispatch: (event: TabEvent) => void;
  readonly send: (frame: WorkerFrame) => void;
  readonly sendLate: (frame: WorkerFrame) => void;
  /** A failure that strikes this attempt instead of its outcome. */
  readonly strikes: (lease: LeaseFrame) => Failure | undefined;
  /** It says other digests than its blocks have. */
  readonly isLying: () => boolean;
  /** Bytes are not checked against their digests (a planted bug). */
  readonly isCredulous: boolean;
}

/** As in attempt-table.ts. */
const STARTED_AFTER_MS = 50;
/** A stopped slot answers within this time. */
const STOP_MS = 200;

export class TabAttempts {
  readonly residents = new TabResidents();
  readonly #options: TabAttemptsOptions;
  readonly #runs = new Map<string, Run>();
  #told = new TabToldRuns();

  constructor(options: TabAttemptsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#runs.size;
  }

  ids(): readonly string[] {
    return [...this.#runs.keys()];
  }

  /** What an earlier session told does not count. */
  socketOpened(): void {
    this.#told = new TabToldRuns();
  }

  /** False: it names a run that this session was not told. */
  add(sent: SentLease): boolean {
    const inputs = this.#told.inFull(sent.inputs);
    if (!inputs) return false;
    const lease = { ...sent, task: { ...sent.task, inputs } };
    if (!this.#runs.has(lease.attemptId)) this.#runs.set(lease.attemptId, { lease, bytes: new Map(), hasRetried: false });
    return true;
  }

  execute(command: AttemptCommand): void {
    const { attemptId } = command;
    const run = this.#runs.get(attemptId);
    switch (command.type) {
      case 'fetchInputs':
        if (run) this.#prepare(run);
        return;
      case 'runAttempt':
        if (run) this.#run(run);
        return;
      case 'stopAttempt':
        if (run) this.#stop(run, command.why);
        return;
      case 'forgetAttempt':
        this.#runs.delete(attemptId);
        return;
      case 'handBack':
        this.#options.send(failed(attemptId, released('handed-back', command.why)));
        return;
      case 'report':
        if (run) this.#report(run);
        return;
      case 'reportLate':
        if (run) this.#reportLate(run);
        return;
      case 'takeOutcome': {
        const outcome = this.#runs.get(command.from)?.outcome;
        if (run && outcome) run.outcome = outcome;
        return;
      }
      case 'discard':
        this.#tellResidents(run?.outcome);
        this.#runs.delete(attemptId);
    }
  }

  #prepare(run: Run): void {
    const { lease, bytes } = run;
    const wanted = this.#wanted(run);
    const delayMs = this.#options.chance.between(0, 4);
    if (wanted.length === 0) {
      this.#options.after(delayMs, () => this.#isLive(run) && this.#prepared(run));
      return;
    }
    this.#options.fetches.fetch(wanted, (answer) => {
      if (!this.#isLive(run)) return;
      for (const { slice, bytes: got } of answer.got) bytes.set(bucketKey(slice.blockId, slice.bucket), got);
      const failure = failureOf(answer);
      if (failure) this.#settle(lease.attemptId, { kind: 'failed', failure });
      else this.#prepared(run);
    });
  }

  /** All bytes are here; those that are not what they should be are thrown away, and asked for once more. */
  #prepared(run: Run): void {
    const corrupt = this.#options.isCredulous ? [] : slicesOf(run).filter((slice) => this.#isWrong(run, slice));
    if (corrupt.length === 0) {
      this.#options.dispatch({ type: 'inputsFetched', attemptId: run.lease.attemptId });
      return;
    }
    this.#options.store.drop(corrupt.map(({ blockId }) => blockId));
    for (const { blockId, bucket } of corrupt) run.bytes.delete(bucketKey(blockId, bucket));
    if (run.hasRetried) {
      const failure = failureOf({ got: [], failed: corrupt.map((slice) => ({ slice, why: 'corrupt' as const })) });
      if (failure) this.#settle(run.lease.attemptId, { kind: 'failed', failure });
      return;
    }
    run.hasRetried = true;
    this.#prepare(run);
  }

  #isWrong({ bytes }: Run, { blockId, bucket, digest }: Slice): boolean {
    return bytes.get(bucketKey(blockId, bucket))?.digest !== digest;
  }

  /** What is neither loaded, nor in the lease's frame, nor in this tab's store. */
  #wanted(run: Run): Slice[] {
    const { lease, bytes } = run;
    const { store } = this.#options;
    for (const input of lease.task.inputs) {
      if (input.kind !== 'slices') continue;
      for (const [key, loaded] of this.residents.bytesOf(lease.slot, input) ?? []) bytes.set(key, loaded);
    }
    return slicesOf(run).filter(({ blockId, bucket, digest }) => {
      const key = bucketKey(blockId, bucket);
      if (bytes.has(key)) return false;
      const inline = run.hasRetried ? undefined : lease.inline.get(key);
      const copy = inline ? undefined : store.serve(blockId);
      const own = copy && typeof copy !== 'string' && copy.infos[bucket]?.digest === digest ? copy.buckets[bucket] : undefined;
      const here = inline ?? own;
      if (here) bytes.set(key, here);
      return !here;
    });
  }

  #run(run: Run): void {
    const { after, send, chance, taskMs } = this.#options;
    const { attemptId, slot, task } = run.lease;
    const runMs = Math.max(task.minRunMs, chance.around(taskMs()));
    if (runMs > STARTED_AFTER_MS) {
      after(STARTED_AFTER_MS, () => {
        if (this.#isLive(run) && !run.outcome) send({ message: { type: 'attemptStarted', attemptId, slot } });
      });
    }
    after(runMs, () => {
      if (this.#isLive(run) && !run.outcome) this.#settle(attemptId, this.#outcomeOf(run));
    });
  }

  #outcomeOf({ lease, bytes }: Run): Outcome {
    const failure = this.#options.strikes(lease);
    if (failure) return { kind: 'failed', failure };
    const variant = this.#options.chance.below(3);
    const copy = runTask(lease.task, bytes, { rowBytes: this.#options.rowBytes, variant });
    return { kind: 'succeeded', copy, changes: this.residents.load(lease.slot, lease.task.inputs, bytes) };
  }

  #stop(run: Run, why: string): void {
    this.#options.after(this.#options.chance.between(0, STOP_MS), () => {
      const { attemptId } = run.lease;
      if (this.#isLive(run) && !run.outcome) this.#settle(attemptId, { kind: 'failed', failure: released('released', why) });
    });
  }

  #settle(attemptId: string, outcome: Outcome): void {
    const run = this.#runs.get(attemptId);
    if (!run) return;
    run.outcome = outcome;
    const ending =
      outcome.kind === 'succeeded'
        ? { how: 'succeeded' as const, rows: 1, cpuMs: 1 }
        : { how: 'failed' as const, cpuMs: 1, reason: outcome.failure.reason, message: outcome.failure.message };
    this.#options.dispatch({ type: 'attemptEnded', attemptId, ending });
  }

  #report(run: Run): void {
    const { attemptId } = run.lease;
    this.#runs.delete(attemptId);
    const { outcome } = run;
    if (!outcome) return;
    if (outcome.kind === 'failed') {
      this.#options.send(failed(attemptId, outcome.failure));
      return;
    }
    const copy = this.#options.isLying() ? liedAbout(outcome.copy) : outcome.copy;
    const isInline = bytesOf(copy) <= LIMITS.inlineBlockBytes;
    this.#options.send({ ...succeeded(run.lease, copy, outcome.changes), ...(isInline && { inline: copy }) });
    this.#options.store.put(copy, isInline);
  }

  #reportLate(run: Run): void {
    const { outcome } = run;
    this.#runs.delete(run.lease.attemptId);
    if (outcome?.kind !== 'succeeded') return;
    this.#options.sendLate(succeeded(run.lease, outcome.copy, []));
    this.#options.store.put(outcome.copy, false);
    this.#tellResidents(outcome);
  }

  #tellResidents(outcome: Outcome | undefined): void {
    if (outcome?.kind !== 'succeeded' || outcome.changes.length === 0) return;
    this.#options.send({ message: { type: 'residentsChanged', changes: [...outcome.changes] } });
  }

  #isLive(run: Run): boolean {
    return this.#runs.get(run.lease.attemptId) === run;
  }
}

function slicesOf({ lease }: Run): Slice[] {
  return lease.task.inputs.flatMap((input) => (input.kind === 'slices' ? input.slices : []));
}

function released(code: string, message: string): Failure {
  return { reason: 'released', code, message };
}

function failed(attemptId: string, failure: Failure): WorkerFrame {
  const { slices, ...rest } = failure;
  const named = slices && { slices: slices.map((slice) => ({ ...slice })) };
  return { message: { type: 'attemptFailed', attemptId, failure: { ...rest, ...named }, residents: [] } };
}

function succeeded({ attemptId, task }: LeaseFrame, copy: Copy, changes: readonly ResidentChange[]): WorkerFrame {
  const buckets = copy.infos.map((info) => ({ ...info }));
  const { digest, accumulators } = copy;
  const counted = accumulators && { accumulators: { ...accumulators } };
  const said = { attemptId, blockId: task.blockId, digest, buckets, costs: { ...NO_COSTS }, residents: [...changes] };
  return { message: { type: 'attemptSucceeded', ...said, ...counted } };
}

/** As attempt-run.ts says it. */
function failureOf({ failed: all }: Answer): Failure | undefined {
  if (all.length === 0) return undefined;
  const gone = all.filter((each: FailedSlice) => each.why !== 'refused' && each.why !== 'lost');
  if (gone.length > 0) {
    const slices = gone.map(({ slice, why }) => ({
      blockId: slice.blockId as BlockId,
      bucket: slice.bucket,
      why: why === 'corrupt' ? ('corrupt' as const) : ('missing' as const),
    }));
    return { reason: 'input', code: 'slice-missing', message: `${gone.length} input slices could not be had`, slices };
  }
  if (all.some(({ why }) => why === 'refused')) {
    return { reason: 'resource', code: 'slice-refused', message: 'The coordinator refused slices that the lease names.' };
  }
  return released('data-link', 'The data connection was lost while inputs were fetched.');
}
