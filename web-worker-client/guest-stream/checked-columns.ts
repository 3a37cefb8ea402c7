/** What guests hand in is checked before anything else sees it: offsets that lie, text that is no UTF-8, NaNs of many kinds. */
import type { CanonicalStream } from '../../shared/arrow/canonical.ts';
import { type ColumnView, columnViews } from '../../shared/arrow/column-view.ts';
import { IpcError, parseStream } from '../../shared/arrow/ipc.ts';
import { layoutOfType } from '../../shared/arrow/layout.ts';
import type { WireColumn } from '../../shared/arrow/schema.ts';
import { parseSqlType, type SqlType } from '../../shared/arrow/types.ts';
import { authorError } from '../../shared/guest/guest-error.ts';

const DECODE_BYTES = 1024 * 1024;

/** Offsets must begin at 0 or above and never fall; that the last fits was checked when the batch was read. Throws IpcError. */
export function checkOffsets(view: ColumnView): void {
  const { offsets, rows } = view;
  if (offsets !== null) {
    let before = offsets[0] as number;
    if (before < 0) throw new IpcError('offsets of a column begin below zero');
    for (let row = 1; row <= rows; row++) {
      const offset = offsets[row] as number;
      if (offset < before) throw new IpcError(`offsets of a column fall at row ${row}`);
      before = offset;
    }
  }
  for (const child of view.children) checkOffsets(child);
}

/** Checks all text of a canonical stream, and makes its NaNs one kind, in place. `rowsBefore` it were others. Throws GuestError. */
export function sealStream(stream: CanonicalStream, columns: readonly WireColumn[], rowsBefore = 0): void {
  const types = columns.map((column) => parseSqlType(column.wire));
  const layouts = types.map(layoutOfType);
  let before = rowsBefore;
  for (const batch of parseStream(stream.bytes).batches) {
    columnViews(stream.bytes, batch, layouts).forEach((view, i) => {
      const bad = seal(types[i] as SqlType, view);
      if (bad !== undefined) throw badText(columns[i]?.name ?? '', before + bad);
    });
    before += batch.rows;
  }
}

const badText = (column: string, row: number) =>
  authorError(
    'guest-format',
    `Row ${row + 1} of the program's output has text in column ${column} that is no UTF-8.`,
    'Write UTF-8, or use the format raw, or a BLOB column with arrow.',
  );

/** The first row with bad text; undefined when all is well. */
function seal(type: SqlType, view: ColumnView): number | undefined {
  if (type.id === 'scalar') {
    if (type.name === 'VARCHAR') return badTextRow(view);
    if (type.name === 'DOUBLE' || type.name === 'FLOAT') oneNaN(type.name, view);
    return undefined;
  }
  for (const [i, child] of childTypes(type).entries()) {
    const bad = seal(child, view.children[i] as ColumnView);
    if (bad !== undefined) return parentRow(type, view, bad);
  }
  return undefined;
}

function childTypes(type: SqlType): readonly SqlType[] {
  if (type.id === 'list' || type.id === 'array') return [type.child];
  if (type.id === 'struct') return type.fields.map((field) => field.type);
  if (type.id !== 'map') return [];
  const fields = [
    { name: 'key', type: type.key },
    { name: 'value', type: type.value },
  ];
  return [{ id: 'struct', fields }];
}

function parentRow(type: SqlType, view: ColumnView, element: number): number {
  if (type.id === 'array') return Math.floor(element / type.size);
  if (view.offsets === null) return element;
  let row = 0;
  while ((view.offsets[row + 1] ?? Number.POSITIVE_INFINITY) <= element) row++;
  return row;
}

/** All bytes together must be UTF-8, and no value may begin within a character. */
function badTextRow(view: ColumnView): number | undefined {
  const { data, offsets, rows } = view;
  if (data === null || offsets === null || rows === 0) return undefined;
  const end = offsets[rows] as number;
  let ok = isUtf8(data.subarray(0, end));
  for (let row = 0; ok && row < rows; row++) ok = ((data[offsets[row] as number] ?? 0) & 0xc0) !== 0x80;
  if (ok) return undefined;
  for (let row = 0; row < rows; row++) if (!isUtf8(data.subarray(offsets[row], offsets[row + 1]))) return row;
  return undefined;
}

function isUtf8(bytes: Uint8Array): boolean {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for (let at = 0; at < bytes.length; at += DECODE_BYTES)
      decoder.decode(bytes.subarray(at, at + DECODE_BYTES), { stream: true });
    decoder.decode();
    return true;
  } catch {
    return false;
  }
}

/** Machines differ in the sign and payload of a NaN that they compute: only one may be seen (S-46). */
function oneNaN(name: 'DOUBLE' | 'FLOAT', view: ColumnView): void {
  const { data, rows } = view;
  if (data === null) return;
  const bytes = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let row = 0; row < rows; row++) {
    if (name === 'DOUBLE') {
      if (Number.isNaN(bytes.getFloat64(8 * row, true))) bytes.setBigUint64(8 * row, 0x7ff8000000000000n, true);
    } else if (Number.isNaN(bytes.getFloat32(4 * row, true))) bytes.setUint32(4 * row, 0x7fc00000, true);
  }
}
