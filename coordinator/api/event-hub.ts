/**
 * What changed, for event streams: story lines as they come, and a job's or worker's whole picture when it differs from the one
 * sent before. Changes are gathered for a moment, so that a busy grid costs a few pictures a second and not one an event.
 */
import type { JobId } from '../../shared/ids.ts';
import type { Identity } from '../auth/identity.ts';
import type { Job } from '../jobs/entry.ts';
import { jobBody } from './job-body.ts';
import type { NumberedStory, Services } from './services.ts';
import { visibleWorker } from './workers.ts';

const GATHER_MS = 100;
/** Jobs drawn at most in one go: the newest live ones, and those that a story line names. */
const JOBS_AT_ONCE = 200;
const LINES_FOR_NEW = 200;
/** Left out of all but a job's first picture: queries may be long. */
const UNCHANGING = { sql: undefined };

export interface Sink {
  readonly identity: Identity;
  send(event: string, data: unknown, id?: string): void;
}

interface Stream {
  readonly sink: Sink;
  nextSeq: number;
  readonly sent: Map<string, string>;
}

export class EventHub {
  readonly #services: Services;
  readonly #boot: string;
  readonly #offsetMs: number;
  readonly #streams = new Set<Stream>();
  readonly #unlisten: () => void;
  #cancel: (() => void) | undefined;

  /** `boot` tells this run's line numbers from those of an earlier one. */
  constructor(services: Services, boot: string) {
    this.#services = services;
    this.#boot = boot;
    this.#offsetMs = Date.now() - services.shell.clock.nowMs();
    this.#unlisten = services.shell.onChange(() => this.touch());
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Sends the present state and what `lastEventId` has missed, then what changes. Returns how to stop. */
  add(sink: Sink, lastEventId: string | undefined): () => void {
    const { next } = this.#services.core.storiesSince(Number.MAX_SAFE_INTEGER);
    const stream: Stream = { sink, nextSeq: this.#resume(lastEventId) ?? Math.max(0, next - LINES_FOR_NEW), sent: new Map() };
    this.#streams.add(stream);
    this.#update(stream, this.#services.jobs.list(sink.identity).slice(0, JOBS_AT_ONCE).reverse());
    return () => this.#streams.delete(stream);
  }

  /** Something changed that the core does not know of. */
  touch(): void {
    if (this.#streams.size === 0) return;
    this.#cancel ??= this.#services.shell.clock.after(GATHER_MS, () => {
      this.#cancel = undefined;
      for (const stream of this.#streams) this.#update(stream, []);
    });
  }

  datasetsChanged(name: string): void {
    for (const { sink } of this.#streams) sink.send('dataset', { name });
  }

  close(): void {
    this.#unlisten();
    this.#cancel?.();
    this.#streams.clear();
  }

  #update(stream: Stream, extra: readonly Job[]): void {
    const { core, jobs, sessions } = this.#services;
    const { sink } = stream;
    const { lines, next } = core.storiesSince(stream.nextSeq);
    stream.nextSeq = next;
    const touched = new Map<string, Job>(extra.map((job) => [job.jobId, job]));
    for (const line of lines) {
      const jobId = jobOf(line);
      const job = jobId === undefined ? undefined : jobs.find(jobId, sink.identity);
      // A line about a job that this identity may not see, or that is forgotten.
      if (jobId !== undefined && !job) continue;
      if (job) touched.set(job.jobId, job);
      const { seq, atMs, ...rest } = line;
      sink.send('story', { ...rest, atMs: Math.round(atMs + this.#offsetMs) }, `${this.#boot}-${seq}`);
    }
    for (const job of jobs.live(sink.identity, JOBS_AT_ONCE)) touched.set(job.jobId, job);
    for (const job of touched.values()) this.#once(stream, `job/${job.jobId}`, 'job', jobBody(job, jobs.view(job)));
    const gone = new Set([...stream.sent.keys()].filter((key) => key.startsWith('worker/')));
    for (const view of core.workers()) {
      const key = `worker/${view.workerId}`;
      gone.delete(key);
      // How long it was silent changes with every look and would make every picture a new one.
      this.#once(stream, key, 'worker', { ...visibleWorker(view, sessions, jobs, sink.identity), silentMs: 0 });
    }
    for (const key of gone) {
      stream.sent.delete(key);
      sink.send('workerGone', { workerId: key.slice('worker/'.length) });
    }
    this.#trim(stream);
  }

  #once(stream: Stream, key: string, event: string, data: object): void {
    const text = JSON.stringify(data);
    const before = stream.sent.get(key);
    if (before === text) return;
    stream.sent.delete(key);
    stream.sent.set(key, text);
    stream.sink.send(event, before === undefined ? data : { ...data, ...UNCHANGING });
  }

  /** Jobs pile up; what was sent longest ago may at worst be sent once more. */
  #trim(stream: Stream): void {
    const most = 4 * JOBS_AT_ONCE + this.#services.core.workers().length;
    for (const key of stream.sent.keys()) {
      if (stream.sent.size <= most) return;
      if (key.startsWith('job/')) stream.sent.delete(key);
    }
  }

  #resume(lastEventId: string | undefined): number | undefined {
    const [boot, seq] = lastEventId?.split('-') ?? [];
    return boot === this.#boot && seq !== undefined && /^\d{1,15}$/.test(seq) ? Number(seq) + 1 : undefined;
  }
}

/** The job that a line is about, where it is about one; lines about blocks name none and tell nothing but ids. */
function jobOf(line: NumberedStory): JobId | undefined {
  const named = line.detail?.jobId;
  if (typeof named === 'string') return named as JobId;
  return line.subject.startsWith('job-') ? (line.subject as JobId) : undefined;
}
