/** Rows of a column as the buffers that a guest gets: offset 0, offsets from 0, validity only where a NULL is. */

import { BitBuffer } from '../../shared/arrow/byte-buffer.ts';
import type { ColumnView } from '../../shared/arrow/column-view.ts';
import type { Layout } from '../../shared/arrow/layout.ts';

export interface InputPiece {
  readonly rows: number;
  readonly nulls: number;
  /** In Arrow's order; null: no validity bitmap. Views of the source where its bytes can be taken as they are. */
  readonly buffers: readonly (Uint8Array | null)[];
  readonly children: readonly InputPiece[];
}

const POPULATION = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll('0', '').length);
const NO_BYTES = new Uint8Array(0);

function bitsOf(source: Uint8Array, from: number, to: number): Uint8Array {
  const bits = new BitBuffer(to - from);
  bits.append(source, from, to);
  return bits.bytes.subarray(0, bits.used);
}

function validityOf(view: ColumnView, from: number, to: number): { readonly bits: Uint8Array | null; readonly nulls: number } {
  if (view.validity === null) return { bits: null, nulls: 0 };
  const bits = bitsOf(view.validity, from, to);
  let valid = 0;
  for (const byte of bits) valid += POPULATION[byte] ?? 0;
  const nulls = to - from - valid;
  return { bits: nulls === 0 ? null : bits, nulls };
}

function offsetsFromZero(offsets: Int32Array, from: number, to: number): Uint8Array {
  const part = offsets.subarray(from, to + 1);
  const first = part[0] ?? 0;
  const based = first === 0 ? part : part.map((offset) => offset - first);
  return new Uint8Array(based.buffer, based.byteOffset, based.byteLength);
}

/** Rows `from` to before `to` of a column with this layout. */
export function inputPiece(view: ColumnView, layout: Layout, from: number, to: number): InputPiece {
  const { bits, nulls } = validityOf(view, from, to);
  const base = { rows: to - from, nulls, children: [] };
  const data = view.data ?? NO_BYTES;
  switch (layout.kind) {
    case 'bool':
      return { ...base, buffers: [bits, bitsOf(data, from, to)] };
    case 'fixed':
      return { ...base, buffers: [bits, data.subarray(from * layout.width, to * layout.width)] };
    case 'utf8':
    case 'binary':
    case 'list': {
      const offsets = view.offsets ?? new Int32Array(to + 1);
      const first = offsets[from] ?? 0;
      const last = offsets[to] ?? 0;
      const ends = offsetsFromZero(offsets, from, to);
      const [child] = view.children;
      if (layout.kind !== 'list') return { ...base, buffers: [bits, ends, data.subarray(first, last)] };
      return { ...base, buffers: [bits, ends], children: child ? [inputPiece(child, layout.child, first, last)] : [] };
    }
    case 'fixedList': {
      const [child] = view.children;
      const { size } = layout;
      return { ...base, buffers: [bits], children: child ? [inputPiece(child, layout.child, from * size, to * size)] : [] };
    }
    case 'struct':
      return {
        ...base,
        buffers: [bits],
        children: layout.children.flatMap((childLayout, i) => {
          const child = view.children[i];
          return child ? [inputPiece(child, childLayout, from, to)] : [];
        }),
      };
  }
}
