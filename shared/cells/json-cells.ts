import type { ColumnView } from '../arrow/column-view.ts';
import type { SqlType } from '../arrow/types.ts';
import { invariant } from '../assert.ts';
import type { ByteWriter } from './byte-writer.ts';
import { type CellWriter, cellWriter, type Marks } from './cells.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

const quoted = (out: ByteWriter, text: string): void => {
  out.byte(QUOTE);
  out.ascii(text);
  out.byte(QUOTE);
};

export const JSON_MARKS: Marks = { plain: quoted, bigInteger: quoted, utf8: jsonText };

/** A JSON string from UTF-8: quotes, backslashes and control characters escaped, everything else as it is. */
function jsonText(out: ByteWriter, bytes: Uint8Array, from: number, to: number): void {
  out.byte(QUOTE);
  let start = from;
  for (let i = from; i < to; i++) {
    const byte = bytes[i] as number;
    if (byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH) continue;
    out.utf8(bytes, start, i);
    out.ascii(escapeOf(byte));
    start = i + 1;
  }
  out.utf8(bytes, start, to);
  out.byte(QUOTE);
}

function escapeOf(byte: number): string {
  if (byte === QUOTE) return '\\"';
  if (byte === BACKSLASH) return '\\\\';
  if (byte === 0x0a) return '\\n';
  if (byte === 0x0d) return '\\r';
  if (byte === 0x09) return '\\t';
  return `\\u${byte.toString(16).padStart(4, '0')}`;
}

/** Writes any value of a column as JSON, NULL included: LIST and ARRAY an array, STRUCT an object, MAP an array of pairs. */
export function jsonCells(type: SqlType, wire: SqlType, column: ColumnView): CellWriter {
  const value = cellWriter(type, wire, column, JSON_MARKS) ?? nested(type, wire, column);
  const { validity } = column;
  if (!validity) return value;
  return (out, row) => {
    if ((((validity[row >> 3] as number) >> (row & 7)) & 1) === 1) value(out, row);
    else out.ascii('null');
  };
}

function nested(type: SqlType, wire: SqlType, column: ColumnView): CellWriter {
  const [child] = column.children;
  invariant(child, `a ${wire.id} column without its child`);
  if (wire.id === 'list' && type.id === 'list') {
    const item = jsonCells(type.child, wire.child, child);
    const { offsets } = column;
    invariant(offsets, 'a list column without offsets');
    return (out, row) => sequence(out, item, offsets[row] as number, offsets[row + 1] as number);
  }
  if (wire.id === 'array' && type.id === 'array') {
    const item = jsonCells(type.child, wire.child, child);
    return (out, row) => sequence(out, item, row * wire.size, (row + 1) * wire.size);
  }
  if (wire.id === 'map' && type.id === 'map') return pairs(type, wire, column, child);
  invariant(wire.id === 'struct' && type.id === 'struct', `no JSON for a column that travels as ${wire.id}`);
  const fields = wire.fields.map((field, index) => {
    const values = column.children[index];
    invariant(values, 'a struct column without one of its fields');
    const head = `${index === 0 ? '{' : ','}${JSON.stringify(field.name)}:`;
    return { head, write: jsonCells(type.fields[index]?.type ?? field.type, field.type, values) };
  });
  return (out, row) => {
    for (const { head, write } of fields) {
      out.text(head);
      write(out, row);
    }
    out.ascii('}');
  };
}

function pairs(
  type: SqlType & { id: 'map' },
  wire: SqlType & { id: 'map' },
  column: ColumnView,
  entries: ColumnView,
): CellWriter {
  const [keys, values] = entries.children;
  const { offsets } = column;
  invariant(keys && values && offsets, 'a map column without its parts');
  const key = jsonCells(type.key, wire.key, keys);
  const value = jsonCells(type.value, wire.value, values);
  const pair: CellWriter = (out, row) => {
    out.ascii('[');
    key(out, row);
    out.byte(COMMA);
    value(out, row);
    out.ascii(']');
  };
  return (out, row) => sequence(out, pair, offsets[row] as number, offsets[row + 1] as number);
}

function sequence(out: ByteWriter, item: CellWriter, from: number, to: number): void {
  out.ascii('[');
  for (let i = from; i < to; i++) {
    if (i > from) out.byte(COMMA);
    item(out, i);
  }
  out.ascii(']');
}
