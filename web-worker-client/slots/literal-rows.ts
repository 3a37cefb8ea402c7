/**
 * A handful of rows as a VALUES list: for a last stage over a few partial sums, making, filling and dropping a table costs more than
 * everything else (6 ms of 8 where caches are cold).
 */
import { type ColumnView, columnViews } from '../../shared/arrow/column-view.ts';
import { type IpcStream, streamRows } from '../../shared/arrow/ipc.ts';
import { layoutOf } from '../../shared/arrow/layout.ts';
import { parseSqlType } from '../../shared/arrow/types.ts';
import { decimalText } from '../../shared/cells/decimals.ts';

/** More is no longer a handful. */
const CELLS_MOST = 512;
export const LITERAL_BYTES_MOST = 64 * 1024;

/** A value that is not NULL, in SQL, with the type itself; undefined where SQL has no exact text for it. */
type Literal = (row: number) => string | undefined;

/**
 * `SELECT c0, c1, .. FROM (VALUES ..)` of all rows of `streams`, in order, each value of exactly its column's type. Undefined when there
 * are too many, or values or types that have no exact literal: a table holds them then.
 */
export function literalRows(streams: readonly IpcStream[], wires: readonly string[]): string | undefined {
  const rows = streams.reduce((sum, stream) => sum + streamRows(stream), 0);
  if (rows === 0 || rows * wires.length > CELLS_MOST) return undefined;
  const layouts = wires.map(layoutOf);
  const lines: string[] = [];
  for (const stream of streams) {
    for (const batch of stream.batches) {
      const views = columnViews(stream.bytes, batch, layouts);
      const literals: Literal[] = [];
      for (const [i, view] of views.entries()) {
        const literal = literalsOf(wires[i] as string, view);
        if (!literal) return undefined;
        literals.push(literal);
      }
      for (let row = 0; row < batch.rows; row++) {
        const cells: string[] = [];
        for (const [i, literal] of literals.entries()) {
          const cell = isNull(views[i] as ColumnView, row) ? `NULL::${wires[i]}` : literal(row);
          if (cell === undefined) return undefined;
          cells.push(cell);
        }
        lines.push(`(${cells.join(',')})`);
      }
    }
  }
  const names = wires.map((_, i) => `c${i}`).join(',');
  return `SELECT ${names} FROM (VALUES ${lines.join(',')}) AS v(${names})`;
}

const isNull = ({ validity }: ColumnView, row: number): boolean =>
  validity !== null && (((validity[row >> 3] as number) >> (row & 7)) & 1) === 0;

function literalsOf(wire: string, { data, offsets }: ColumnView): Literal | undefined {
  const type = parseSqlType(wire);
  if (data === null) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (type.id === 'decimal') return (row) => `'${decimalText(view, row * 16, type.scale)}'::${wire}`;
  if (type.id !== 'scalar') return undefined;
  switch (type.name) {
    case 'BOOLEAN':
      return (row) => ((((data[row >> 3] as number) >> (row & 7)) & 1) === 1 ? 'true' : 'false');
    case 'TINYINT':
      return (row) => `'${view.getInt8(row)}'::${wire}`;
    case 'UTINYINT':
      return (row) => `'${view.getUint8(row)}'::${wire}`;
    case 'SMALLINT':
      return (row) => `'${view.getInt16(row * 2, true)}'::${wire}`;
    case 'USMALLINT':
      return (row) => `'${view.getUint16(row * 2, true)}'::${wire}`;
    case 'INTEGER':
      return (row) => `'${view.getInt32(row * 4, true)}'::${wire}`;
    case 'UINTEGER':
      return (row) => `'${view.getUint32(row * 4, true)}'::${wire}`;
    case 'BIGINT':
      return (row) => `'${view.getBigInt64(row * 8, true)}'::${wire}`;
    case 'UBIGINT':
      return (row) => `'${view.getBigUint64(row * 8, true)}'::${wire}`;
    case 'FLOAT':
      return (row) => floatText(view.getFloat32(row * 4, true), wire);
    case 'DOUBLE':
      return (row) => floatText(view.getFloat64(row * 8, true), wire);
    case 'DATE':
      return (row) => dateCall(view.getInt32(row * 4, true));
    case 'TIMESTAMP':
      return (row) => timestampCall(view.getBigInt64(row * 8, true));
    case 'VARCHAR':
      return offsets === null ? undefined : (row) => textLiteral(data, offsets[row] as number, offsets[row + 1] as number);
    default:
      return undefined;
  }
}

/** JavaScript's shortest text is read back as the same double, and a float's double is rounded to the same float. */
function floatText(value: number, wire: string): string | undefined {
  // NaN has many forms, a literal one.
  if (Number.isNaN(value)) return undefined;
  return `'${Object.is(value, -0) ? '-0.0' : value}'::${wire}`;
}

// Infinite ones, and what lies beyond our calendar, are left to tables.
const dateCall = (days: number): string | undefined => (Math.abs(days) < 1e6 ? `make_date(${days})` : undefined);
const timestampCall = (micros: bigint): string | undefined =>
  micros > -(10n ** 17n) && micros < 10n ** 17n ? `make_timestamp(${micros})` : undefined;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

function textLiteral(data: Uint8Array, from: number, to: number): string | undefined {
  const text = decoder.decode(data.subarray(from, to));
  // SQL has no NUL in a literal, and bytes that are no UTF-8 have no text.
  return /[\0\ufffd]/.test(text) ? undefined : `'${text.replaceAll("'", "''")}'`;
}
