/** Reads record files: their headers, whole slices, and large slices piece by piece. */
import type { FileHandle } from 'node:fs/promises';
import { decodeRecordHeader, type RecordEntry, type RecordHeader, recordHeaderBytes } from '../../shared/arrow/record.ts';
import type { BlockId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import { BlockError } from './errors.ts';
import type { OpenSlice } from './relay-kept.ts';

/** Most reads of small blocks need no second read after this one. */
const FIRST_READ_BYTES = 16 * 1024;

export interface FoundSlice {
  readonly header: RecordHeader;
  readonly entry: RecordEntry;
  /** The bytes of the slice when they came with the header. */
  readonly bytes: Uint8Array | undefined;
}

/** Undefined when the record has no such bucket. @throws BlockError `corrupt`, or as Node's file system does */
export async function findSlice(
  file: FileHandle,
  blockId: BlockId,
  bucket: number,
  cached: RecordHeader | undefined,
): Promise<FoundSlice | undefined> {
  const first = cached ? undefined : await readAt(file, 0, FIRST_READ_BYTES);
  const header = cached ?? (await readHeader(file, blockId, first ?? new Uint8Array(0)));
  const entry = header.buckets[bucket];
  if (!entry) return undefined;
  const whole = first !== undefined && entry.offset + entry.storedBytes <= first.length;
  return { header, entry, bytes: whole ? first.subarray(entry.offset, entry.offset + entry.storedBytes) : undefined };
}

/** All bytes of a slice. @throws BlockError `corrupt` */
export async function readWhole(file: FileHandle, blockId: BlockId, entry: RecordEntry): Promise<Uint8Array> {
  const bytes = await readAt(file, entry.offset, entry.storedBytes);
  if (bytes.length !== entry.storedBytes) throw cutShort(blockId);
  return bytes;
}

/** The slice of an open file, which it closes. `bytes`: the slice, where it was read already. */
export function openEntry(
  file: FileHandle,
  blockId: BlockId,
  entry: RecordEntry,
  bytes: Uint8Array | undefined,
): OpenSlice & { readonly rows: number } {
  let closed = false;
  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    await file.close();
  };
  return {
    codec: entry.codec,
    digest: entry.digest,
    storedBytes: entry.storedBytes,
    rawBytes: entry.bytes,
    rows: entry.rows,
    close,
    async readInto(at, target) {
      if (bytes) target.set(bytes.subarray(at, at + target.length));
      else if ((await fill(file, target, entry.offset + at)) < target.length) throw cutShort(blockId);
    },
    async some(at) {
      if (bytes) return [bytes.subarray(at)];
      const piece = await readAt(file, entry.offset + at, Math.min(LIMITS.pieceBytes, entry.storedBytes - at));
      if (piece.length === 0) throw cutShort(blockId);
      return [piece];
    },
    async *pieces() {
      try {
        if (bytes) {
          yield bytes;
          return;
        }
        for (let done = 0; done < entry.storedBytes; ) {
          const piece = await readAt(file, entry.offset + done, Math.min(LIMITS.pieceBytes, entry.storedBytes - done));
          if (piece.length === 0) throw cutShort(blockId);
          done += piece.length;
          yield piece;
        }
      } finally {
        await close();
      }
    },
  };
}

/** Fewer bytes only where the file ends. */
export async function readAt(file: FileHandle, position: number, bytes: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(bytes);
  return buffer.subarray(0, await fill(file, buffer, position));
}

/** Answers how many bytes there were. */
async function fill(file: FileHandle, target: Uint8Array, position: number): Promise<number> {
  let filled = 0;
  while (filled < target.length) {
    const { bytesRead } = await file.read(target, filled, target.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

async function readHeader(file: FileHandle, blockId: BlockId, prefix: Uint8Array): Promise<RecordHeader> {
  try {
    const needed = recordHeaderBytes(prefix);
    return decodeRecordHeader(needed <= prefix.length ? prefix : await readAt(file, 0, needed));
  } catch (error) {
    throw new BlockError('corrupt', `The file of block ${blockId} has no readable header.`, error);
  }
}

function cutShort(blockId: BlockId): BlockError {
  return new BlockError('corrupt', `The file of block ${blockId} is cut short.`);
}
