/**
 * What survives the coordinator (design, section 10), as a log: accepted jobs, settled ones, and per accepted attempt what it made. Records
 * are written in groups; a crash keeps some of those that waited, in order, and tears the next one.
 */
import type { BlockId, Digest, JobId } from '../../shared/ids.ts';
import type { PhysicalPlan } from '../../shared/plan/physical.ts';
import type { BucketInfo } from '../../shared/plan/task.ts';
import type { ResultBlock } from '../core/commands.ts';
import type { JobOptions } from '../core/events.ts';

export type JournalRecord =
  | {
      readonly kind: 'accepted';
      readonly jobId: JobId;
      readonly owner: string;
      readonly plan: PhysicalPlan;
      readonly options: JobOptions;
    }
  | {
      readonly kind: 'settled';
      readonly jobId: JobId;
      readonly state: 'successful' | 'failed' | 'cancelled';
      readonly result: readonly ResultBlock[];
    }
  | { readonly kind: 'forgotten'; readonly jobId: JobId }
  | {
      readonly kind: 'made';
      readonly blockId: BlockId;
      readonly digest: Digest;
      readonly buckets: readonly BucketInfo[];
      /** It, or something that it was made from, gives other rows each time: it must not meet what another run made. */
      readonly isTainted: boolean;
    };

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

  /** All whole records, in order; a torn one at the end is cut off for good. */
  read(): JournalRecord[] {
    const torn = this.#disk.findIndex(({ isTorn }) => isTorn);
    if (torn >= 0 && this.#options.readsTorn) this.#disk[torn] = { record: halfOf(this.#disk[torn]?.record), isTorn: false };
    else if (torn >= 0) this.#disk.length = torn;
    return this.#disk.map(({ record }) => record);
  }
}

/** What half of a record looks like to someone who does not check it. */
function halfOf(record: JournalRecord | undefined): JournalRecord {
  if (record?.kind === 'settled') return { ...record, result: record.result.slice(0, Math.floor(record.result.length / 2)) };
  if (record?.kind === 'made') return { ...record, buckets: record.buckets.slice(0, Math.floor(record.buckets.length / 2)) };
  return record ?? { kind: 'forgotten', jobId: '' as JobId };
}
