/** Puts Arrow columns into vectors of native DuckDB, buffer by buffer: the opposite of the builders in ../columns. */
import bindings from '@duckdb/node-bindings';
import type { ColumnView } from '../../../shared/arrow/column-view.ts';
import { layoutOfType } from '../../../shared/arrow/layout.ts';
import type { SqlType } from '../../../shared/arrow/types.ts';
import { invariant } from '../../../shared/assert.ts';
import type { EngineVector } from '../columns/node.ts';
import { isSet } from '../columns/validity.ts';

/** Fills the first `count` values of `vector` with rows `from` to `from + count`. `type` is a wire type. */
export function fillVector(vector: EngineVector, type: SqlType, column: ColumnView, from: number, count: number): void {
  if (count === 0) return;
  fillValidity(vector, column, from, count);
  const layout = layoutOfType(type);
  if (layout.kind === 'bool') copyInto(vector, boolBytes(column, from, count));
  else if (layout.kind === 'fixed') copyInto(vector, fixedBytes(type, layout.width, column, from, count));
  else if (layout.kind === 'list') fillList(vector, listChildType(type), column, from, count);
  else if (layout.kind === 'fixedList') fillArray(vector, type, column, from, count);
  else if (layout.kind === 'struct') fillStruct(vector, type, column, from, count);
  else fillText(vector, column, from, count);
}

function copyInto(vector: EngineVector, bytes: Uint8Array): void {
  bindings.copy_data_to_vector(vector, 0, bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
}

function fillValidity(vector: EngineVector, column: ColumnView, from: number, count: number): void {
  const { validity } = column;
  if (!validity) return;
  const bits = new Uint8Array(((count + 63) >> 6) * 8);
  for (let i = 0; i < count; i++) if (isSet(validity, from + i)) bits[i >> 3] = (bits[i >> 3] as number) | (1 << (i & 7));
  bindings.vector_ensure_validity_writable(vector);
  bindings.copy_data_to_vector_validity(vector, 0, bits.buffer, 0, bits.byteLength);
}

function boolBytes(column: ColumnView, from: number, count: number): Uint8Array {
  const { data } = column;
  invariant(data, 'a bool column without values');
  return Uint8Array.from({ length: count }, (_, i) => (isSet(data, from + i) ? 1 : 0));
}

function fixedBytes(type: SqlType, width: number, column: ColumnView, from: number, count: number): Uint8Array {
  const { data } = column;
  invariant(data, 'a column without values');
  const bytes = data.subarray(from * width, (from + count) * width);
  if (type.id === 'decimal') return narrowDecimals(bytes, type.width, count);
  if (type.id === 'scalar' && type.name === 'INTERVAL') return microIntervals(bytes);
  return bytes;
}

/** The engine keeps decimals in 2, 4, 8 or 16 bytes, by their digits; the low bytes of two's complement are the value. */
function narrowDecimals(bytes: Uint8Array, digits: number, count: number): Uint8Array {
  const size = digits <= 4 ? 2 : digits <= 9 ? 4 : digits <= 18 ? 8 : 16;
  if (size === 16) return bytes;
  const out = new Uint8Array(count * size);
  for (let i = 0; i < count; i++) for (let k = 0; k < size; k++) out[i * size + k] = bytes[i * 16 + k] as number;
  return out;
}

function microIntervals(bytes: Uint8Array): Uint8Array {
  // No slice(): that of Node's Buffer copies nothing.
  const out = new Uint8Array(bytes);
  const view = new DataView(out.buffer);
  for (let at = 8; at < out.length; at += 16) view.setBigInt64(at, view.getBigInt64(at, true) / 1000n, true);
  return out;
}

function fillText(vector: EngineVector, column: ColumnView, from: number, count: number): void {
  const { data, offsets, validity } = column;
  invariant(data && offsets, 'a text column without its buffers');
  for (let i = 0; i < count; i++) {
    const row = from + i;
    if (validity && !isSet(validity, row)) continue;
    bindings.vector_assign_string_element_len(vector, i, data.subarray(offsets[row], offsets[row + 1]));
  }
}

function listChildType(type: SqlType): SqlType {
  if (type.id === 'list') return type.child;
  invariant(type.id === 'map', `${type.id} is no list`);
  return {
    id: 'struct',
    fields: [
      { name: 'key', type: type.key },
      { name: 'value', type: type.value },
    ],
  };
}

function fillList(vector: EngineVector, childType: SqlType, column: ColumnView, from: number, count: number): void {
  const { offsets } = column;
  const [child] = column.children;
  invariant(offsets && child, 'a list column without its parts');
  const first = offsets[from] as number;
  const entries = new BigUint64Array(count * 2);
  for (let i = 0; i < count; i++) {
    const start = offsets[from + i] as number;
    entries[2 * i] = BigInt(start - first);
    entries[2 * i + 1] = BigInt((offsets[from + i + 1] as number) - start);
  }
  const total = (offsets[from + count] as number) - first;
  bindings.list_vector_reserve(vector, total);
  bindings.list_vector_set_size(vector, total);
  // The child is asked for after reserving, which may move it.
  fillVector(bindings.list_vector_get_child(vector), childType, child, first, total);
  copyInto(vector, new Uint8Array(entries.buffer));
}

function fillArray(vector: EngineVector, type: SqlType, column: ColumnView, from: number, count: number): void {
  const [child] = column.children;
  invariant(child && type.id === 'array', 'an array column without its child');
  fillVector(bindings.array_vector_get_child(vector), type.child, child, from * type.size, count * type.size);
}

function fillStruct(vector: EngineVector, type: SqlType, column: ColumnView, from: number, count: number): void {
  invariant(type.id === 'struct', 'no struct');
  type.fields.forEach((field, index) => {
    const child = column.children[index];
    invariant(child, `a struct column without its field ${field.name}`);
    fillVector(bindings.struct_vector_get_child(vector, index), field.type, child, from, count);
  });
}
