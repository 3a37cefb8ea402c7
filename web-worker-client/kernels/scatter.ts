/** Moves one node of all pieces into the cells: cursors set, bitmaps and padding made, the kernel's loops called. */
import { aligned } from '../../shared/arrow/ipc.ts';
import { NOWHERE } from './cell-books.ts';
import type { CellLayout, NodePlace } from './cell-layout.ts';
import type { KernelMemory } from './kernel-memory.ts';
import type { SplitNode } from './nodes.ts';
import type { StagedNode } from './staged-piece.ts';

/** Bytes of one cell's cursor (split/scatter.as.ts). */
const CURSOR_BYTES = 32;
export const CURSORS_BYTES = CURSOR_BYTES * (NOWHERE + 1);

/** A cell and the address of its body. */
export interface PlacedCell {
  readonly layout: CellLayout;
  readonly body: number;
}

/**
 * Nodes must be done in order: strings are moved in vectors that run over into the next node's buffers. `pieces` are this node's
 * parts, in order.
 */
export function scatterNode(
  memory: KernelMemory,
  node: SplitNode,
  index: number,
  cells: readonly PlacedCell[],
  pieces: readonly (readonly StagedNode[])[],
  cursors: number,
): void {
  for (const { layout, body } of cells) {
    const place = layout.places[index];
    if (place !== undefined) begin(memory, node, place, body, cursors + CURSOR_BYTES * layout.cell);
  }
  const bare = node.kind === 'struct' || node.kind === 'array';
  const idle = bare && cells.every(({ layout }) => layout.places[index]?.nulls === 0);
  if (!idle) {
    for (const piece of pieces) {
      const part = piece[index];
      if (part !== undefined) scatterPart(memory, node, part, cursors);
    }
  }
  for (const { layout, body } of cells) {
    const place = layout.places[index];
    if (place !== undefined) end(memory, place, body);
  }
}

function begin(memory: KernelMemory, node: SplitNode, place: NodePlace, body: number, cursor: number): void {
  const { bytes, words } = memory;
  const at = cursor >>> 2;
  const validity = body + place.validity;
  if (place.validityBytes > 0) {
    bytes.fill(0xff, validity, validity + place.validityBytes);
    if (place.rows & 7) bytes[validity + place.validityBytes - 1] = (1 << (place.rows & 7)) - 1;
  }
  const data = body + place.data;
  const ends = body + place.offsets + 4;
  words[at + 2] = validity;
  if (node.kind === 'bool') {
    words[at] = 0;
    words[at + 1] = data;
    bytes.fill(0, data, data + place.dataBytes);
  } else if (node.kind === 'fixed') {
    words[at] = data;
    words[at + 1] = data;
  } else if (node.kind === 'bytes' || node.kind === 'list') {
    bytes.fill(0, ends - 4, ends);
    words[at] = ends;
    words[at + 1] = ends;
    words[at + 3] = node.kind === 'bytes' ? data : 0;
    words[at + 4] = node.kind === 'bytes' ? data : 0;
  } else words[at] = 0;
}

function scatterPart({ kernel }: KernelMemory, node: SplitNode, part: StagedNode, cursors: number): void {
  const { cells, data, offsets, validity, rows } = part;
  if (node.kind === 'bool') kernel.scatterBools(cells, data, validity, rows, cursors);
  else if (node.kind === 'bytes') kernel.scatterBytes(cells, offsets, data, validity, rows, cursors);
  else if (node.kind === 'list') kernel.scatterLists(cells, offsets, validity, rows, cursors);
  else if (node.kind !== 'fixed') kernel.scatterNulls(cells, validity, rows, cursors);
  else if (node.width === 1) kernel.scatter1(cells, data, validity, rows, cursors);
  else if (node.width === 2) kernel.scatter2(cells, data, validity, rows, cursors);
  else if (node.width === 4) kernel.scatter4(cells, data, validity, rows, cursors);
  else if (node.width === 8) kernel.scatter8(cells, data, validity, rows, cursors);
  else kernel.scatter16(cells, data, validity, rows, cursors);
}

/** Zeroes the padding of a node's buffers. */
function end({ bytes }: KernelMemory, place: NodePlace, body: number): void {
  const pad = (at: number, length: number): void => {
    bytes.fill(0, body + at + length, body + at + aligned(length));
  };
  if (place.validityBytes > 0) pad(place.validity, place.validityBytes);
  if (place.offsetsBytes > 0) pad(place.offsets, place.offsetsBytes);
  if (place.dataBytes > 0) pad(place.data, place.dataBytes);
}
