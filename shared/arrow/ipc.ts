/**
 * Arrow IPC streams without a library: parsing in place, and record batch messages laid out by hand so that equal batches have
 * equal bytes (metadata and padding are written or zero). Only what Muster moves: little endian, no dictionaries, no compression.
 * Format: https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc
 */
import { FlatbufferReader } from './flatbuffer.ts';

/** Bytes that are no Arrow IPC stream that Muster can read; what is wrong stands in the message. */
export class IpcError extends Error {
  override name = 'IpcError';
}

/** End of stream: a continuation mark and length zero. */
export const END_OF_STREAM: Uint8Array = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);

/** Buffers begin at multiples of this within a message body. */
export const BUFFER_ALIGNMENT = 64;

export const aligned = (bytes: number): number => Math.ceil(bytes / BUFFER_ALIGNMENT) * BUFFER_ALIGNMENT;

/** One record batch, in place. */
export interface IpcBatch {
  readonly rows: number;
  /** Length and null count of each node, in pairs. */
  readonly nodes: readonly number[];
  /** Offset (from the start of the parsed bytes) and length of each buffer, in pairs. */
  readonly buffers: readonly number[];
}

export interface IpcStream {
  readonly bytes: Uint8Array;
  /** The whole schema message with its length prefix; undefined in a piece that has none. */
  readonly schema: Uint8Array | undefined;
  readonly batches: readonly IpcBatch[];
}

const HEADER_SCHEMA = 1;
const HEADER_RECORD_BATCH = 3;

function readBatch(meta: FlatbufferReader, header: number, bodyAt: number, bodyBytes: number): IpcBatch {
  if (meta.field(header, 3) !== 0) throw new IpcError('compressed record batches are not supported');
  const nodes: number[] = [];
  const nodeVector = meta.target(header, 1);
  for (let i = 0; i < meta.vectorLength(nodeVector); i++) {
    nodes.push(meta.wordAt(nodeVector + 4 + 16 * i), meta.wordAt(nodeVector + 12 + 16 * i));
  }
  const buffers: number[] = [];
  const bufferVector = meta.target(header, 2);
  for (let i = 0; i < meta.vectorLength(bufferVector); i++) {
    const offset = meta.wordAt(bufferVector + 4 + 16 * i);
    const length = meta.wordAt(bufferVector + 12 + 16 * i);
    if (offset + length > bodyBytes) throw new IpcError('a buffer runs past the end of its record batch');
    buffers.push(bodyAt + offset, length);
  }
  return { rows: meta.int64(header, 0), nodes, buffers };
}

/** Parses messages up to the end-of-stream mark or the end of the bytes; copies nothing. Throws IpcError. */
function parseMessages(bytes: Uint8Array): IpcStream {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let schema: Uint8Array | undefined;
  const batches: IpcBatch[] = [];
  let at = 0;
  while (at + 8 <= bytes.length) {
    const start = at;
    if (view.getUint32(at, true) !== 0xffffffff) throw new IpcError('a message does not begin with the continuation mark');
    const metaBytes = view.getInt32(at + 4, true);
    if (metaBytes === 0) break;
    const bodyAt = at + 8 + metaBytes;
    if (metaBytes < 0 || bodyAt > bytes.length) throw new IpcError('the stream ends within a message');
    const meta = new FlatbufferReader(bytes.subarray(at + 8, bodyAt));
    const message = meta.root();
    const headerType = meta.int8(message, 1);
    const bodyBytes = meta.int64(message, 3);
    if (bodyAt + bodyBytes > bytes.length) throw new IpcError('the stream ends within a message body');
    if (headerType === HEADER_SCHEMA) schema = bytes.subarray(start, bodyAt);
    else if (headerType === HEADER_RECORD_BATCH) batches.push(readBatch(meta, meta.target(message, 2), bodyAt, bodyBytes));
    else throw new IpcError(`messages of kind ${headerType} are not supported (dictionaries must be expanded)`);
    at = bodyAt + bodyBytes;
  }
  return { bytes, schema, batches };
}

/** Parses a stream, or a piece of one (a schema message alone, or batches without a schema). Throws IpcError. */
export function parseStream(bytes: Uint8Array): IpcStream {
  try {
    return parseMessages(bytes);
  } catch (error) {
    if (error instanceof RangeError) throw new IpcError(`the stream is damaged: ${error.message}`);
    throw error;
  }
}

export function streamRows(stream: IpcStream): number {
  return stream.batches.reduce((sum, batch) => sum + batch.rows, 0);
}

const FILE_MAGIC = 'ARROW1';

/** The stream inside an IPC file, in place. Bytes that are no IPC file are returned as they are. */
export function fileToStream(bytes: Uint8Array): Uint8Array {
  const magicAt = bytes.length - FILE_MAGIC.length;
  if (bytes.length < 18) return bytes;
  for (let i = 0; i < FILE_MAGIC.length; i++) {
    const code = FILE_MAGIC.charCodeAt(i);
    if (bytes[i] !== code || bytes[magicAt + i] !== code) return bytes;
  }
  const footerBytes = new DataView(bytes.buffer, bytes.byteOffset + magicAt - 4, 4).getInt32(0, true);
  const end = magicAt - 4 - footerBytes;
  if (footerBytes < 0 || end < 8) throw new IpcError('the footer of an Arrow file is damaged');
  return bytes.subarray(8, end);
}

/** Bytes of a record batch message before its body. */
export function batchMessageBytes(nodes: number, buffers: number): number {
  return 8 + 80 + 16 * nodes + 16 * buffers;
}

export interface BatchLayout {
  readonly rows: number;
  /** Length and null count, in pairs. */
  readonly nodes: readonly number[];
  /** Offset within the body and length, in pairs. */
  readonly buffers: readonly number[];
  readonly bodyBytes: number;
}

/**
 * Writes a record batch message (all but its body) at `at` and returns its length. The flatbuffer always has this shape:
 * root 0, vtable of Message 4, Message 16, vtable of RecordBatch 38, RecordBatch 48, nodes 68, buffers 76 + 16 * nodes.
 */
export function writeBatchMessage(view: DataView, at: number, batch: BatchLayout): number {
  const nodes = batch.nodes.length / 2;
  const buffers = batch.buffers.length / 2;
  const total = batchMessageBytes(nodes, buffers);
  const base = at + 8;
  const u16 = (place: number, value: number): void => view.setUint16(base + place, value, true);
  const u32 = (place: number, value: number): void => view.setUint32(base + place, value, true);
  const u64 = (place: number, value: number): void => {
    u32(place, value % 4294967296);
    u32(place + 4, Math.floor(value / 4294967296));
  };
  view.setUint32(at, 0xffffffff, true);
  view.setUint32(at + 4, total - 8, true);
  u32(0, 16);
  // Message {version: V5, header: RecordBatch, bodyLength}.
  u16(4, 12);
  u16(6, 20);
  u16(8, 16);
  u16(10, 18);
  u16(12, 4);
  u16(14, 8);
  u32(16, 12);
  u32(20, 48 - 20);
  u64(24, batch.bodyBytes);
  u16(32, 4);
  u16(34, HEADER_RECORD_BATCH);
  u16(36, 0);
  // RecordBatch {length, nodes, buffers}.
  u16(38, 10);
  u16(40, 20);
  u16(42, 8);
  u16(44, 4);
  u16(46, 16);
  u32(48, 10);
  u32(52, 68 - 52);
  u64(56, batch.rows);
  u32(64, 76 + 16 * nodes - 64);
  u32(68, nodes);
  for (let i = 0; i < batch.nodes.length; i++) u64(72 + 8 * i, batch.nodes[i] ?? 0);
  const vector = 72 + 16 * nodes;
  u32(vector, 0);
  u32(vector + 4, buffers);
  for (let i = 0; i < batch.buffers.length; i++) u64(vector + 8 + 8 * i, batch.buffers[i] ?? 0);
  return total;
}
