/**
 * Blocks on the coordinator's disk, one file each: `<dir>/<first two digits>/<block id>`, a record (shared/arrow/record.ts).
 * A file appears whole or not at all, and is never changed: what is listed at the start is what was put.
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeRecordHeader, type RecordHeader, type RecordLine } from '../../shared/arrow/record.ts';
import type { Accumulators } from '../../shared/guest/accumulators.ts';
import type { BlockId, Digest } from '../../shared/ids.ts';
import type { Codec } from '../../shared/protocol/data.ts';
import { blockPath, goingFor, listBlocks } from './block-folder.ts';
import { asBlockError, BlockError, errnoOf } from './errors.ts';
import { type CreateFile, createFile, writeAtOnce } from './files.ts';
import { FreshRecords } from './fresh-records.ts';
import { findSlice, openEntry, readWhole } from './record-files.ts';
import { RecordWriter } from './record-writer.ts';
import type { OpenSlice } from './relay-kept.ts';
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
  readonly create?: CreateFile;
}

/** Who knows which blocks may go when there is no room for others. */
export interface Evictor {
  /** Asked once for each time that room is made. */
  readonly mayGo: () => (blockId: BlockId) => boolean;
  /** Told at once; the file follows. */
  readonly gone: (blockId: BlockId) => void;
}

const HEADERS_CACHED = 20_000;
const TEMPORARY = 'incoming';
/** Records up to this size are written while the event loop waits, where files are made in the usual way. */
const AT_ONCE_BYTES = 64 * 1024;

export class BlockStore {
  readonly #dir: string;
  readonly #capBytes: number;
  readonly #create: CreateFile;
  readonly #atOnceBytes: number;
  /** Bytes of files; the one used longest ago first. */
  readonly #sizes: Map<BlockId, number>;
  readonly #fresh = new FreshRecords();
  readonly #headers = new Map<BlockId, RecordHeader>();
  #evictor: Evictor = { mayGo: () => () => false, gone: () => undefined };
  #bytes: number;
  /** Promised to records that are being written. */
  #reservedBytes = 0;
  /** Files that are not listed any more and still take room. */
  #deleting: Promise<unknown> = Promise.resolve();

  private constructor(dir: string, options: BlockStoreOptions, sizes: Map<BlockId, number>) {
    this.#dir = dir;
    this.#capBytes = options.capBytes ?? Number.POSITIVE_INFINITY;
    this.#create = options.create ?? createFile;
    this.#atOnceBytes = options.create ? 0 : AT_ONCE_BYTES;
    this.#sizes = sizes;
    this.#bytes = 0;
    for (const size of sizes.values()) this.#bytes += size;
  }

  /** Lists what is there; what a killed process left unfinished is removed. @throws BlockError `io` */
  static async open(dir: string, options: BlockStoreOptions = {}): Promise<BlockStore> {
    try {
      await rm(join(dir, TEMPORARY), { recursive: true, force: true });
      await mkdir(join(dir, TEMPORARY), { recursive: true });
      return new BlockStore(dir, options, await listBlocks(dir));
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

  /** Without one, nothing is given up for new blocks. */
  evictWith(evictor: Evictor): void {
    this.#evictor = evictor;
  }

  /**
   * A record to be written piece by piece; a block that is there already is replaced at once when it is finished, for readers too.
   * @throws BlockError `disk-full` when it has no room, `io`
   */
  async create(blockId: BlockId, buckets: readonly RecordLine[], accumulators?: Accumulators): Promise<RecordWriter> {
    const header = encodeRecordHeader(buckets, accumulators);
    const size = buckets.reduce((sum, bucket) => sum + bucket.storedBytes, header.length);
    await this.#makeRoom(size, blockId);
    this.#reservedBytes += size;
    await this.#deleting;
    const path = join(this.#dir, TEMPORARY, `${blockId}-${randomBytes(6).toString('hex')}`);
    const failed = (error: unknown): BlockError => asBlockError(error, `storing block ${blockId}`);
    const abandon = async (): Promise<void> => {
      this.#reservedBytes -= size;
      await rm(path, { force: true });
    };
    const commit = async (): Promise<void> => {
      await this.#moveIn(blockId, path, size);
      this.#reservedBytes -= size;
    };
    try {
      return new RecordWriter(header, buckets, { path, file: await this.#create(path), commit, abandon, failed });
    } catch (error) {
      await abandon();
      throw failed(error);
    }
  }

  /** Stores a record that is in memory whole, as `create` does. @throws BlockError */
  async put(blockId: BlockId, record: Uint8Array): Promise<void> {
    const path = join(this.#dir, TEMPORARY, `${blockId}-${randomBytes(6).toString('hex')}`);
    try {
      await this.#makeRoom(record.length, blockId);
      if (record.length <= this.#atOnceBytes) {
        writeAtOnce(path, this.#pathOf(blockId), record);
        this.#list(blockId, record.length);
        this.#fresh.put(blockId, record);
        return;
      }
      const file = await this.#create(path);
      try {
        await file.write([record], 0);
      } finally {
        await file.close();
      }
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
      await this.#makeRoom(size, blockId);
      await this.#moveIn(blockId, path, size);
      return true;
    } catch (error) {
      throw asBlockError(error, `storing block ${blockId}`);
    }
  }

  /** One slice of a small block that was put a moment ago; its bytes must not be changed. */
  freshSlice(blockId: BlockId, bucket: number): StoredSlice | undefined {
    return this.#fresh.slice(blockId, bucket);
  }

  /**
   * One slice, reading only its bytes; undefined when the store has no such block or bucket.
   * @throws BlockError `corrupt` when the file is damaged or, with `verify`, the bytes are not those of the digest
   */
  async readSlice(blockId: BlockId, bucket: number, options: { verify?: boolean } = {}): Promise<StoredSlice | undefined> {
    const file = await this.#open(blockId);
    if (!file) return undefined;
    try {
      const found = await this.#find(file, blockId, bucket);
      if (!found) return undefined;
      const { codec, bytes: rawBytes, rows, digest } = found.entry;
      const slice = { codec, rawBytes, rows, digest, bytes: found.bytes ?? (await readWhole(file, blockId, found.entry)) };
      if (options.verify) await verifySlice(slice, `block ${blockId}`);
      return slice;
    } catch (error) {
      throw asBlockError(error, `reading block ${blockId}`);
    } finally {
      await file.close();
    }
  }

  /** One slice to be read piece by piece; the file stays open until it is read or closed. @throws BlockError as `readSlice` */
  async openSlice(blockId: BlockId, bucket: number): Promise<(OpenSlice & { readonly rows: number }) | undefined> {
    const file = await this.#open(blockId);
    if (!file) return undefined;
    try {
      const found = await this.#find(file, blockId, bucket);
      if (found) return openEntry(file, blockId, found.entry, found.bytes);
    } catch (error) {
      await file.close();
      throw asBlockError(error, `reading block ${blockId}`);
    }
    await file.close();
    return undefined;
  }

  /** Unknown ids are ignored. None is listed any more at once; what is created from now on finds their room. */
  delete(blockIds: Iterable<BlockId>): Promise<void> {
    const known = [...blockIds].filter((blockId) => this.#forget(blockId));
    if (known.length === 0) return Promise.resolve();
    const deleted = this.#unlink(known);
    // Whoever asked is told of an error.
    this.#deleting = Promise.all([this.#deleting, deleted.catch(() => undefined)]);
    return deleted;
  }

  async #unlink(blockIds: readonly BlockId[]): Promise<void> {
    for (const blockId of blockIds) {
      // It may have come again meanwhile.
      if (this.#sizes.has(blockId)) continue;
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

  async #open(blockId: BlockId): Promise<FileHandle | undefined> {
    const size = this.#sizes.get(blockId);
    if (size === undefined) return undefined;
    this.#sizes.delete(blockId);
    this.#sizes.set(blockId, size);
    try {
      return await open(this.#pathOf(blockId), 'r');
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw asBlockError(error, `reading block ${blockId}`);
      this.#forget(blockId);
      return undefined;
    }
  }

  async #find(file: FileHandle, blockId: BlockId, bucket: number): ReturnType<typeof findSlice> {
    const found = await findSlice(file, blockId, bucket, this.#headers.get(blockId));
    if (!found || this.#headers.has(blockId)) return found;
    if (this.#headers.size >= HEADERS_CACHED) {
      const oldest = this.#headers.keys().next();
      if (!oldest.done) this.#headers.delete(oldest.value);
    }
    this.#headers.set(blockId, found.header);
    return found;
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
    this.#list(blockId, size);
  }

  #list(blockId: BlockId, size: number): void {
    this.#forget(blockId);
    this.#sizes.set(blockId, size);
    this.#bytes += size;
  }

  #forget(blockId: BlockId): boolean {
    const size = this.#sizes.get(blockId);
    if (size === undefined) return false;
    this.#sizes.delete(blockId);
    this.#headers.delete(blockId);
    this.#fresh.forget(blockId);
    this.#bytes -= size;
    return true;
  }

  /** Gives up blocks that nobody needs, those used longest ago first. @throws BlockError `disk-full` when that is not enough */
  async #makeRoom(extra: number, blockId: BlockId): Promise<void> {
    const missing = extra - (this.#capBytes - this.#bytes - this.#reservedBytes + (this.#sizes.get(blockId) ?? 0));
    if (missing <= 0) return;
    const mayGo = this.#evictor.mayGo();
    const { going, bytes } = goingFor(missing, this.#sizes, (id) => id !== blockId && mayGo(id));
    if (bytes < missing) {
      throw new BlockError(
        'disk-full',
        `coordinator disk cap: it keeps at most ${this.#capBytes} bytes of task outputs, ${this.#bytes + this.#reservedBytes} are in use and still needed, and block ${blockId} has ${extra} more`,
      );
    }
    for (const id of going) this.#evictor.gone(id);
    await this.delete(going);
  }

  #pathOf(blockId: BlockId): string {
    return blockPath(this.#dir, blockId);
  }
}
