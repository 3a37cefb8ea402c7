/** One run of a lesson: what it needs, its jobs one after the other, and how it ended. */
import { signal } from '@preact/signals';
import { type JobHandle, ProblemError } from '../../client/index.ts';
import { author, grid, onLine } from '../dashboard/live.ts';
import type { Lesson, Session } from './lesson.ts';
import { freshened, withInputs } from './plans.ts';
import { codesOf, inputsOf } from './provide.ts';
import { readRows } from './row-stream.ts';
import { Tally } from './tally.ts';

export type Phase =
  | { readonly kind: 'idle' }
  | { readonly kind: 'preparing' }
  | { readonly kind: 'running'; readonly sinceMs: number }
  | { readonly kind: 'done'; readonly tookMs: number }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly problem: ProblemError };

export const phase = signal<Phase>({ kind: 'idle' });
export const session = signal<Session | undefined>(undefined);
/** Of this run, in the order in which they were submitted. */
export const jobIds = signal<ReadonlySet<string>>(new Set());
/** Changes with every line that the tally took in. */
export const tally = signal<{ readonly of: Tally }>({ of: new Tally() });

let handles: JobHandle[] = [];
/** What an earlier run still says must not reach a later one. */
let turn = 0;

onLine((line) => {
  tally.value.of.tell(line);
  tally.value = { of: tally.value.of };
});

function asProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new ProblemError({ code: 'page', title: 'The lesson broke off', detail, status: 0 });
}

/** Shows a lesson as it looks before it runs. */
export function show(lesson: Lesson, size: number): void {
  turn += 1;
  phase.value = { kind: 'idle' };
  jobIds.value = new Set();
  tally.value = { of: new Tally() };
  session.value = lesson.session(size);
}

export async function start(lesson: Lesson, size: number): Promise<void> {
  await stop();
  show(lesson, size);
  const mine = turn;
  const now = session.value;
  if (now === undefined) return;
  handles = [];
  phase.value = { kind: 'preparing' };
  try {
    await runSession(now, () => mine === turn);
  } catch (error) {
    // Who pressed Stop, or went to another lesson, knows why there is no answer.
    if (mine === turn) phase.value = { kind: 'failed', problem: asProblem(error) };
  }
}

async function runSession(now: Session, current: () => boolean): Promise<void> {
  const [names, codes] = await Promise.all([inputsOf(now.example), codesOf(now.example)]);
  if (!current()) return;
  const keep = (job: JobHandle): JobHandle => {
    handles.push(job);
    jobIds.value = new Set(handles.map(({ id }) => id));
    return job;
  };
  const sinceMs = performance.now();
  const [run = 0] = crypto.getRandomValues(new Uint32Array(1));
  phase.value = { kind: 'running', sinceMs };
  if (now.backdropSql !== undefined) {
    const { rows } = await keep(await grid.sql(now.backdropSql, { name: 'the picture’s background' })).rows();
    if (current()) now.takeBackdrop(rows);
  }
  const answer = await now.example.run({
    code: (name) => codes.get(name) ?? '',
    submit: async (plan) => {
      if (!current()) throw new Error('another lesson has begun');
      const work = freshened(withInputs({ ...plan, result: now.result ?? plan.result }, names), run);
      const job = keep(await author.submit(work, { name: now.example.title }));
      if (now.takeRows !== undefined) void follow(job, now.takeRows, current);
      return job;
    },
    onStep: (step) => {
      if (current()) now.takeStep(step);
    },
  });
  if (!current()) return;
  now.takeAnswer(answer);
  phase.value = { kind: 'done', tookMs: performance.now() - sinceMs };
}

/** The rows so far, for the picture. */
async function follow(job: JobHandle, takeRows: NonNullable<Session['takeRows']>, current: () => boolean): Promise<void> {
  try {
    await readRows(await job.result('ndjson'), (rows) => {
      if (current()) takeRows(rows);
    });
  } catch {
    // Why the job failed or was cancelled comes with its answer, which is waited for elsewhere.
  }
}

/** Cancels what runs. */
export async function stop(): Promise<void> {
  if (phase.value.kind !== 'running' && phase.value.kind !== 'preparing') return;
  phase.value = { kind: 'stopped' };
  turn += 1;
  // Jobs that have settled are not changed by it.
  await Promise.allSettled(handles.map((job) => job.cancel()));
}
