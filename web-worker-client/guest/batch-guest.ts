/** A guest of the batch ABI behind the interface that the runner uses: guest/SPEC.md. */

import { type ColumnView, columnViews } from '../../shared/arrow/column-view.ts';
import { type IpcStream, parseStream } from '../../shared/arrow/ipc.ts';
import type { Layout } from '../../shared/arrow/layout.ts';
import { readSchema, type WireColumn } from '../../shared/arrow/schema.ts';
import { invariant } from '../../shared/assert.ts';
import { BATCH_ROWS, EVENT } from '../../shared/guest/abi.ts';
import { GuestError } from '../../shared/guest/guest-error.ts';
import { GuestLog } from '../../shared/guest/guest-log.ts';
import { openRow } from '../../shared/guest/params.ts';
import { LIMITS } from '../../shared/limits.ts';
import { AccumulatorBook } from './accumulator-book.ts';
import { BatchInstance } from './batch-instance.ts';
import type { Guest, GuestOptions, GuestOutput, GuestReport } from './guest.ts';
import { inputPiece } from './input-pieces.ts';
import { type InputSchema, InputWriter, inputBytes, inputSchema, rootPiece } from './input-writer.ts';
import { OutputCollector } from './output-collector.ts';

const NO_WAIT = (): Promise<void> => Promise.resolve();

function deadlineCheck({ deadline }: GuestOptions['limits']): () => void {
  if (deadline === undefined) return () => {};
  return () => {
    if (deadline.nowMs() < deadline.atMs) return;
    throw new GuestError(
      'deadline',
      'guest-deadline',
      'the guest ran past the deadline of its task',
      'Cut the data into more partitions.',
    );
  };
}

export class BatchGuest implements Guest {
  readonly #instance: BatchInstance;
  readonly #log = new GuestLog();
  readonly #collector: OutputCollector;
  readonly #breathe: () => Promise<void>;
  /** The schema of the last input; inputs of one kind have the same. */
  #schema: { readonly key: string; readonly value: InputSchema } | undefined;
  #closed = false;

  private constructor(module: WebAssembly.Module, options: GuestOptions) {
    this.#breathe = options.breathe ?? NO_WAIT;
    this.#collector = new OutputCollector(options.outputs, options.limits.outputBytesMax ?? LIMITS.guestOutputBytes);
    const accumulators = options.accumulators ?? new AccumulatorBook();
    this.#instance = new BatchInstance(module, options.function, {
      log: this.#log,
      seed: options.seed,
      memoryBytesMax: options.limits.memoryBytesMax,
      checkDeadline: deadlineCheck(options.limits),
      emitted: (port, schema, array, view) => this.#collector.emitted(port, schema, array, view),
      added: (name, amount) => accumulators.add(name, amount),
      progressed: (fraction) => options.onProgress?.(fraction),
    });
  }

  /** A new instance, opened, with its sides. Throws GuestError. */
  static async open(module: WebAssembly.Module, options: GuestOptions): Promise<BatchGuest> {
    const guest = new BatchGuest(module, options);
    const { columns, views } = openRow(options.params ?? {}, options.seed, options.partition);
    guest.#call(EVENT.OPEN, guest.#schemaOf(columns), views, 0, 1);
    for (const [k, streams] of (options.sides ?? []).entries()) await guest.#side(EVENT.SIDE + k, streams);
    return guest;
  }

  batch(stream: Uint8Array): Promise<readonly GuestOutput[]> {
    return this.#feed(EVENT.BATCH, stream);
  }

  merge(stream: Uint8Array): Promise<readonly GuestOutput[]> {
    return this.#feed(EVENT.MERGE, stream);
  }

  endPartial(): Promise<readonly GuestOutput[]> {
    return this.#end(EVENT.END_PARTIAL);
  }

  endFinal(): Promise<readonly GuestOutput[]> {
    return this.#end(EVENT.END_FINAL);
  }

  close(): GuestReport {
    this.#closed = true;
    return {
      log: this.#log.lines,
      logDroppedBytes: this.#log.droppedBytes,
      outputBytes: this.#collector.bytes,
      memoryBytes: this.#instance.memoryUse.bytes,
    };
  }

  #schemaOf(columns: readonly WireColumn[]): InputSchema {
    const key = JSON.stringify(columns);
    if (this.#schema?.key !== key) this.#schema = { key, value: inputSchema(columns) };
    return this.#schema.value;
  }

  /** A side without rows is announced by one call with none, so that the guest learns its columns (B-23). */
  async #side(event: number, streams: readonly Uint8Array[]): Promise<void> {
    let calls = 0;
    for (const stream of streams) calls += await this.#pour(event, stream);
    const [first] = streams;
    invariant(first, 'a side without a stream');
    if (calls > 0) return;
    const schema = this.#schemaOf(columnsOf(parseStream(first)));
    this.#call(event, schema, schema.layouts.map(noRows), 0, 0);
  }

  async #feed(event: number, stream: Uint8Array): Promise<readonly GuestOutput[]> {
    invariant(!this.#closed, 'a guest that was closed is called');
    await this.#pour(event, stream);
    return this.#collector.take();
  }

  async #end(event: number): Promise<readonly GuestOutput[]> {
    invariant(!this.#closed, 'a guest that was closed is called');
    await this.#breathe();
    this.#instance.call(event, 0, 0, true);
    return this.#collector.take();
  }

  /** Gives the rows of a stream to the guest, each record batch cut at multiples of BATCH_ROWS. Returns the calls. */
  async #pour(event: number, bytes: Uint8Array): Promise<number> {
    const stream = parseStream(bytes);
    const schema = this.#schemaOf(columnsOf(stream));
    let calls = 0;
    for (const batch of stream.batches) {
      const views = columnViews(stream.bytes, batch, schema.layouts);
      for (let from = 0; from < batch.rows; from += BATCH_ROWS) {
        await this.#breathe();
        this.#call(event, schema, views, from, Math.min(from + BATCH_ROWS, batch.rows));
        calls++;
      }
    }
    return calls;
  }

  #call(event: number, schema: InputSchema, views: readonly ColumnView[], from: number, to: number): void {
    const columns = schema.layouts.flatMap((layout, i) => {
      const view = views[i];
      return view === undefined ? [] : [inputPiece(view, layout, from, to)];
    });
    const piece = rootPiece(to - from, columns);
    const { memory, at } = this.#instance.room(inputBytes(schema, piece));
    const [schemaAt, arrayAt] = new InputWriter(memory, at).write(schema, piece);
    const mayEmit = event === EVENT.BATCH || event === EVENT.MERGE;
    this.#instance.call(event, schemaAt, arrayAt, mayEmit);
  }
}

function columnsOf(stream: IpcStream): WireColumn[] {
  invariant(stream.schema, 'a stream without a schema');
  return readSchema(stream.schema);
}

/** A column of no rows. */
function noRows(layout: Layout): ColumnView {
  const nested =
    layout.kind === 'struct' ? layout.children : layout.kind === 'list' || layout.kind === 'fixedList' ? [layout.child] : [];
  return { rows: 0, validity: null, offsets: new Int32Array(1), data: new Uint8Array(0), children: nested.map(noRows) };
}
