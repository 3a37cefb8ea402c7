/**
 * Writes single values of Arrow columns as text, straight from the buffers. Two dialects differ only in their marks: JSON, and
 * the bare text that CSV quotes where it must.
 */
import type { ColumnView } from '../arrow/column-view.ts';
import type { SqlType } from '../arrow/types.ts';
import { invariant } from '../assert.ts';
import { base64Text } from './base64.ts';
import type { ByteWriter } from './byte-writer.ts';
import { dateText, intervalText, timeNanosText, timestampNanosText, timestampText, timeText } from './calendar.ts';
import { decimalText, hugeAt } from './decimals.ts';

/** Writes the value of a row that is not NULL. */
export type CellWriter = (out: ByteWriter, row: number) => void;

export interface Marks {
  /** A value that is text in JSON: ASCII that needs no escape. */
  readonly plain: (out: ByteWriter, text: string) => void;
  /** Any text, as UTF-8. */
  readonly utf8: (out: ByteWriter, bytes: Uint8Array, from: number, to: number) => void;
  /** An integer that a double may not hold exactly. */
  readonly bigInteger: (out: ByteWriter, text: string) => void;
}

/** A writer for a column's values. `type` is the engine's own type, `wire` the one it travels in. */
export function cellWriter(type: SqlType, wire: SqlType, column: ColumnView, marks: Marks): CellWriter | undefined {
  if (wire.id === 'decimal') return decimals(type, wire.scale, column, marks);
  if (wire.id !== 'scalar') return undefined;
  const { data } = column;
  invariant(data, `a ${wire.name} column without values`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const plain =
    (text: (row: number) => string): CellWriter =>
    (out, row) =>
      marks.plain(out, text(row));
  const number =
    (value: (row: number) => number): CellWriter =>
    (out, row) =>
      out.ascii(String(value(row)));
  const long = (row: number) => view.getBigInt64(row * 8, true);
  switch (wire.name) {
    case 'BOOLEAN':
      return (out, row) => out.ascii((((data[row >> 3] as number) >> (row & 7)) & 1) === 1 ? 'true' : 'false');
    case 'TINYINT':
      return number((row) => view.getInt8(row));
    case 'UTINYINT':
      return number((row) => view.getUint8(row));
    case 'SMALLINT':
      return number((row) => view.getInt16(row * 2, true));
    case 'USMALLINT':
      return number((row) => view.getUint16(row * 2, true));
    case 'INTEGER':
      return number((row) => view.getInt32(row * 4, true));
    case 'UINTEGER':
      return number((row) => view.getUint32(row * 4, true));
    case 'BIGINT':
      return (out, row) => longInteger(out, view, row * 8, true, marks);
    case 'UBIGINT':
      return (out, row) => longInteger(out, view, row * 8, false, marks);
    case 'FLOAT':
      return (out, row) => float(out, view.getFloat32(row * 4, true), marks);
    case 'DOUBLE':
      return (out, row) => float(out, view.getFloat64(row * 8, true), marks);
    case 'DATE':
      return plain((row) => dateText(view.getInt32(row * 4, true)));
    case 'TIME':
      return plain((row) => timeText(long(row)));
    case 'TIME_NS':
      return plain((row) => timeNanosText(long(row)));
    case 'TIMESTAMP':
      return plain((row) => timestampText(long(row)));
    case 'TIMESTAMP_NS':
      return plain((row) => timestampNanosText(long(row)));
    case 'TIMESTAMP WITH TIME ZONE':
      return plain((row) => zoned(timestampText(long(row))));
    case 'INTERVAL':
      return plain((row) =>
        intervalText(view.getInt32(row * 16, true), view.getInt32(row * 16 + 4, true), view.getBigInt64(row * 16 + 8, true)),
      );
    case 'BLOB':
      return plain((row) => base64(column, row));
    case 'VARCHAR': {
      const { offsets } = column;
      invariant(offsets, 'a text column without offsets');
      return (out, row) => marks.utf8(out, data, offsets[row] as number, offsets[row + 1] as number);
    }
    default:
      return undefined;
  }
}

function decimals(type: SqlType, scale: number, column: ColumnView, marks: Marks): CellWriter {
  const { data } = column;
  invariant(data, 'a decimal column without values');
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (type.id === 'decimal') return (out, row) => marks.plain(out, decimalText(view, row * 16, scale));
  // HUGEINT and UHUGEINT travel as decimals, but are integers to their reader.
  return (out, row) => {
    const value = hugeAt(view, row * 16);
    if (typeof value === 'number') out.ascii(String(value));
    else marks.bigInteger(out, String(value));
  };
}

function longInteger(out: ByteWriter, view: DataView, at: number, signed: boolean, marks: Marks): void {
  const high = signed ? view.getInt32(at + 4, true) : view.getUint32(at + 4, true);
  // Up to 2^53 a double is exact.
  if (high >= -0x200000 && high < 0x200000) out.ascii(String(high * 4294967296 + view.getUint32(at, true)));
  else marks.bigInteger(out, String(signed ? view.getBigInt64(at, true) : view.getBigUint64(at, true)));
}

function float(out: ByteWriter, value: number, marks: Marks): void {
  if (!Number.isFinite(value)) marks.plain(out, String(value));
  else out.ascii(Object.is(value, -0) ? '-0.0' : String(value));
}

const zoned = (text: string): string => (text.endsWith('infinity') ? text : `${text}Z`);

function base64(column: ColumnView, row: number): string {
  const { data, offsets } = column;
  invariant(data && offsets, 'a BLOB column without its buffers');
  return base64Text(data, offsets[row] as number, offsets[row + 1] as number);
}
