/** What asks the grid for an answer: the actions of a DataFrame. */
import type { AuthorPlan } from '../../shared/plan/author-plan.ts';
import type { JobHandle } from '../job.ts';
import { planOf } from '../plan/plan-builder.ts';
import { type Source, sqlNode } from '../plan/relation-node.ts';
import type { AnyRow } from '../run/cell-values.ts';
import { type ActionOptions, collectBytes, collectRows, streamRows, submitPlan } from '../run/run-plan.ts';
import type { Session } from '../run/session.ts';
import { textTable } from './text-table.ts';

const SHOWN_ROWS = 20;

/** A whole number of rows. @throws TypeError */
export function rowCount(n: number, what: string): number {
  if (Number.isSafeInteger(n) && n >= 0) return n;
  throw new TypeError(`${what} needs a whole number of rows, not ${n}.`);
}

export const limitSql =
  (rows: number) =>
  ([input]: readonly string[]) =>
    `SELECT * FROM ${input} LIMIT ${rows}`;

export abstract class FrameActions<Row extends object = AnyRow> implements AsyncIterable<Row> {
  /** @internal */
  readonly session: Session;
  /** @internal */
  readonly source: Source;

  constructor(session: Session, source: Source) {
    this.session = session;
    this.source = source;
  }

  /** @internal The first rows; in the order of an orderBy just before. */
  abstract firstRows(n: number): Source;

  /** All rows, in memory. Large results: iterate, or `toArrow`. */
  async collect(options?: ActionOptions): Promise<Row[]> {
    return (await collectRows(this.session, this.source, options)) as unknown[] as Row[];
  }

  /** All rows as one Arrow IPC stream, which `tableFromIPC` of apache-arrow reads. */
  toArrow(options?: ActionOptions): Promise<Uint8Array<ArrayBuffer>> {
    return collectBytes(this.session, this.source, 'arrow', options);
  }

  async count(options?: ActionOptions): Promise<number> {
    const counted = sqlNode('count', [this.source], ([input]) => `SELECT count(*) AS n FROM ${input}`);
    const [row] = await collectRows(this.session, counted, options);
    return Number(row?.n);
  }

  /** Up to `n` rows. */
  async take(n: number, options?: ActionOptions): Promise<Row[]> {
    return (await collectRows(this.session, this.firstRows(rowCount(n, 'take')), options)) as unknown[] as Row[];
  }

  /** A row, or undefined where there is none. */
  async first(options?: ActionOptions): Promise<Row | undefined> {
    return (await this.take(1, options))[0];
  }

  /** Prints the first rows as a table. */
  async show(n = SHOWN_ROWS, options?: ActionOptions): Promise<void> {
    const rows = await collectRows(this.session, this.firstRows(rowCount(n, 'show') + 1), options);
    console.log(textTable(rows.slice(0, n), rows.length > n));
  }

  /** Rows as they come, batch by batch, without holding them all. Leaving the loop cancels the job. */
  async *stream(options?: ActionOptions): AsyncGenerator<Row> {
    for await (const rows of streamRows(this.session, this.source, options)) yield* rows as unknown[] as Row[];
  }

  [Symbol.asyncIterator](): AsyncGenerator<Row> {
    return this.stream();
  }

  /** Starts the job without waiting for it: the handle tells its progress, cancels it, and has its result in any format. */
  async submit(options?: ActionOptions): Promise<JobHandle> {
    return (await submitPlan(this.session, this.source, options)).job;
  }

  /** The plan that an action would send, with the names that errors use. */
  plan(): AuthorPlan {
    return planOf(this.source);
  }
}
