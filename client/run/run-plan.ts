/** An action: a plan as a job, watched while it runs, read, and cancelled when nobody wants it any more. */
import type { AuthorPlan } from '../../shared/plan/author-plan.ts';
import { explainFailure } from '../functions/explain-failure.ts';
import { isSettled, type JobHandle } from '../job.ts';
import { planOf } from '../plan/plan-builder.ts';
import type { Source } from '../plan/relation-node.ts';
import { ProblemError } from '../problem.ts';
import type { DatasetJson, JobJson } from '../types.ts';
import { type AnyRow, rowReader } from './cell-values.ts';
import { jsonRows } from './json-rows.ts';
import type { Session } from './session.ts';
import { type JobOptions, submitJob } from './submit-job.ts';

/** What every action takes. */
export interface ActionOptions extends Omit<JobOptions, 'signal'> {
  /** Cancels the job; the action rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** The job each time that it changed, the settled one last. */
  readonly onProgress?: (job: JobJson) => void;
  /** The job as soon as it was accepted. */
  readonly onJob?: (job: JobHandle) => void;
}

interface Submitted {
  readonly job: JobHandle;
  readonly plan: AuthorPlan;
}

/** Submits without waiting. Throws ProblemError for a plan that is refused; `relation` names the step. */
export async function submitPlan(session: Session, source: Source, options: ActionOptions = {}): Promise<Submitted> {
  const { name, signal, onProgress, onJob, ...jobOptions } = options;
  signal?.throwIfAborted();
  const plan = planOf(source);
  const job = await submitJob(session.http, {
    plan,
    ...jobOptions,
    ...(name !== undefined && { name }),
    ...(signal && { signal }),
  });
  onJob?.(job);
  return { job, plan };
}

/** Cancels what still runs; a job that has settled, or that the coordinator has forgotten, needs none. */
async function letGo(job: JobHandle): Promise<void> {
  try {
    await job.cancel();
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
  }
}

async function watch(job: JobHandle, onProgress: (job: JobJson) => void, signal: AbortSignal): Promise<void> {
  try {
    for await (const state of job.progress({ signal })) onProgress(state);
  } catch (error) {
    // The action itself says what is wrong with the job, and that its reader went away is no news to the watcher.
    if (!(error instanceof ProblemError) && !signal.aborted) throw error;
  }
}

/** What the author's callback throws is thrown where the action ends, not where nobody listens. */
function watching(job: JobHandle, onProgress: ActionOptions['onProgress'], signal: AbortSignal): Promise<void> | undefined {
  const watched = onProgress && watch(job, onProgress, signal);
  watched?.catch(() => undefined);
  return watched;
}

/** Tells the author how a job goes, and cancels it when the author's signal aborts, until `end`. */
function attend(job: JobHandle, { signal, onProgress }: ActionOptions) {
  const over = new AbortController();
  const watched = watching(job, onProgress, over.signal);
  const onAbort = (): void => void letGo(job);
  signal?.addEventListener('abort', onAbort, { once: true });
  const end = (): void => {
    signal?.removeEventListener('abort', onAbort);
    over.abort();
  };
  return { watched, end };
}

/** Rows of the job of a chain's last step, as they come. Leaving the loop early cancels the job. */
export async function* streamRows(
  session: Session,
  source: Source,
  options: ActionOptions = {},
): AsyncGenerator<readonly AnyRow[]> {
  const { signal } = options;
  const { job, plan } = await submitPlan(session, source, options);
  const { watched, end } = attend(job, options);
  let isRead = false;
  try {
    signal?.throwIfAborted();
    let read: ReturnType<typeof rowReader> | undefined;
    for await (const { columns, rows } of jsonRows(await job.result('json', signal))) {
      read ??= rowReader(columns);
      if (rows.length > 0) yield rows.map(read);
    }
    isRead = true;
    await watched;
    await settle(session, job);
  } catch (error) {
    throw explainFailure(error, plan);
  } finally {
    end();
    if (!isRead) await letGo(job);
  }
}

/** Takes what the job added to the accumulators of its author. */
async function settle(session: Session, job: JobHandle): Promise<void> {
  if (session.accumulators.size === 0) return;
  let last = await job.status();
  // The last row may be read before the job is entered as done.
  if (!isSettled(last.state)) last = await job.wait();
  for (const accumulator of session.accumulators.values()) accumulator.take(last);
}

/** All rows. */
export async function collectRows(session: Session, source: Source, options?: ActionOptions): Promise<AnyRow[]> {
  const all: AnyRow[] = [];
  for await (const rows of streamRows(session, source, options)) for (const row of rows) all.push(row);
  return all;
}

/** What `use` makes of the job of a chain's last step. Cancels the job when it cannot. */
async function withJob<T>(
  session: Session,
  source: Source,
  options: ActionOptions,
  use: (job: JobHandle) => Promise<T>,
): Promise<T> {
  const { job, plan } = await submitPlan(session, source, options);
  const { watched, end } = attend(job, options);
  try {
    const made = await use(job);
    await watched;
    await settle(session, job);
    return made;
  } catch (error) {
    await letGo(job);
    throw explainFailure(error, plan);
  } finally {
    end();
  }
}

/** The result's bytes in a format that the coordinator writes. */
export function collectBytes(
  session: Session,
  source: Source,
  format: 'arrow' | 'parquet' | 'csv',
  options: ActionOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  return withJob(session, source, options, async (job) => {
    return new Uint8Array(await (await job.result(format, options.signal)).arrayBuffer());
  });
}

/** The result as a dataset. */
export function saveRows(session: Session, source: Source, name: string, options: ActionOptions = {}): Promise<DatasetJson> {
  return withJob(session, source, options, (job) => job.saveAsDataset(name, options.signal));
}
