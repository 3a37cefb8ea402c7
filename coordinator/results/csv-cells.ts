import type { ColumnView } from '../../shared/arrow/column-view.ts';
import type { SqlType } from '../../shared/arrow/types.ts';
import { ByteWriter } from '../../shared/cells/byte-writer.ts';
import { type CellWriter, cellWriter, type Marks } from '../../shared/cells/cells.ts';
import { jsonCells } from '../../shared/cells/json-cells.ts';

const QUOTE = 0x22;

const bare = (out: ByteWriter, text: string): void => out.ascii(text);
const CSV_MARKS: Marks = { plain: bare, bigInteger: bare, utf8: csvText };

/** RFC 4180: quoted where it must be, and where it is empty, so that '' differs from NULL (an empty field). */
export function csvText(out: ByteWriter, bytes: Uint8Array, from: number, to: number): void {
  let special = from === to;
  for (let i = from; i < to && !special; i++) {
    const byte = bytes[i];
    special = byte === QUOTE || byte === 0x2c || byte === 0x0a || byte === 0x0d;
  }
  if (!special) {
    out.utf8(bytes, from, to);
    return;
  }
  out.byte(QUOTE);
  for (let i = from; i < to; i++) {
    const byte = bytes[i] as number;
    if (byte === QUOTE) out.byte(QUOTE);
    out.byte(byte);
  }
  out.byte(QUOTE);
}

/** Writes any value of a column as a CSV field; nested values as JSON text. */
export function csvCells(type: SqlType, wire: SqlType, column: ColumnView): CellWriter {
  const value = cellWriter(type, wire, column, CSV_MARKS) ?? nestedField(jsonCells(type, wire, column));
  const { validity } = column;
  if (!validity) return value;
  return (out, row) => {
    if ((((validity[row >> 3] as number) >> (row & 7)) & 1) === 1) value(out, row);
  };
}

function nestedField(json: CellWriter): CellWriter {
  const scratch = new ByteWriter();
  return (out, row) => {
    json(scratch, row);
    const text = scratch.take();
    if (text) csvText(out, text, 0, text.length);
  };
}
