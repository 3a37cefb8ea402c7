/** What a stream guest wrote (S-40..S-46), as columns: in canonical form, checked, whatever pieces it came in. */
import { ByteBuffer } from '../../shared/arrow/byte-buffer.ts';
import { Canonicaliser, type CanonicalStream, canonicalStream } from '../../shared/arrow/canonical.ts';
import { columnViews } from '../../shared/arrow/column-view.ts';
import { IpcError, parseStream } from '../../shared/arrow/ipc.ts';
import { layoutOf } from '../../shared/arrow/layout.ts';
import { readSchema, type WireColumn } from '../../shared/arrow/schema.ts';
import { wireTypeOf } from '../../shared/arrow/types.ts';
import { authorError } from '../../shared/guest/guest-error.ts';
import { checkOffsets, sealStream } from './checked-columns.ts';
import { jsonLines } from './json-lines.ts';
import { plainLines, tabbedLines } from './line-columns.ts';
import type { StreamFormat } from './run-stream.ts';

/** Lines are cut into columns when this much has come. */
const BLOCK_BYTES = 256 * 1024;
/** So much of them is handed on at once. */
const DRAIN_BYTES = 4 * 1024 * 1024;
const LINE_FEED = 10;

type Drain = (stream: CanonicalStream) => void;

export interface StdoutReader {
  /** Copies the bytes. Throws GuestError as soon as something in them is wrong. */
  write(bytes: Uint8Array): void;
  /** Ends the output. Throws GuestError. */
  finish(): { readonly columns: readonly WireColumn[]; readonly stream: CanonicalStream };
}

const LINES: readonly WireColumn[] = [{ name: 'line', wire: 'VARCHAR' }];
const TSV: readonly WireColumn[] = [
  { name: 'key', wire: 'VARCHAR' },
  { name: 'value', wire: 'VARCHAR' },
];
const RAW: readonly WireColumn[] = [{ name: 'bytes', wire: 'BLOB' }];

/** The columns of a format's rows; undefined where only the job can tell (jsonl), or the guest may (arrow). */
export function columnsOfFormat(format: StreamFormat): readonly WireColumn[] | undefined {
  return { lines: LINES, tsv: TSV, raw: RAW, jsonl: undefined, arrow: undefined }[format];
}

/**
 * `schema`: needed for jsonl; with arrow the types that must come; without meaning for the others. `drain`: gets rows of lines as they come,
 * and `finish` what is left.
 */
export function stdoutReader(format: StreamFormat, schema?: readonly WireColumn[], drain?: Drain): StdoutReader {
  switch (format) {
    case 'lines':
      return new LineReader(LINES, plainLines, drain);
    case 'tsv':
      return new LineReader(TSV, tabbedLines, drain);
    case 'jsonl': {
      if (schema === undefined || schema.length === 0) throw new TypeError('output as jsonl needs a schema');
      return new LineReader(schema, jsonLines(schema), drain);
    }
    case 'arrow':
      return new ArrowReader(schema);
    case 'raw':
      return new RawReader();
  }
}

/** Appends whole lines (each with its line feed, but perhaps the last) to columns; returns how many rows they made. */
export type LineBlock = (lines: Uint8Array, rowsBefore: number, rows: Canonicaliser) => number;

class LineReader implements StdoutReader {
  readonly #columns: readonly WireColumn[];
  readonly #block: LineBlock;
  readonly #rows: Canonicaliser;
  readonly #drain: Drain | undefined;
  #waiting = new ByteBuffer(2 * BLOCK_BYTES);
  #lines = 0;
  /** Of the rows at hand. */
  #bytes = 0;

  constructor(columns: readonly WireColumn[], block: LineBlock, drain: Drain | undefined) {
    this.#drain = drain;
    this.#columns = columns;
    this.#block = block;
    this.#rows = new Canonicaliser(columns);
  }

  write(bytes: Uint8Array): void {
    this.#waiting.append(bytes, 0, bytes.length);
    if (this.#waiting.used < BLOCK_BYTES) return;
    // A block ends at the last line feed; while none comes, it grows.
    const last = bytes.lastIndexOf(LINE_FEED);
    if (last < 0) return;
    this.#cut(this.#waiting.used - bytes.length + last + 1);
  }

  finish(): { columns: readonly WireColumn[]; stream: CanonicalStream } {
    if (this.#waiting.used > 0) this.#cut(this.#waiting.used);
    return { columns: this.#columns, stream: this.#take() };
  }

  #take(): CanonicalStream {
    const before = this.#lines - this.#rows.rows;
    const stream = this.#rows.take();
    sealStream(stream, this.#columns, before);
    return stream;
  }

  #cut(end: number): void {
    const { bytes, used } = this.#waiting;
    this.#lines += this.#block(bytes.subarray(0, end), this.#lines, this.#rows);
    const rest = new ByteBuffer(Math.max(2 * BLOCK_BYTES, used - end));
    rest.append(bytes, end, used);
    this.#waiting = rest;
    this.#bytes += end;
    if (this.#drain === undefined || this.#bytes < DRAIN_BYTES) return;
    this.#bytes = 0;
    this.#drain(this.#take());
  }
}

class ArrowReader implements StdoutReader {
  readonly #expected: readonly WireColumn[] | undefined;
  readonly #bytes = new ByteBuffer(BLOCK_BYTES);

  constructor(expected: readonly WireColumn[] | undefined) {
    this.#expected = expected;
  }

  write(bytes: Uint8Array): void {
    this.#bytes.append(bytes, 0, bytes.length);
  }

  finish(): { columns: readonly WireColumn[]; stream: CanonicalStream } {
    try {
      const bytes = this.#bytes.bytes.subarray(0, this.#bytes.used);
      const parsed = parseStream(bytes);
      if (parsed.schema === undefined) throw new IpcError('it has no schema');
      const found = readSchema(parsed.schema);
      for (const { wire } of found) wireTypeOf(wire);
      const columns = this.#expected ?? found;
      const layouts = found.map((column) => layoutOf(column.wire));
      for (const batch of parsed.batches) {
        for (const view of columnViews(bytes, batch, layouts)) checkOffsets(view);
      }
      const stream = canonicalStream(columns, [bytes]);
      sealStream(stream, columns);
      return { columns, stream };
    } catch (error) {
      if (!(error instanceof IpcError)) throw error;
      throw authorError(
        'guest-format',
        `The program's output is no Arrow IPC stream that Muster takes: ${error.message}.`,
        'Write one stream (not a file) of little-endian batches, without dictionaries and without compression.',
      );
    }
  }
}

class RawReader implements StdoutReader {
  readonly #bytes = new ByteBuffer();

  write(bytes: Uint8Array): void {
    this.#bytes.append(bytes, 0, bytes.length);
  }

  finish(): { columns: readonly WireColumn[]; stream: CanonicalStream } {
    const rows = new Canonicaliser(RAW);
    const { bytes, used } = this.#bytes;
    const view = { rows: 1, validity: null, offsets: Int32Array.of(0, used), data: bytes.subarray(0, used), children: [] };
    if (used > 0) rows.addColumns([view], 1);
    return { columns: RAW, stream: rows.finish() };
  }
}
