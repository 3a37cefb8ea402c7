/** What was asked, in SQL or in code: one at a time, from Run to its rows or its error. */
import { computed, signal } from '@preact/signals';
import { isSettled, type JobHandle, type PlanJson, ProblemError, type ResultHead } from '../../client/index.ts';
import { LIMITS } from '../../shared/limits.ts';
import { isPlanWords } from '../../shared/rest/plan-words.ts';
import { grid, jobs } from './live.ts';

/** `sql`: the query, or what was asked in words. `sqlOf`: the SQL that a problem's position points into. */
export type Query =
  | { readonly kind: 'none' }
  | { readonly kind: 'submitting'; readonly sql: string }
  | { readonly kind: 'running'; readonly sql: string; readonly jobId: string; readonly sinceMs: number }
  | {
      readonly kind: 'done';
      readonly sql: string;
      readonly jobId: string;
      readonly isSql: boolean;
      readonly tookMs: number;
      readonly result: ResultHead;
    }
  | {
      readonly kind: 'failed';
      readonly sql: string;
      readonly jobId: string | undefined;
      readonly problem: ProblemError;
      readonly sqlOf: string | undefined;
    };

/** Something to run: a query, or a plan with guests in it. */
export interface Ask {
  readonly sql: string;
  /** Not where `sql` is words. */
  readonly isSql: boolean;
  submit(): Promise<JobHandle>;
  /** The SQL that a problem's position points into. */
  sqlOf(problem: ProblemError): string | undefined;
}

export const sqlText = signal('');
export const query = signal<Query>({ kind: 'none' });
export const plan = signal<PlanJson | undefined>(undefined);
export const tab = signal<'result' | 'plan'>('result');
export const busy = computed(() => query.value.kind === 'submitting' || query.value.kind === 'running');
/** The live view of the job behind the query, when the stream has told of it. */
export const queryJob = computed(() => {
  const now = query.value;
  return 'jobId' in now && now.jobId !== undefined ? jobs.value.get(now.jobId) : undefined;
});

let handle: JobHandle | undefined;
/** Answers to an earlier query must not overwrite a later one. */
let turn = 0;

function asProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new ProblemError({ code: 'page', title: 'The page could not show this', detail, status: 0 });
}

async function readPlan(job: JobHandle, mine: number): Promise<void> {
  try {
    const read = await job.plan();
    if (mine === turn) plan.value = read;
  } catch {
    // Without a plan the tab says so; the query's own error is what matters.
    if (mine === turn) plan.value = undefined;
  }
}

export function run(): Promise<void> {
  const sql = sqlText.value.trim();
  if (sql === '') return Promise.resolve();
  return ask({ sql, isSql: true, submit: () => grid.sql(sql), sqlOf: () => sql });
}

export async function ask({ sql, isSql, submit, sqlOf }: Ask): Promise<void> {
  if (busy.value) return;
  turn += 1;
  const mine = turn;
  const began = performance.now();
  query.value = { kind: 'submitting', sql };
  tab.value = 'result';
  plan.value = undefined;
  handle = undefined;
  let jobId: string | undefined;
  try {
    const job = await submit();
    handle = job;
    jobId = job.id;
    query.value = { kind: 'running', sql, jobId, sinceMs: began };
    void readPlan(job, mine);
    const result = await job.head(LIMITS.dashboardRows);
    if (mine === turn) query.value = { kind: 'done', sql, isSql, jobId, tookMs: performance.now() - began, result };
  } catch (error) {
    if (mine === turn) failed(sql, jobId, error, sqlOf);
  }
}

function failed(sql: string, jobId: string | undefined, error: unknown, sqlOf: Ask['sqlOf'] = () => sql): void {
  const problem = asProblem(error);
  query.value = { kind: 'failed', sql, jobId, problem, sqlOf: sqlOf(problem) };
}

/** An error that is shown goes; rows stay. */
export function dismissError(): void {
  if (query.value.kind === 'failed') query.value = { kind: 'none' };
}

export async function cancel(): Promise<void> {
  try {
    await handle?.cancel();
  } catch (error) {
    failed('sql' in query.value ? query.value.sql : '', handle?.id, error);
  }
}

/** Shows an earlier job's rows and plan again, as long as its result is kept. */
export async function open(jobId: string): Promise<void> {
  if (busy.value) return;
  turn += 1;
  const mine = turn;
  const job = grid.job(jobId);
  handle = job;
  const known = jobs.value.get(jobId);
  const sql = known?.sql ?? known?.name ?? jobId;
  // A draft that was never run is the author's: it stays. A plan's words are no SQL: they stand above its rows.
  const draft = sqlText.value.trim();
  if (
    known?.sql !== undefined &&
    !isPlanWords(known.sql) &&
    (draft === '' || ('sql' in query.value && query.value.sql === draft))
  )
    sqlText.value = known.sql;
  tab.value = 'result';
  const began = performance.now();
  query.value = { kind: 'running', sql, jobId, sinceMs: began };
  plan.value = undefined;
  void readPlan(job, mine);
  try {
    const result = await job.head(LIMITS.dashboardRows);
    const tookMs =
      known?.settledAtMs !== undefined && known.submittedAtMs !== undefined
        ? known.settledAtMs - known.submittedAtMs
        : performance.now() - began;
    const isSql = known?.sql !== undefined && !isPlanWords(known.sql);
    if (mine === turn) query.value = { kind: 'done', sql, isSql, jobId, tookMs, result };
  } catch (error) {
    if (mine === turn) failed(sql, jobId, error, () => (isPlanWords(sql) ? undefined : sql));
  }
}

export function isRunning(state: Parameters<typeof isSettled>[0]): boolean {
  return !isSettled(state);
}
