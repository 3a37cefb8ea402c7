/** Dictionary-encoded columns of a guest, as the values themselves: blocks hold no dictionaries. */
import { bitAt } from '../../shared/arrow/byte-buffer.ts';
import type { ColumnView } from '../../shared/arrow/column-view.ts';
import { COUNT_MAX, emitError } from './guest-view.ts';
import type { Charge } from './output-reader.ts';
import type { OutputNode } from './output-schema.ts';

function indexReader(data: Uint8Array, node: OutputNode): (row: number) => number {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const { type } = node.format;
  const name = type.id === 'scalar' ? type.name : '';
  switch (name) {
    case 'TINYINT':
      return (row) => view.getInt8(row);
    case 'UTINYINT':
      return (row) => view.getUint8(row);
    case 'SMALLINT':
      return (row) => view.getInt16(2 * row, true);
    case 'USMALLINT':
      return (row) => view.getUint16(2 * row, true);
    case 'INTEGER':
      return (row) => view.getInt32(4 * row, true);
    case 'UINTEGER':
      return (row) => view.getUint32(4 * row, true);
    default:
      return (row) => Number(view.getBigInt64(8 * row, true));
  }
}

/** Index of each row's value, -1 for NULL. Throws GuestError for one that is none. */
function indicesOf(indices: ColumnView, node: OutputNode, values: ColumnView): Int32Array {
  const read = indexReader(indices.data ?? new Uint8Array(0), node);
  const found = new Int32Array(indices.rows);
  for (let row = 0; row < indices.rows; row++) {
    if (indices.validity !== null && !bitAt(indices.validity, row)) {
      found[row] = -1;
      continue;
    }
    const index = read(row);
    if (!(index >= 0 && index < values.rows)) {
      throw emitError(`${node.where}: row ${row} has the index ${index}, its dictionary has ${values.rows} values`);
    }
    found[row] = values.validity !== null && !bitAt(values.validity, index) ? -1 : index;
  }
  return found;
}

function setBit(bits: Uint8Array, at: number): void {
  bits[at >> 3] = (bits[at >> 3] ?? 0) | (1 << (at & 7));
}

function validityOf(indices: Int32Array): Uint8Array | null {
  if (!indices.includes(-1)) return null;
  const bits = new Uint8Array((indices.length + 7) >> 3);
  indices.forEach((index, row) => {
    if (index >= 0) setBit(bits, row);
  });
  return bits;
}

function gatherTexts(
  indices: Int32Array,
  values: ColumnView,
  charge: Charge,
  where: string,
): Pick<ColumnView, 'offsets' | 'data'> {
  const ends = values.offsets ?? new Int32Array(1);
  const source = values.data ?? new Uint8Array(0);
  const offsets = new Int32Array(indices.length + 1);
  let bytes = 0;
  indices.forEach((index, row) => {
    if (index >= 0) bytes += (ends[index + 1] ?? 0) - (ends[index] ?? 0);
    // Beyond 2 GiB it wraps; the check below comes before anyone reads it.
    offsets[row + 1] = bytes;
  });
  charge(bytes);
  if (bytes > COUNT_MAX) throw emitError(`${where}: its values take more than 1 GiB`);
  const data = new Uint8Array(bytes);
  indices.forEach((index, row) => {
    if (index >= 0) data.set(source.subarray(ends[index], ends[index + 1]), offsets[row]);
  });
  return { offsets, data };
}

function gatherFixed(indices: Int32Array, source: Uint8Array, width: number): Uint8Array {
  const data = new Uint8Array(indices.length * width);
  indices.forEach((index, row) => {
    if (index < 0) return;
    for (let i = 0; i < width; i++) data[row * width + i] = source[index * width + i] ?? 0;
  });
  return data;
}

function gatherBits(indices: Int32Array, source: Uint8Array): Uint8Array {
  const bits = new Uint8Array((indices.length + 7) >> 3);
  indices.forEach((index, row) => {
    if (index >= 0 && bitAt(source, index)) setBit(bits, row);
  });
  return bits;
}

/** The column that indices into a dictionary's values mean. */
export function expandDictionary(indices: ColumnView, node: OutputNode, values: ColumnView, charge: Charge): ColumnView {
  const found = indicesOf(indices, node, values);
  const base = { rows: indices.rows, validity: validityOf(found), offsets: null, data: null, children: [] };
  const storage = node.dictionary?.format.storage;
  const source = values.data ?? new Uint8Array(0);
  if (storage?.kind === 'fixed') {
    charge(storage.width * found.length);
    return { ...base, data: gatherFixed(found, source, storage.width) };
  }
  if (storage?.kind === 'bool') return { ...base, data: gatherBits(found, source) };
  charge(4 * found.length);
  return { ...base, ...gatherTexts(found, values, charge, node.where) };
}
