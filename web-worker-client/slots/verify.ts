/** From coded slices to streams that may be trusted: decoded, of the promised length, with the promised digest. */
import { columnViews } from '../../shared/arrow/column-view.ts';
import { IpcError, type IpcStream, parseStream } from '../../shared/arrow/ipc.ts';
import { layoutOf } from '../../shared/arrow/layout.ts';
import { readSchema } from '../../shared/arrow/schema.ts';
import { sameSqlType } from '../../shared/arrow/types.ts';
import type { Slice } from '../../shared/plan/task.ts';
import { digestOfStream } from '../kernels/kernel-digest.ts';
import type { CodedSlice } from './api.ts';

export type Unzstd = (coded: Uint8Array) => Uint8Array;

/** A slice is not what its digest or its plan says. */
export class CorruptSlice extends Error {
  override name = 'CorruptSlice';
  readonly slice: Slice;

  constructor(slice: Slice, what: string) {
    super(`block ${slice.blockId.slice(0, 12)}, bucket ${slice.bucket}: ${what}`);
    this.slice = slice;
  }
}

/**
 * Uncompressed size that a zstd frame's header declares, or undefined where it has none. Read before decoding, because the decoder
 * allocates what the header says. Format: RFC 8878, section 3.1.1.
 */
export function zstdFrameBytes(coded: Uint8Array): number | undefined {
  if (coded.length < 9) return undefined;
  const view = new DataView(coded.buffer, coded.byteOffset, coded.byteLength);
  if (view.getUint32(0, true) !== 0xfd2fb528) return undefined;
  const descriptor = view.getUint8(4);
  const single = (descriptor >> 5) & 1;
  const sizeFlag = descriptor >> 6;
  const at = 5 + (1 - single) + ([0, 1, 2, 4][descriptor & 3] ?? 0);
  const width = sizeFlag === 0 ? single : 1 << sizeFlag;
  if (width === 0 || at + width > coded.length) return undefined;
  if (width === 1) return view.getUint8(at);
  if (width === 2) return view.getUint16(at, true) + 256;
  if (width === 4) return view.getUint32(at, true);
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 4294967296;
}

function decoded(coded: CodedSlice, expected: Slice, unzstd: Unzstd): Uint8Array {
  if (coded.codec === 'raw') return coded.bytes;
  if (zstdFrameBytes(coded.bytes) !== expected.bytes) throw new CorruptSlice(expected, 'its compressed frame has another size');
  try {
    return unzstd(coded.bytes);
  } catch {
    throw new CorruptSlice(expected, 'it can not be decompressed');
  }
}

/** The bytes of a slice, whatever they are. Throws CorruptSlice when they are not what the plan says. */
export function verifiedBytes(coded: CodedSlice, expected: Slice, unzstd: Unzstd): Uint8Array {
  const bytes = decoded(coded, expected, unzstd);
  if (bytes.length !== expected.bytes)
    throw new CorruptSlice(expected, `${bytes.length} bytes where ${expected.bytes} were expected`);
  if (bytes.length === 0 || digestOfStream(bytes) !== expected.digest) throw new CorruptSlice(expected, 'its digest differs');
  return bytes;
}

/**
 * The stream of a slice, whose columns must have exactly the types `wires`. Throws CorruptSlice when anything about it differs from
 * what the plan says: the bytes must be got again, or made again.
 */
export function verifiedStream(coded: CodedSlice, expected: Slice, wires: readonly string[], unzstd: Unzstd): IpcStream {
  const bytes = verifiedBytes(coded, expected, unzstd);
  try {
    const stream = parseStream(bytes);
    const found = stream.schema === undefined ? [] : readSchema(stream.schema);
    const same = found.length === wires.length && found.every((column, i) => sameSqlType(column.wire, wires[i] ?? ''));
    if (!same) throw new IpcError(`it has the columns ${found.map((c) => c.wire).join(', ')}, the plan says ${wires.join(', ')}`);
    const layouts = wires.map(layoutOf);
    for (const batch of stream.batches) columnViews(stream.bytes, batch, layouts);
    return stream;
  } catch (error) {
    if (error instanceof IpcError) throw new CorruptSlice(expected, error.message);
    throw error;
  }
}
