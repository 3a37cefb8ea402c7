/**
 * For tests: streams that say the same as canonical ones with other bytes, as an engine may write them: something under NULLs (values,
 * text, list elements), a bitmap where all rows are valid, elements before and behind what offsets need, buffers at odd places.
 */
import type { ColumnView } from '../../../shared/arrow/column-view.ts';
import { batchMessageBytes, END_OF_STREAM, writeBatchMessage } from '../../../shared/arrow/ipc.ts';
import { type Layout, layoutOf } from '../../../shared/arrow/layout.ts';
import { schemaMessage } from '../../../shared/arrow/schema.ts';
import { columnOf } from '../../../shared/arrow/testing.ts';
import { Prng } from '../../../shared/prng.ts';

interface Values {
  readonly wire: string;
  readonly values: readonly unknown[];
}

/** Slicing by whole bytes of bitmaps. */
const BEFORE = 8;
const BEHIND = 3;

/** A stream of one batch; what is loose in it follows from `seed`. */
export function looseStream(columns: readonly Values[], seed: number): Uint8Array {
  const prng = new Prng(seed);
  const rows = columns[0]?.values.length ?? 0;
  const writer = new LooseBatch(prng);
  columns.forEach(({ wire, values }) => {
    writer.add(layoutOf(wire), looseColumn(wire, values, prng));
  });
  const schema = schemaMessage(columns.map(({ wire }, i) => ({ name: `x${i}`, wire })));
  return writer.finish(schema, rows);
}

/** A window on a longer column, in which a row that is NULL has another row's value beneath. */
function looseColumn(wire: string, values: readonly unknown[], prng: Prng): ColumnView {
  const some = values.filter((v) => v !== null);
  const any = (): unknown => (some.length === 0 ? null : some[prng.below(some.length)]);
  const extra = (count: number): unknown[] => Array.from({ length: count }, any);
  const beneath = values.map((v) => v ?? any());
  const whole = columnOf(wire, [...extra(BEFORE), ...beneath, ...extra(BEHIND)]);
  const window = windowOf(layoutOf(wire), whole, BEFORE, values.length);
  return { ...window, validity: values.includes(null) ? bitsOf(values.map((v) => v !== null)) : null };
}

function windowOf(layout: Layout, view: ColumnView, from: number, rows: number): ColumnView {
  const bits = (all: Uint8Array | null): Uint8Array | null => all?.subarray(from >> 3, (from + rows + 7) >> 3) ?? null;
  const base = { ...view, rows, validity: bits(view.validity) };
  switch (layout.kind) {
    case 'bool':
      return { ...base, data: bits(view.data) };
    case 'fixed':
      return { ...base, data: view.data?.subarray(from * layout.width, (from + rows) * layout.width) ?? null };
    case 'utf8':
    case 'binary':
    case 'list':
      return { ...base, offsets: view.offsets?.subarray(from, from + rows + 1) ?? null };
    case 'fixedList': {
      const { size, child } = layout;
      return { ...base, children: view.children.map((c) => windowOf(child, c, from * size, rows * size)) };
    }
    case 'struct': {
      const { children } = layout;
      return { ...base, children: view.children.map((c, i) => windowOf(children[i] ?? layout, c, from, rows)) };
    }
  }
}

function bitsOf(flags: readonly boolean[]): Uint8Array {
  const bits = new Uint8Array((flags.length + 7) >> 3);
  flags.forEach((flag, i) => {
    if (flag) bits[i >> 3] = (bits[i >> 3] ?? 0) | (1 << (i & 7));
  });
  return bits;
}

class LooseBatch {
  readonly #prng: Prng;
  readonly #nodes: number[] = [];
  readonly #buffers: number[] = [];
  readonly #parts: Uint8Array[] = [];
  #bodyBytes = 0;

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  add(layout: Layout, view: ColumnView): void {
    const { rows, validity } = view;
    let nulls = 0;
    for (let i = 0; validity !== null && i < rows; i++) if ((((validity[i >> 3] ?? 0) >> (i & 7)) & 1) === 0) nulls++;
    this.#nodes.push(rows, nulls);
    const full = this.#prng.below(2) === 0 ? new Uint8Array() : new Uint8Array((rows + 7) >> 3).fill(0xff);
    this.#buffer(nulls > 0 && validity !== null ? validity : full);
    const { offsets } = view;
    if (offsets !== null) this.#buffer(new Uint8Array(offsets.buffer, offsets.byteOffset, offsets.byteLength));
    if (view.data !== null) this.#buffer(view.data);
    view.children.forEach((child, i) => {
      const of =
        layout.kind === 'struct'
          ? layout.children[i]
          : layout.kind === 'list' || layout.kind === 'fixedList'
            ? layout.child
            : undefined;
      this.add(of ?? layout, child);
    });
  }

  #buffer(bytes: Uint8Array): void {
    this.#bodyBytes += 8 * this.#prng.below(3);
    this.#buffers.push(this.#bodyBytes, bytes.length);
    this.#parts.push(bytes);
    this.#bodyBytes += Math.ceil(bytes.length / 8) * 8;
  }

  finish(schema: Uint8Array, rows: number): Uint8Array {
    const layout = { rows, nodes: this.#nodes, buffers: this.#buffers, bodyBytes: this.#bodyBytes };
    const message = batchMessageBytes(this.#nodes.length / 2, this.#buffers.length / 2);
    const bytes = new Uint8Array(schema.length + message + this.#bodyBytes + END_OF_STREAM.length).fill(0xa5);
    bytes.set(schema);
    writeBatchMessage(new DataView(bytes.buffer), schema.length, layout);
    const body = schema.length + message;
    this.#parts.forEach((part, i) => {
      bytes.set(part, body + (this.#buffers[2 * i] ?? 0));
    });
    bytes.set(END_OF_STREAM, body + this.#bodyBytes);
    return bytes;
  }
}
