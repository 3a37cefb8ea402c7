/** A stream guest behind the interface that the runner uses for guests of any kind. */

import { ByteBuffer } from '../../shared/arrow/byte-buffer.ts';
import type { CanonicalStream } from '../../shared/arrow/canonical.ts';
import { parseStream } from '../../shared/arrow/ipc.ts';
import type { WireColumn } from '../../shared/arrow/schema.ts';
import { readSchema } from '../../shared/arrow/schema.ts';
import { invariant } from '../../shared/assert.ts';
import { authorError } from '../../shared/guest/guest-error.ts';
import { GuestLog } from '../../shared/guest/guest-log.ts';
import type { AccumulatorBook } from '../guest/accumulator-book.ts';
import type { Guest, GuestLimits, GuestOutput, GuestReport } from '../guest/guest.ts';
import { type StreamTable, stdinPieces } from './formats-in.ts';
import type { StreamFormat } from './run-stream.ts';
import { runStreamTask } from './run-stream-task.ts';

export interface StreamGuestOptions {
  readonly inputFormat: StreamFormat;
  readonly outputFormat: StreamFormat;
  /** Other tables, whole: files in the input's format. */
  readonly sides?: readonly StreamTable[];
  /** Names of the input's columns; without it those of the streams. */
  readonly columnNames?: readonly string[];
  /** The columns of the output: needed for jsonl, checked for arrow, given by the format else. */
  readonly outputs?: readonly WireColumn[];
  readonly args?: readonly string[];
  readonly seed: bigint;
  readonly partition?: number;
  readonly limits: GuestLimits;
  readonly accumulators?: AccumulatorBook;
  readonly breathe?: () => Promise<void>;
}

function fileOf(format: StreamFormat, side: StreamTable): Uint8Array {
  const file = new ByteBuffer();
  for (const piece of stdinPieces(format, side)) file.append(piece, 0, piece.length);
  return file.bytes.subarray(0, file.used);
}

function* startingWith<T>(first: T, rest: Iterator<T>): Iterable<T> {
  yield first;
  for (let next = rest.next(); next.done !== true; next = rest.next()) yield next.value;
}

const UTF8 = new TextEncoder();
const WARNING = 2;

/** The program runs as a whole. Given its rows by `batch`, it keeps them by reference until the end. */
export class StreamGuest implements Guest {
  readonly #module: WebAssembly.Module;
  readonly #options: StreamGuestOptions;
  readonly #streams: Uint8Array[] = [];
  readonly #log = new GuestLog();
  #outputBytes = 0;

  /** `module`: compiled from what admission returned. */
  constructor(module: WebAssembly.Module, options: StreamGuestOptions) {
    this.#module = module;
    this.#options = options;
  }

  async batch(stream: Uint8Array): Promise<readonly GuestOutput[]> {
    this.#streams.push(stream);
    return [];
  }

  async merge(): Promise<readonly GuestOutput[]> {
    throw authorError('guest-abi', 'A stream guest has no parts to merge.', 'Use it with mapPartitions.');
  }

  async endPartial(): Promise<readonly GuestOutput[]> {
    throw authorError('guest-abi', 'A stream guest has no partial result.', 'Use it with mapPartitions.');
  }

  async endFinal(): Promise<readonly GuestOutput[]> {
    await this.#options.breathe?.();
    const outputs: GuestOutput[] = [];
    this.whole(this.#streams, (output) => outputs.push(output));
    this.#streams.length = 0;
    return outputs;
  }

  readonly whole = (streams: Iterable<Uint8Array>, out: (output: GuestOutput) => void): void => {
    const { limits, inputFormat, outputFormat, outputs, args, seed, partition } = this.#options;
    const pass = ({ bytes, rows }: CanonicalStream): void => {
      if (rows > 0) out({ port: 0, stream: bytes, rows });
    };
    const { stream, counts } = runStreamTask({
      module: this.#module,
      table: this.#tableOf(streams),
      files: (this.#options.sides ?? []).map((side) => fileOf(inputFormat, side)),
      inputFormat,
      outputFormat,
      drain: pass,
      ...(outputs === undefined ? {} : { outputSchema: outputs }),
      ...(args === undefined ? {} : { args }),
      seed,
      partition: partition ?? 0,
      add: (name, amount) => this.#options.accumulators?.add(name, amount),
      log: (line) => this.#log.add(WARNING, UTF8.encode(line)),
      memoryMaxBytes: limits.memoryBytesMax,
      ...(limits.outputBytesMax === undefined ? {} : { limits: { outputBytes: limits.outputBytesMax } }),
      ...(limits.deadline === undefined ? {} : { deadline: { now: limits.deadline.nowMs, atMs: limits.deadline.atMs } }),
    });
    this.#outputBytes = counts.outputBytes;
    pass(stream);
  };

  close(): GuestReport {
    return {
      log: this.#log.lines,
      logDroppedBytes: this.#log.droppedBytes,
      outputBytes: this.#outputBytes,
      // The instance is gone when its program has ended.
      memoryBytes: 0,
    };
  }

  /** The first stream tells the columns. */
  #tableOf(streams: Iterable<Uint8Array>): StreamTable {
    const rest = streams[Symbol.iterator]();
    const { value: first, done } = rest.next();
    // Without a stream there is nothing to name.
    if (done === true) return { columns: [{ name: 'empty', wire: 'VARCHAR' }], streams: [] };
    const { schema } = parseStream(first);
    invariant(schema, 'a stream without a schema');
    const columns = readSchema(schema).map((column, i) => ({ ...column, name: this.#options.columnNames?.[i] ?? column.name }));
    return { columns, streams: startingWith(first, rest) };
  }
}
