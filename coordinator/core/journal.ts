/**
 * What the core has written down so that its jobs survive the coordinator's death: how stages were cut, who was given which attempt,
 * and what was accepted. Nobody waits for these records: where the last ones are lost, that costs work and never the answer.
 *
 * What an accepted attempt has read is not listed but follows: the task's cut names the blocks, and of each it has read the bytes that
 * were the accepted ones when it was leased (`acceptedAt` less than the attempt's `number`).
 */
import type { AttemptId, BlockId, JobId, StoreId, WorkerId } from '../../shared/ids.ts';
import type { TaskCut } from '../../shared/plan/physical.ts';
import type { AttemptCosts } from '../../shared/plan/task.ts';
import type { Pin } from './keeping.ts';
import { cutsOf } from './kept-stages.ts';
import { jobsOf } from './queue.ts';
import type { AttemptCause, RememberedBlock } from './records.ts';
import type { Attempt, Block, Core, Job, StageState, Task } from './state.ts';

/** A block as it was accepted. */
export interface AcceptedBlock extends RememberedBlock {
  readonly blockId: BlockId;
  readonly salted: boolean;
  readonly acceptedAt: number;
  readonly runMs: number;
}

export interface StageCut {
  readonly type: 'stageCut';
  readonly jobId: JobId;
  readonly stage: number;
  /** The job's, by then. */
  readonly salt: Job['salt'];
  readonly alternative?: number;
  /** Of its branches, in order: a plan with others is another plan. */
  readonly fragments: readonly string[];
  readonly tasks: readonly TaskCut[];
}

export interface AttemptLeased {
  readonly type: 'attemptLeased';
  readonly jobId: JobId;
  readonly attemptId: AttemptId;
  readonly blockId: BlockId;
  readonly storeId: StoreId;
  readonly number: number;
  readonly salted: boolean;
}

export interface BlockAccepted {
  readonly type: 'blockAccepted';
  readonly jobId: JobId;
  readonly stage: number;
  readonly block: AcceptedBlock;
  /** `inTime`: the attempt's own report. `late`: a report that came when its attempt was over. `reused`: it was there already. */
  readonly verdict: 'inTime' | 'late' | 'reused';
  /** Of `inTime` only. */
  readonly attempt?: {
    readonly attemptId: AttemptId;
    readonly number: number;
    readonly workerId: WorkerId;
    readonly cause: AttemptCause;
    readonly why: string;
    readonly costs?: AttemptCosts;
    readonly local?: true;
  };
}

/** A pin with its blocks as they were accepted, in partition order. */
export type SavedPin = Omit<Pin, 'blocks'> & { readonly blocks: readonly AcceptedBlock[] };

export type JournalRecord =
  | StageCut
  | AttemptLeased
  | BlockAccepted
  | { readonly type: 'workerJoined' | 'workerLeft'; readonly workerId: WorkerId }
  | { readonly type: 'relationKept'; readonly pin: SavedPin }
  | { readonly type: 'relationLetGo'; readonly pinId: string };

/** The job whose end makes the record useless; `blockAccepted` of other jobs may still be of use to a returning tab. */
export function jobOf(record: JournalRecord): JobId | undefined {
  return 'jobId' in record ? record.jobId : undefined;
}

/** Records of one key: the last one counts, and one that takes back leaves nothing. Undefined: it stands for itself. */
export function keyOf(record: JournalRecord): { readonly key: string; readonly takesBack: boolean } | undefined {
  switch (record.type) {
    case 'workerJoined':
    case 'workerLeft':
      return { key: record.workerId, takesBack: record.type === 'workerLeft' };
    case 'relationKept':
      return { key: record.pin.id, takesBack: false };
    // Of no use once the attempt's block is accepted.
    case 'attemptLeased':
      return { key: record.attemptId, takesBack: false };
    case 'relationLetGo':
      return { key: record.pinId, takesBack: true };
    default:
      return undefined;
  }
}

export function acceptedBlock({ id, salted, digest, buckets, accumulators, acceptedAt, runMs }: Block): AcceptedBlock {
  return { blockId: id, salted, digest, buckets, acceptedAt, runMs, ...(accumulators && { accumulators }) };
}

export function fragmentsOf({ branches }: StageState): string[] {
  return branches.map((branch) => branch.fragment.digest);
}

export function writeCut(core: Core, stage: StageState): void {
  if (!core.journal) return;
  const { job, index, alternative } = stage;
  core.journal.push({
    type: 'stageCut',
    jobId: job.id,
    stage: index,
    salt: job.salt,
    ...(alternative !== undefined && { alternative }),
    fragments: fragmentsOf(stage),
    tasks: cutsOf(core, stage),
  });
  for (const task of new Set(stage.tasks)) {
    const block = task.state === 'done' ? core.blocks.get(task.blockId) : undefined;
    if (block) writeAccepted(core, block, job.id, index, 'reused');
  }
}

/** The coordinator's own attempts end with it. */
export function writeLease(core: Core, { id, number, task, worker, job }: Attempt): void {
  if (!core.journal || worker.traits.local) return;
  const { blockId, salted } = task;
  const storeId = worker.store.id;
  core.journal.push({ type: 'attemptLeased', jobId: job.id, attemptId: id, blockId, storeId, number, salted });
}

/** By this attempt, or by a late report; for each job that has the task. */
export function writeAcceptance(core: Core, block: Block, task: Task, attempt?: Attempt): void {
  if (!core.journal) return;
  for (const job of jobsOf(task)) {
    const stage = task.refs.find((ref) => ref.stage.job === job)?.stage.index ?? 0;
    if (attempt?.job !== job) {
      writeAccepted(core, block, job.id, stage, attempt ? 'reused' : 'late');
      continue;
    }
    const { attemptId, cause, why, costs, local } = attempt.record;
    const by = { attemptId, number: attempt.number, workerId: attempt.worker.workerId, cause, why };
    const all = { ...by, ...(costs && { costs }), ...(local && { local }) };
    writeAccepted(core, block, job.id, stage, 'inTime', all);
  }
}

function writeAccepted(
  core: Core,
  block: Block,
  jobId: JobId,
  stage: number,
  verdict: BlockAccepted['verdict'],
  attempt?: BlockAccepted['attempt'],
): void {
  const record = { type: 'blockAccepted' as const, jobId, stage, block: acceptedBlock(block), verdict };
  core.journal?.push(attempt ? { ...record, attempt } : record);
}

export function savedPin({ blocks, ...pin }: Pin): SavedPin {
  return { ...pin, blocks: blocks.map(acceptedBlock) };
}
