/** Lines of text as columns: whole, or cut at the first tab. */
import { BitBuffer } from '../../shared/arrow/byte-buffer.ts';
import type { Canonicaliser } from '../../shared/arrow/canonical.ts';
import type { ColumnView } from '../../shared/arrow/column-view.ts';

const TAB = 9;
const LINE_FEED = 10;

/** Lines in a block; the last may lack its line feed. */
function countLines(block: Uint8Array): number {
  let lines = block.length > 0 && block[block.length - 1] !== LINE_FEED ? 1 : 0;
  for (let i = 0; i < block.length; i++) if (block[i] === LINE_FEED) lines++;
  return lines;
}

const text = (rows: number, offsets: Int32Array, data: Uint8Array, validity: Uint8Array | null = null): ColumnView => ({
  rows,
  validity,
  offsets,
  data,
  children: [],
});

export function plainLines(block: Uint8Array, _rowsBefore: number, rows: Canonicaliser): number {
  const count = countLines(block);
  const offsets = new Int32Array(count + 1);
  const data = new Uint8Array(block.length);
  let used = 0;
  let row = 0;
  for (let i = 0; i < block.length; i++) {
    const byte = block[i] as number;
    if (byte === LINE_FEED) offsets[++row] = used;
    else data[used++] = byte;
  }
  if (row < count) offsets[count] = used;
  rows.addColumns([text(count, offsets, data)], count);
  return count;
}

/** What stands before the first tab is the key, all after it the value; without a tab the value is NULL. */
export function tabbedLines(block: Uint8Array, _rowsBefore: number, rows: Canonicaliser): number {
  const count = countLines(block);
  const keyOffsets = new Int32Array(count + 1);
  const valueOffsets = new Int32Array(count + 1);
  const keys = new Uint8Array(block.length);
  const values = new Uint8Array(block.length);
  const validity = new BitBuffer(count);
  let [key, value, row, nulls] = [0, 0, 0, 0];
  let inValue = false;
  const endLine = (): void => {
    row++;
    keyOffsets[row] = key;
    valueOffsets[row] = value;
    if (inValue) validity.ones(1);
    else {
      validity.zeros(1);
      nulls++;
    }
    inValue = false;
  };
  for (let i = 0; i < block.length; i++) {
    const byte = block[i] as number;
    if (byte === LINE_FEED) endLine();
    else if (inValue) values[value++] = byte;
    else if (byte === TAB) inValue = true;
    else keys[key++] = byte;
  }
  if (row < count) endLine();
  const valueColumn = text(count, valueOffsets, values, nulls > 0 ? validity.bytes : null);
  rows.addColumns([text(count, keyOffsets, keys), valueColumn], count);
  return count;
}
