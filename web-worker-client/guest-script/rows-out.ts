/** Rows that a script hands out, as columns of the types that the job says. */
import { Canonicaliser } from '../../shared/arrow/canonical.ts';
import type { ColumnView } from '../../shared/arrow/column-view.ts';
import type { WireColumn } from '../../shared/arrow/schema.ts';
import { parseSqlType, type SqlType } from '../../shared/arrow/types.ts';
import { columnOfValues, ValueError } from '../../shared/cells/value-columns.ts';
import { BATCH_ROWS } from '../../shared/guest/abi.ts';
import { authorError, resourceError } from '../../shared/guest/guest-error.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { GuestOutput } from '../guest/guest.ts';

export class RowsOut {
  readonly #bytesMax: number;
  #columns: readonly WireColumn[] = [];
  #types: readonly SqlType[] = [];
  #rows: Canonicaliser | undefined;
  #count = 0;
  /** Gets rows as soon as there are as many as fill a batch; absent: they wait for `take`. */
  drain: ((output: GuestOutput) => void) | undefined;
  /** Handed out, about: text as the script wrote it, and rows that filters passed on. */
  bytes = 0;

  constructor(bytesMax: number = LIMITS.guestOutputBytes) {
    this.#bytesMax = bytesMax;
  }

  /** The columns of what follows. */
  columns(columns: readonly WireColumn[]): void {
    this.#columns = columns;
    this.#types = columns.map((column) => parseSqlType(column.wire));
    this.#rows = undefined;
  }

  get names(): readonly string[] {
    return this.#columns.map((column) => column.name);
  }

  /** Columns of JSON values, by position. Throws GuestError. */
  addJson(text: string): void {
    this.#spend(text.length);
    let values: unknown;
    try {
      values = JSON.parse(text);
    } catch {
      // Only a script that changed the interpreter's own ways gets here.
      throw authorError(
        'guest-script',
        'The script handed out what is no JSON.',
        'Leave toJSON and Array.prototype as they are.',
      );
    }
    const views = this.#columns.map((column, i) => {
      const list: unknown = Array.isArray(values) ? values[i] : undefined;
      if (!Array.isArray(list)) throw authorError('guest-script', `The script handed out no column ${column.name}.`);
      return this.#column(column, i, list);
    });
    const rows = views[0]?.rows ?? 0;
    if (views.some((view) => view.rows !== rows))
      throw authorError('guest-script', 'The script handed out columns of different lengths.');
    this.#add(views, 0, rows);
  }

  /** Rows `from` to `to` of columns that were read. */
  pass(views: readonly ColumnView[], from: number, to: number): void {
    this.#add(views, from, to);
  }

  /** What came since the last call: no output where there were no rows. */
  take(): readonly GuestOutput[] {
    if (this.#rows === undefined) return [];
    const { bytes, rows } = this.#rows.finish();
    this.#rows = undefined;
    return [{ port: 0, stream: bytes, rows }];
  }

  #column(column: WireColumn, index: number, list: readonly unknown[]): ColumnView {
    try {
      return columnOfValues(this.#types[index] as SqlType, list);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      throw authorError(
        'guest-output-type',
        `Row ${this.#count + error.row + 1} of the script's output has a wrong ${column.name}: ${error.why}.`,
        'Return values of the types that the job says for its output.',
      );
    }
  }

  #add(views: readonly ColumnView[], from: number, to: number): void {
    this.#rows ??= new Canonicaliser(this.#columns);
    this.#rows.addColumns(views, to, from);
    this.#count += to - from;
    if (this.drain === undefined || this.#rows.rows < BATCH_ROWS) return;
    for (const output of this.take()) this.drain(output);
  }

  #spend(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes <= this.#bytesMax) return;
    throw resourceError(
      'guest-output-limit',
      `The script handed out more than ${this.#bytesMax} bytes.`,
      'Look for a loop without an end; else cut the data into more partitions.',
    );
  }
}
