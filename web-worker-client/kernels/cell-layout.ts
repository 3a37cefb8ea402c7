/** Where everything of one cell lies: its batch message, and within the body each node's buffers, as canonical.ts has them. */
import { aligned, type BatchLayout, batchMessageBytes, IpcError } from '../../shared/arrow/ipc.ts';
import { type CellBooks, NOWHERE } from './cell-books.ts';
import { hasOffsets, type SplitNode } from './nodes.ts';

const MAX_OFFSET = 0x7fffffff;

/** What cells hold. */
export type RowCounts = Pick<CellBooks, 'rowsOf' | 'nullsOf' | 'lengthsOf'>;

export interface NodePlace {
  readonly rows: number;
  readonly nulls: number;
  /** Offset in the body and length of each buffer the node may have; a length of 0 where it has none. */
  readonly validity: number;
  readonly validityBytes: number;
  readonly offsets: number;
  readonly offsetsBytes: number;
  readonly data: number;
  readonly dataBytes: number;
}

export interface CellLayout {
  readonly cell: number;
  readonly places: readonly NodePlace[];
  readonly batch: BatchLayout;
  /** Of the message, without its body; none where the cell is never read. */
  readonly messageBytes: number;
}

export function layoutOfCell(books: RowCounts, nodes: readonly SplitNode[], cell: number): CellLayout {
  const places: NodePlace[] = [];
  const lengths: number[] = [];
  const buffers: number[] = [];
  let bodyBytes = 0;
  const buffer = (bytes: number): number => {
    const at = bodyBytes;
    buffers.push(at, bytes);
    bodyBytes += aligned(bytes);
    return at;
  };
  nodes.forEach((node, i) => {
    const rows = rowsOfNode(books, nodes, places, i, cell);
    const nulls = books.nullsOf(i, cell);
    lengths.push(rows, nulls);
    const validityBytes = nulls === 0 ? 0 : (rows + 7) >> 3;
    const validity = buffer(validityBytes);
    const offsetsBytes = hasOffsets(node) ? 4 * (rows + 1) : 0;
    const offsets = hasOffsets(node) ? buffer(offsetsBytes) : 0;
    const dataBytes = dataBytesOf(books, node, i, rows, cell);
    const data = node.kind === 'bool' || node.kind === 'fixed' || node.kind === 'bytes' ? buffer(dataBytes) : 0;
    places.push({ rows, nulls, validity, validityBytes, offsets, offsetsBytes, data, dataBytes });
  });
  const messageBytes = cell === NOWHERE ? 0 : batchMessageBytes(lengths.length / 2, buffers.length / 2);
  return { cell, places, batch: { rows: books.rowsOf(cell), nodes: lengths, buffers, bodyBytes }, messageBytes };
}

function rowsOfNode(
  books: RowCounts,
  nodes: readonly SplitNode[],
  places: readonly NodePlace[],
  i: number,
  cell: number,
): number {
  const parent = nodes[i]?.parent ?? -1;
  const above = nodes[parent];
  if (above === undefined) return books.rowsOf(cell);
  if (above.kind === 'list') return checked(books.lengthsOf(parent, cell));
  const rows = places[parent]?.rows ?? 0;
  return above.kind === 'array' ? rows * above.width : rows;
}

function dataBytesOf(books: RowCounts, node: SplitNode, i: number, rows: number, cell: number): number {
  if (node.kind === 'bool') return (rows + 7) >> 3;
  if (node.kind === 'fixed') return rows * node.width;
  return node.kind === 'bytes' ? checked(books.lengthsOf(i, cell)) : 0;
}

function checked(length: number): number {
  if (length > MAX_OFFSET) throw new IpcError('a record batch has more than 2 GiB in one column');
  return length;
}
