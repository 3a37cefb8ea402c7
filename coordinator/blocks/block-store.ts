/**
 * Blocks on the coordinator's disk, one file each: `<dir>/<first two digits>/<block id>`, a record (shared/arrow/record.ts).
 * A file appears whole or not at all, and is never changed: what is listed at the start is what was put.
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeRecordHeader, type RecordHeader, recordHeaderBytes } from '../../shared/arrow/record.ts';
import { type BlockId, type Digest, isHex64 } from '../../shared/ids.ts';
import type { Codec } from '../../shared/protocol/data.ts';
import { asBlockError, BlockError, errnoOf } from './errors.ts';
import { verifySlice } from './verify.ts';

/** A slice as it is stored: coded. */
export interface StoredSlice {
  readonly codec: Codec;
  readonly bytes: Uint8Array;
  /** Uncompressed bytes. */
  readonly rawBytes: number;
  readonly rows: number;
  /** Of the uncompressed bytes. */
  readonly digest: Digest;
}

export interface BlockStoreOptions {
  /** Bytes of files it may hold; absent: as many as the disk has. */
  readonly capBytes?: number;
}

/** Most reads of small blocks need no second read after this one. */
const FIRST_READ_BYTES = 16 * 1024;
const HEADERS_CACHED = 20_000;
const TEMPORARY = 'incoming';

export class BlockStore {
  readonly #dir: string;
  readonly #capBytes: number;
  readonly #sizes: Map<BlockId, number>;
  readonly #headers = new Map<BlockId, RecordHeader>();
  #bytes: number;

  private constructor(dir: string, capBytes: number, sizes: Map<BlockId, number>) {
    this.#dir = dir;
    this.#capBytes = capBytes;
    this.#sizes = sizes;
    this.#bytes = 0;
    for (const size of sizes.values()) this.#bytes += size;
  }

  /** Lists what is there; what a killed process left unfinished is removed. @throws BlockError `io` */
  static async open(dir: string, options: BlockStoreOptions = {}): Promise<BlockStore> {
    try {
      await rm(join(dir, TEMPORARY), { recursive: true, force: true });
      await mkdir(join(dir, TEMPORARY), { recursive: true });
      return new BlockStore(dir, options.capBytes ?? Number.POSITIVE_INFINITY, await listBlocks(dir));
    } catch (error) {
      throw asBlockError(error, `opening the blocks in ${dir}`);
    }
  }

  has(blockId: BlockId): boolean {
    return this.#sizes.has(blockId);
  }

  ids(): BlockId[] {
    return [...this.#sizes.keys()];
  }

  usage(): { readonly blocks: number; readonly bytes: number; readonly capBytes: number } {
    return { blocks: this.#sizes.size, bytes: this.#bytes, capBytes: this.#capBytes };
  }

  /** A folder on the store's own file system for files that `adopt` will take over; gone at the next start. */
  async scratch(): Promise<string> {
    const path = join(this.#dir, TEMPORARY, randomBytes(9).toString('hex'));
    await mkdir(path, { recursive: true });
    return path;
  }

  /** Stores a record; a block that is there already is replaced at once, for readers too. @throws BlockError */
  async put(blockId: BlockId, record: Uint8Array): Promise<void> {
    const path = join(this.#dir, TEMPORARY, `${blockId}-${randomBytes(6).toString('hex')}`);
    this.#checkRoom(record.length, blockId);
    try {
      await writeFile(path, record);
      await this.#moveIn(blockId, path, record.length);
    } catch (error) {
      await rm(path, { force: true });
      throw asBlockError(error, `storing block ${blockId}`);
    }
  }

  /** Takes over a finished record file; answers false, and removes the file, when the block is there already. @throws BlockError */
  async adopt(blockId: BlockId, path: string): Promise<boolean> {
    try {
      if (this.#sizes.has(blockId)) {
        await rm(path, { force: true });
        return false;
      }
      const { size } = await stat(path);
      this.#checkRoom(size, blockId);
      await this.#moveIn(blockId, path, size);
      return true;
    } catch (error) {
      throw asBlockError(error, `storing block ${blockId}`);
    }
  }

  /**
   * One slice, reading only its bytes; undefined when the store has no such block or bucket.
   * @throws BlockError `corrupt` when the file is damaged or, with `verify`, the bytes are not those of the digest
   */
  async readSlice(blockId: BlockId, bucket: number, options: { verify?: boolean } = {}): Promise<StoredSlice | undefined> {
    if (!this.#sizes.has(blockId)) return undefined;
    let file: FileHandle;
    try {
      file = await open(this.#pathOf(blockId), 'r');
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') {
        this.#forget(blockId);
        return undefined;
      }
      throw asBlockError(error, `reading block ${blockId}`);
    }
    try {
      const slice = await this.#readOpen(file, blockId, bucket);
      if (slice && options.verify) await verifySlice(slice, `block ${blockId}`);
      return slice;
    } catch (error) {
      throw asBlockError(error, `reading block ${blockId}`);
    } finally {
      await file.close();
    }
  }

  /** Unknown ids are ignored. */
  async delete(blockIds: Iterable<BlockId>): Promise<void> {
    for (const blockId of blockIds) {
      if (!this.#forget(blockId)) continue;
      await unlink(this.#pathOf(blockId)).catch((error: unknown) => {
        if (errnoOf(error) !== 'ENOENT') throw asBlockError(error, `deleting block ${blockId}`);
      });
    }
  }

  /** Deletes every block that is not in `keep`; answers how many. */
  async sweep(keep: ReadonlySet<string>): Promise<number> {
    const stale = this.ids().filter((blockId) => !keep.has(blockId));
    await this.delete(stale);
    return stale.length;
  }

  async #readOpen(file: FileHandle, blockId: BlockId, bucket: number): Promise<StoredSlice | undefined> {
    const cached = this.#headers.get(blockId);
    const first = cached ? undefined : await readAt(file, 0, FIRST_READ_BYTES);
    const header = cached ?? (await this.#readHeader(file, blockId, first ?? new Uint8Array(0)));
    const entry = header.buckets[bucket];
    if (!entry) return undefined;
    const inFirst = first && entry.offset + entry.storedBytes <= first.length;
    const bytes = inFirst
      ? first.subarray(entry.offset, entry.offset + entry.storedBytes)
      : await readAt(file, entry.offset, entry.storedBytes);
    if (bytes.length !== entry.storedBytes) throw new BlockError('corrupt', `The file of block ${blockId} is cut short.`);
    return { codec: entry.codec, bytes, rawBytes: entry.bytes, rows: entry.rows, digest: entry.digest };
  }

  async #readHeader(file: FileHandle, blockId: BlockId, prefix: Uint8Array): Promise<RecordHeader> {
    let header: RecordHeader;
    try {
      const needed = recordHeaderBytes(prefix);
      header = decodeRecordHeader(needed <= prefix.length ? prefix : await readAt(file, 0, needed));
    } catch (error) {
      throw new BlockError('corrupt', `The file of block ${blockId} has no readable header.`, error);
    }
    if (this.#headers.size >= HEADERS_CACHED) {
      const oldest = this.#headers.keys().next();
      if (!oldest.done) this.#headers.delete(oldest.value);
    }
    this.#headers.set(blockId, header);
    return header;
  }

  async #moveIn(blockId: BlockId, path: string, size: number): Promise<void> {
    const target = this.#pathOf(blockId);
    try {
      await rename(path, target);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      await mkdir(join(this.#dir, blockId.slice(0, 2)), { recursive: true });
      await rename(path, target);
    }
    this.#forget(blockId);
    this.#sizes.set(blockId, size);
    this.#bytes += size;
  }

  #forget(blockId: BlockId): boolean {
    const size = this.#sizes.get(blockId);
    if (size === undefined) return false;
    this.#sizes.delete(blockId);
    this.#headers.delete(blockId);
    this.#bytes -= size;
    return true;
  }

  #checkRoom(extra: number, blockId: BlockId): void {
    const replaced = this.#sizes.get(blockId) ?? 0;
    if (this.#bytes - replaced + extra <= this.#capBytes) return;
    throw new BlockError(
      'disk-full',
      `The coordinator keeps at most ${this.#capBytes} bytes of blocks, and block ${blockId} would exceed that.`,
    );
  }

  #pathOf(blockId: BlockId): string {
    return join(this.#dir, blockId.slice(0, 2), blockId);
  }
}

async function listBlocks(dir: string): Promise<Map<BlockId, number>> {
  const sizes = new Map<BlockId, number>();
  for (const folder of await readdir(dir)) {
    if (!/^[0-9a-f]{2}$/.test(folder)) continue;
    const names = (await readdir(join(dir, folder))).filter((name) => isHex64(name));
    const found = await Promise.all(names.map(async (name) => [name, (await stat(join(dir, folder, name))).size] as const));
    for (const [name, size] of found) sizes.set(name as BlockId, size);
  }
  return sizes;
}

async function readAt(file: FileHandle, position: number, bytes: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(bytes);
  let filled = 0;
  while (filled < bytes) {
    const { bytesRead } = await file.read(buffer, filled, bytes - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
