/**
 * What the grid looks like now: read once over REST, then kept current by the event stream's deltas. Everything is capped, and
 * signals change at most ten times a second, however fast events come.
 */
import { signal } from '@preact/signals';
import {
  type Connection,
  connect,
  type DatasetJson,
  type GridEvent,
  type JobJson,
  ProblemError,
  type StoryLineJson,
  type WorkerJson,
} from '../../client/index.ts';
import { type Author, makeAuthor } from '../ui/author.ts';
import { CompiledSources } from '../ui/compiled.ts';
import { takeToken } from '../ui/token.ts';
import { readEvent } from './read-event.ts';
import { TaskStream } from './task-stream-model.ts';

const JOBS_KEPT = 200;
const LINES_KEPT = 500;
const RECOMPUTES_KEPT = 100;
const SETTLE_MS = 100;

export type Link = { readonly kind: 'connecting' } | { readonly kind: 'open' } | { readonly kind: 'lost'; readonly why: string };

export const link = signal<Link>({ kind: 'connecting' });
/** Set when the coordinator refuses the token (or the lack of one). */
export const refused = signal<ProblemError | undefined>(undefined);
export const jobs = signal<ReadonlyMap<string, JobJson>>(new Map());
export const workers = signal<ReadonlyMap<string, WorkerJson>>(new Map());
export const datasets = signal<readonly DatasetJson[]>([]);
export const lines = signal<readonly StoryLineJson[]>([]);
export const recomputes = signal<readonly StoryLineJson[]>([]);
/** Minimum milliseconds of a task (`--pace`); 0: off. */
export const paceMs = signal(0);
/** Where others join, as the coordinator says it; it may know more addresses than this page's own. */
export const joinUrl = signal<string | undefined>(undefined);
export const taskStream = new TaskStream();

let token = takeToken('dashboard');
export let grid: Connection = connect('', { token });
export let author: Author = makeAuthor(token);
export const compiledSources = new CompiledSources(() => grid.modules);
let stop = new AbortController();

const lineListeners = new Set<(line: StoryLineJson) => void>();
/** Calls `listener` with every story line as it comes, also with those that `lines` has no room for. Returns how to stop. */
export function onLine(listener: (line: StoryLineJson) => void): () => void {
  lineListeners.add(listener);
  return () => lineListeners.delete(listener);
}

/** Changes that wait for the next settling. */
const next = { jobs: new Map<string, JobJson>(), workers: new Map<string, WorkerJson>(), lines: [] as StoryLineJson[] };
let settling: ReturnType<typeof setTimeout> | undefined;

function newestFirst(a: JobJson, b: JobJson): number {
  return (b.submittedAtMs ?? 0) - (a.submittedAtMs ?? 0);
}

function settle(): void {
  settling = undefined;
  if (next.jobs.size > JOBS_KEPT)
    next.jobs = new Map(
      [...next.jobs.values()]
        .sort(newestFirst)
        .slice(0, JOBS_KEPT)
        .map((job) => [job.jobId, job]),
    );
  jobs.value = new Map(next.jobs);
  workers.value = new Map(next.workers);
  if (next.lines.length > 0) {
    const fresh = next.lines;
    next.lines = [];
    lines.value = [...lines.value, ...fresh].slice(-LINES_KEPT);
    const again = fresh.filter(isDoneAgain);
    if (again.length > 0) recomputes.value = [...recomputes.value, ...again].slice(-RECOMPUTES_KEPT);
  }
}

function settleSoon(): void {
  if (settling === undefined) settling = setTimeout(settle, SETTLE_MS);
}

/** The core marks the attempts that it leases to make lost blocks again, and those beside an attempt that takes long. */
function isDoneAgain(line: StoryLineJson): boolean {
  const cause = line.detail?.cause;
  return line.what === 'attemptLeased' && (cause === 'recompute' || cause === 'speculation');
}

export async function refreshDatasets(): Promise<void> {
  datasets.value = await grid.datasets.list();
}

async function readAll(): Promise<void> {
  const [jobList, workerList] = await Promise.all([grid.jobs({ limit: JOBS_KEPT }), grid.workers(), refreshDatasets()]);
  next.jobs = new Map(jobList.map((job) => [job.jobId, job]));
  next.workers = new Map(workerList.map((worker) => [worker.workerId, worker]));
  taskStream.observe(workerList, performance.now());
  settle();
}

function apply(event: GridEvent): void {
  const change = readEvent(event);
  switch (change.kind) {
    case 'job': {
      const before = next.jobs.get(change.job.jobId);
      next.jobs.set(change.job.jobId, { ...before, ...change.job });
      break;
    }
    case 'worker':
      next.workers.set(change.worker.workerId, change.worker);
      taskStream.observe([...next.workers.values()], performance.now());
      break;
    case 'workerGone':
      next.workers.delete(change.workerId);
      taskStream.observe([...next.workers.values()], performance.now());
      break;
    case 'datasets':
      void refreshDatasets().catch(noteRefusal);
      return;
    case 'line':
      taskStream.tell(change.line, performance.now());
      for (const listener of lineListeners) listener(change.line);
      next.lines.push(change.line);
      if (next.lines.length > LINES_KEPT) next.lines.shift();
      break;
    case 'hello':
      paceMs.value = change.paceMs;
      joinUrl.value = change.joinUrl;
      return;
    case 'unknown':
      return;
  }
  settleSoon();
}

function noteRefusal(error: unknown): void {
  if (error instanceof ProblemError && (error.status === 401 || error.status === 403)) refused.value = error;
  else link.value = { kind: 'lost', why: error instanceof Error ? error.message : String(error) };
}

async function follow(signal: AbortSignal): Promise<void> {
  const onConnection = (state: 'open' | 'lost', why?: ProblemError): void => {
    link.value =
      state === 'open' ? { kind: 'open' } : { kind: 'lost', why: why?.title ?? 'The coordinator closed the connection' };
    // Whatever was missed while it was away comes with one reading.
    if (state === 'open') void readAll().catch(noteRefusal);
  };
  try {
    for await (const event of grid.events({ signal, onConnection })) apply(event);
  } catch (error) {
    noteRefusal(error);
  }
}

/** Begins to follow the grid; again with another token when one was refused. */
export function start(newToken?: string): void {
  if (newToken !== undefined) {
    token = newToken;
    grid = connect('', { token });
    author = makeAuthor(token);
  }
  stop.abort();
  stop = new AbortController();
  refused.value = undefined;
  link.value = { kind: 'connecting' };
  void follow(stop.signal);
}

export function hasToken(): boolean {
  return token !== undefined;
}
