/**
 * What survives the coordinator (design, section 10), as a log: accepted jobs, settled ones, and what the core writes down. Records are
 * written in groups; a crash keeps some of those that waited, in order, and tears the next one.
 */
import type { JobId } from '../../shared/ids.ts';
import type { PhysicalPlan } from '../../shared/plan/physical.ts';
import type { ResultBlock } from '../core/commands.ts';
import type { JobOptions } from '../core/events.ts';
import { type JournalRecord as CoreRecord, jobOf } from '../core/journal.ts';

export interface AcceptedJob {
  readonly jobId: JobId;
  readonly owner: string;
  readonly plan: PhysicalPlan;
  readonly options: JobOptions;
  readonly submittedAtMs: number;
}

export type JournalRecord =
  | ({ readonly kind: 'accepted' } & AcceptedJob)
  | {
      readonly kind: 'settled';
      readonly jobId: JobId;
      readonly state: 'successful' | 'failed' | 'cancelled';
      readonly result: readonly ResultBlock[];
    }
  | { readonly kind: 'forgotten'; readonly jobId: JobId }
  /** What the core has written down. */
  | { readonly kind: 'core'; readonly record: CoreRecord };

/** What a journal tells the next life. */
export interface Recovered {
  /** Accepted and not settled. */
  readonly jobs: readonly AcceptedJob[];
  readonly results: ReadonlyMap<JobId, readonly ResultBlock[]>;
  readonly records: readonly CoreRecord[];
}

interface Waiting {
  readonly record: JournalRecord;
  readonly written: () => void;
}

export interface JournalOptions {
  readonly after: (delayMs: number, act: () => void) => void;
  /** How long a group waits. */
  readonly flushMs: number;
  /** Torn records are read as if they were whole (a planted bug). */
  readonly readsTorn: boolean;
}

export class Journal {
  readonly #options: JournalOptions;
  readonly #disk: { readonly record: JournalRecord; readonly isTorn: boolean }[] = [];
  #waiting: Waiting[] = [];
  #isFlushing = false;
  /** Counts crashes: writes from before one never end. */
  #life = 0;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** `written` is called once the record would survive. */
  append(record: JournalRecord, written: () => void = () => undefined): void {
    this.#waiting.push({ record, written });
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    const life = this.#life;
    this.#options.after(this.#options.flushMs, () => {
      if (life === this.#life) this.#flush();
    });
  }

  #flush(): void {
    this.#isFlushing = false;
    const group = this.#waiting;
    this.#waiting = [];
    for (const { record } of group) this.#disk.push({ record, isTorn: false });
    for (const { written } of group) written();
  }

  /** The process dies; `kept`: how many of those that waited had reached the disk. */
  crash(kept: number): void {
    this.#life++;
    this.#isFlushing = false;
    const group = this.#waiting;
    this.#waiting = [];
    group.slice(0, kept).forEach(({ record }) => {
      this.#disk.push({ record, isTorn: false });
    });
    const next = group[kept];
    if (next) this.#disk.push({ record: next.record, isTorn: true });
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** What the whole records say, in order; a torn one at the end is cut off for good. */
  recover(): Recovered {
    const torn = this.#disk.findIndex(({ isTorn }) => isTorn);
    if (torn >= 0 && this.#options.readsTorn) this.#disk[torn] = { record: halfOf(this.#disk[torn]?.record), isTorn: false };
    else if (torn >= 0) this.#disk.length = torn;
    const jobs = new Map<JobId, AcceptedJob>();
    const results = new Map<JobId, readonly ResultBlock[]>();
    const records: CoreRecord[] = [];
    for (const { record } of this.#disk) {
      if (record.kind === 'core') records.push(record.record);
      else if (record.kind === 'accepted') jobs.set(record.jobId, record);
      else {
        jobs.delete(record.jobId);
        results.delete(record.jobId);
        if (record.kind === 'settled' && record.state === 'successful') results.set(record.jobId, record.result);
      }
    }
    // Of jobs that are over only what they made may be of use.
    const isOfUse = (record: CoreRecord): boolean => {
      const jobId = jobOf(record);
      return jobId === undefined || jobs.has(jobId) || record.type === 'blockAccepted';
    };
    return { jobs: [...jobs.values()], results, records: records.filter(isOfUse) };
  }
}

/** What half of a record looks like to someone who does not check it. */
function halfOf(record: JournalRecord | undefined): JournalRecord {
  if (record?.kind === 'settled') return { ...record, result: record.result.slice(0, Math.floor(record.result.length / 2)) };
  if (record?.kind === 'core' && record.record.type === 'stageCut') {
    const { tasks } = record.record;
    return { kind: 'core', record: { ...record.record, tasks: tasks.slice(0, Math.floor(tasks.length / 2)) } };
  }
  return record ?? { kind: 'forgotten', jobId: '' as JobId };
}
