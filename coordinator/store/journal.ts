/**
 * The core's records on disk. They are gathered for a few milliseconds and written together by the store's thread; nobody waits for
 * them. When a job ends its records go, but for what it made: the newest of those are kept, since tabs may still hold the blocks.
 */
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import type { JobId } from '../../shared/ids.ts';
import { type JournalRecord, jobOf, keyOf } from '../core/journal.ts';
import type { StoreThread } from './thread-client.ts';
import type { Step } from './thread-protocol.ts';

/** How long records wait for others to be written with: what a killed coordinator may lose, and make again. */
const GATHER_MS = 4;
/** Blocks of finished jobs that are remembered over a restart. */
const BLOCKS_KEPT = 4_000;
/** Old rows are looked for after this many new ones. */
const COMPACT_EVERY = 20_000;
/** Records that wait for a disk that does not keep up; beyond that the newest are not written. */
const WAITING_MOST = 500_000;

const INSERT = 'INSERT INTO journal (job_id, key, body) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET body = excluded.body';
const TAKE_BACK = 'DELETE FROM journal WHERE key = ?';
/** Those that belong to no job have no job_id, and are not meant. */
const COMPACT = `DELETE FROM journal WHERE job_id NOT IN (SELECT job_id FROM accepted_jobs)
  AND seq <= (SELECT max(seq) FROM journal) - ?`;

/** Many rows as one text: a row at a time costs more on its way out of the thread than everything else about it. */
const ROWS_TOGETHER = 1_024;
const READ = `SELECT count(*) AS n, group_concat(body, ',' ORDER BY seq) AS bodies FROM journal
  GROUP BY seq / ${ROWS_TOGETHER} ORDER BY seq / ${ROWS_TOGETHER}`;
/** For groups of which one row cannot be read. */
const READ_ONE_BY_ONE = 'SELECT body FROM journal ORDER BY seq';

/** Enough to tell a record from something else; what it says of jobs and blocks is proven by digests. */
const Record = Type.Object({ type: Type.String() }, { additionalProperties: true });

export interface Journalled {
  /** In the order in which they were written. */
  readonly records: readonly JournalRecord[];
  /** Rows that could not be read, and are passed over. */
  readonly unreadable: number;
}

export class JournalStore {
  readonly #thread: StoreThread;
  #waiting: JournalRecord[] = [];
  #timer: NodeJS.Timeout | undefined;
  #pending = 0;
  #sinceCompacted = 0;
  #stopped = false;
  #onFailed: (error: unknown, what: string) => void = () => undefined;
  #failing = false;

  constructor(thread: StoreThread) {
    this.#thread = thread;
  }

  /** Who hears that records could not be written; once until it succeeds again. */
  onFailed(listener: (error: unknown, what: string) => void): void {
    this.#onFailed = listener;
  }

  /** What is of use to `live` jobs and to returning tabs. Everything else is deleted. */
  async load(): Promise<Journalled> {
    const [, found] = await this.#thread.run([
      { sql: COMPACT, sets: [[BLOCKS_KEPT]] },
      { sql: READ, sets: [[]] },
    ]);
    const records: JournalRecord[] = [];
    for (const { n, bodies } of (found?.rows ?? []) as { readonly n: number; readonly bodies: string }[]) {
      const some = readRecords(bodies, n);
      if (!some) return this.#loadOneByOne();
      for (const record of some) records.push(record);
    }
    return { records, unreadable: 0 };
  }

  async #loadOneByOne(): Promise<Journalled> {
    const [found] = await this.#thread.run([{ sql: READ_ONE_BY_ONE, sets: [[]] }]);
    const rows = (found?.rows ?? []) as { readonly body: string }[];
    const records = rows.flatMap(({ body }) => readRecords(body, 1) ?? []);
    return { records, unreadable: rows.length - records.length };
  }

  append(records: readonly JournalRecord[]): void {
    if (records.length === 0 || this.#stopped) return;
    if (this.#waiting.length + this.#pending > WAITING_MOST) {
      this.#failed(new Error(`${WAITING_MOST} records wait to be written`));
      return;
    }
    this.#waiting.push(...records);
    this.#timer ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  /** Hands over what was gathered: what is asked of the store after this comes after it. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const records = this.#waiting.splice(0);
    if (records.length === 0) return;
    const steps = stepsOf(records);
    this.#sinceCompacted += records.length;
    if (this.#sinceCompacted >= COMPACT_EVERY) {
      this.#sinceCompacted = 0;
      steps.push({ sql: COMPACT, sets: [[BLOCKS_KEPT]] });
    }
    this.#pending += records.length;
    this.#thread
      .run(steps)
      .then(
        () => {
          this.#failing = false;
        },
        (error: unknown) => this.#failed(error),
      )
      .finally(() => {
        this.#pending -= records.length;
      });
  }

  /** What comes later is not what the next run should find: sessions that end because this run does. */
  stop(): void {
    this.flush();
    this.#stopped = true;
  }

  #failed(error: unknown): void {
    if (!this.#failing) this.#onFailed(error, 'the journal cannot be written: after a restart more work would be done again');
    this.#failing = true;
  }
}

/** Removes what is of no use once the job has ended. */
export function forgetJob(jobId: JobId): Step {
  return {
    sql: `DELETE FROM journal WHERE job_id = ? AND body NOT LIKE '{"type":"blockAccepted"%'`,
    sets: [[jobId]],
  };
}

/** A lease whose attempt's block is accepted goes, or is not written at all: the acceptance says all of it. */
function stepsOf(records: readonly JournalRecord[]): Step[] {
  const over = new Set<string>();
  for (const record of records) if (record.type === 'blockAccepted' && record.attempt) over.add(record.attempt.attemptId);
  const steps: { sql: string; sets: unknown[][] }[] = [];
  const add = (sql: string, set: unknown[]): void => {
    const last = steps.at(-1);
    if (last?.sql === sql) last.sets.push(set);
    else steps.push({ sql, sets: [set] });
  };
  const inserts: JournalRecord[] = [];
  for (const record of records) {
    if (record.type === 'attemptLeased' && over.delete(record.attemptId)) continue;
    inserts.push(record);
  }
  for (const attemptId of over) add(TAKE_BACK, [attemptId]);
  for (const record of inserts) {
    const keyed = keyOf(record);
    if (keyed?.takesBack) add(TAKE_BACK, [keyed.key]);
    else add(INSERT, [jobOf(record) ?? null, keyed?.key ?? null, JSON.stringify(record)]);
  }
  return steps;
}

/** Undefined: one of them is no record. */
function readRecords(bodies: string, count: number): JournalRecord[] | undefined {
  try {
    const values = JSON.parse(`[${bodies}]`) as unknown[];
    if (values.length !== count || !values.every((value) => Value.Check(Record, value))) return undefined;
    return values as Static<typeof Record>[] as JournalRecord[];
  } catch {
    return undefined;
  }
}
