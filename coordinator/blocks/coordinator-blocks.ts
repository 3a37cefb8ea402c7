/**
 * All blocks that the coordinator holds: datasets' column chunks (on disk until their dataset is removed), and task outputs
 * (small ones in memory first), and guest modules. Each kind lies in a folder of its own, so that discarding outputs can never touch a
 * dataset or a module.
 */
import { join } from 'node:path';
import type { Accumulators } from '../../shared/guest/accumulators.ts';
import type { BlockId, Digest } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { BucketInfo } from '../../shared/plan/task.ts';
import type { CoordinatorCache } from '../../shared/rest/cache.ts';
import { Arrivals } from './arrivals.ts';
import { BlockStore, type BlockStoreOptions, type Evictor, type StoredSlice } from './block-store.ts';
import { BlockError } from './errors.ts';
import type { CreateFile } from './files.ts';
import { type InlineBucket, InlineTier } from './inline-tier.ts';
import type { RecordWriter } from './record-writer.ts';
import type { OpenSlice } from './relay-kept.ts';
import { type StoredBlock, storedDigests } from './stored-digests.ts';
import { loadCodecs, verifySlice } from './verify.ts';

export interface CoordinatorBlocksOptions {
  readonly dir: string;
  /** Bytes of small blocks kept in memory; default LIMITS.coordinatorInlineBytes. */
  readonly inlineBytes?: number;
  /** Caps of the files on disk; absent: as many as the disk has. */
  readonly chunksCapBytes?: number;
  /** Default LIMITS.coordinatorDiskBytes. */
  readonly outputsCapBytes?: number;
  /** How files are made; tests put a full disk here. */
  readonly createFile?: CreateFile;
}

export class CoordinatorBlocks {
  /** Column chunks; the catalogue alone adds and deletes them. */
  readonly chunks: BlockStore;
  /** Guest modules; coordinator/modules alone adds and deletes them. */
  readonly modules: BlockStore;
  /** Task outputs that are being received. */
  readonly arrivals = new Arrivals();
  readonly #outputs: BlockStore;
  readonly #inline: InlineTier;

  readonly #outputsDir: string;

  private constructor(chunks: BlockStore, modules: BlockStore, outputs: BlockStore, inline: InlineTier, outputsDir: string) {
    this.chunks = chunks;
    this.modules = modules;
    this.#outputs = outputs;
    this.#inline = inline;
    this.#outputsDir = outputsDir;
  }

  /** @throws BlockError `io` when the folder cannot be used */
  static async open(options: CoordinatorBlocksOptions): Promise<CoordinatorBlocks> {
    const outputsDir = join(options.dir, 'outputs');
    const [chunks, modules, outputs] = await Promise.all([
      BlockStore.open(join(options.dir, 'chunks'), storeOptions(options, options.chunksCapBytes)),
      BlockStore.open(join(options.dir, 'modules'), storeOptions(options, undefined)),
      BlockStore.open(outputsDir, storeOptions(options, options.outputsCapBytes ?? LIMITS.coordinatorDiskBytes)),
      loadCodecs(),
    ]);
    const inline = new InlineTier(outputs, options.inlineBytes ?? LIMITS.coordinatorInlineBytes);
    return new CoordinatorBlocks(chunks, modules, outputs, inline, outputsDir);
  }

  has(blockId: BlockId): boolean {
    return this.#inline.has(blockId) || this.chunks.has(blockId) || this.#outputs.has(blockId) || this.modules.has(blockId);
  }

  /**
   * A slice as it is stored; undefined when the block or bucket is not here. The caller compares digests: ids can be computed
   * by anyone. @throws BlockError
   */
  async readSlice(blockId: BlockId, bucket: number, options: { verify?: boolean } = {}): Promise<StoredSlice | undefined> {
    return (
      this.#inline.readSlice(blockId, bucket) ??
      this.#outputs.freshSlice(blockId, bucket) ??
      (await this.chunks.readSlice(blockId, bucket, options)) ??
      (await this.#outputs.readSlice(blockId, bucket, options)) ??
      (await this.modules.readSlice(blockId, bucket, options)) ??
      // It may have been spilled between the first look and the last.
      this.#inline.readSlice(blockId, bucket)
    );
  }

  /** As `readSlice`, to be read piece by piece. @throws BlockError */
  async openSlice(blockId: BlockId, bucket: number): Promise<OpenSlice | undefined> {
    const here = this.#inline.readSlice(blockId, bucket) ?? this.#outputs.freshSlice(blockId, bucket);
    if (here) return inMemory(here);
    const stored =
      (await this.chunks.openSlice(blockId, bucket)) ??
      (await this.#outputs.openSlice(blockId, bucket)) ??
      (await this.modules.openSlice(blockId, bucket));
    if (stored) return stored;
    // It may have been spilled between the first look and the last.
    const again = this.#inline.readSlice(blockId, bucket);
    return again && inMemory(again);
  }

  /** As `openSlice`, also of a block that is still coming: reading waits for its bytes, and fails when they won't come. @throws BlockError */
  async openEarly(blockId: BlockId, bucket: number): Promise<OpenSlice | undefined> {
    return (
      (await this.openSlice(blockId, bucket)) ??
      (await this.arrivals.open(blockId, bucket)) ??
      // It may have come between the first look and the last.
      (await this.openSlice(blockId, bucket))
    );
  }

  /** The Arrow stream of a slice, verified against `digest`. @throws BlockError `corrupt`, or `io` when it is not here */
  async readStream(blockId: BlockId, bucket: number, digest: Digest): Promise<Uint8Array> {
    const slice = await this.readSlice(blockId, bucket);
    if (!slice) throw new BlockError('io', `Block ${blockId} is not on the coordinator.`);
    return verifySlice({ ...slice, digest }, `block ${blockId}`);
  }

  /** Keeps a block whose streams the caller has verified: in memory, or on disk once memory is full. @throws BlockError */
  async putInline(
    blockId: BlockId,
    digest: Digest,
    buckets: readonly InlineBucket[],
    accumulators?: Accumulators,
  ): Promise<void> {
    await this.#inline.put(blockId, digest, buckets, accumulators);
  }

  /**
   * A block of raw streams that is written to disk as it comes; the caller verifies it on the way.
   * @throws BlockError `disk-full` when the cap leaves no room, `io`
   */
  async receive(blockId: BlockId, buckets: readonly BucketInfo[], accumulators?: Accumulators): Promise<RecordWriter> {
    const lines = buckets.map(({ bytes, rows, digest }) => ({ codec: 'raw' as const, storedBytes: bytes, bytes, rows, digest }));
    const writer = await this.#outputs.create(blockId, lines, accumulators);
    this.arrivals.begin(blockId, writer);
    return writer;
  }

  /** A block that was received is there: the copy in memory, if any, is not needed. */
  received(blockId: BlockId): void {
    this.#inline.drop(blockId);
  }

  /** Who says which task outputs may go when the disk cap is reached. */
  evictWith(evictor: Evictor): void {
    this.#outputs.evictWith(evictor);
  }

  /** A folder for passing things; emptied at each start. */
  scratch(): Promise<string> {
    return this.#outputs.scratch();
  }

  /** Makes these blocks survive a restart; resolves once they do. @throws BlockError, also when one is not here */
  async persist(blockIds: readonly BlockId[]): Promise<void> {
    for (const blockId of blockIds) {
      await this.#inline.spill(blockId);
      if (!this.#outputs.has(blockId) && !this.chunks.has(blockId)) {
        throw new BlockError('io', `Block ${blockId} is no longer on the coordinator.`);
      }
    }
  }

  /** Forgets task outputs; unknown ids and chunks of datasets are left alone. */
  async discard(blockIds: readonly BlockId[]): Promise<void> {
    for (const blockId of blockIds) this.#inline.drop(blockId);
    await this.#outputs.delete(blockIds);
  }

  /** Those of these outputs that lie on disk with a sound header, with their digests. */
  outputDigests(blockIds: Iterable<BlockId>): Promise<StoredBlock[]> {
    const here = [...new Set(blockIds)].filter((blockId) => this.#outputs.has(blockId));
    return storedDigests(this.#outputsDir, here);
  }

  /** At start: deletes outputs on disk that no kept result names; answers how many. */
  sweepOutputs(keep: ReadonlySet<string>): Promise<number> {
    return this.#outputs.sweep(keep);
  }

  /** Outputs on disk. */
  outputIds(): BlockId[] {
    return this.#outputs.ids();
  }

  /** What lies where. */
  held(): Omit<CoordinatorCache, 'passing'> {
    const [inline, chunks, outputs] = [this.#inline.usage, this.chunks.usage(), this.#outputs.usage()];
    return { inline, outputs, chunks: { blocks: chunks.blocks, bytes: chunks.bytes } };
  }

  usage(): { readonly inlineBytes: number; readonly chunkBytes: number; readonly outputBytes: number; readonly blocks: number } {
    const [inline, chunks, outputs] = [this.#inline.usage, this.chunks.usage(), this.#outputs.usage()];
    return {
      inlineBytes: inline.bytes,
      chunkBytes: chunks.bytes,
      outputBytes: outputs.bytes,
      blocks: inline.blocks + chunks.blocks + outputs.blocks,
    };
  }
}

function storeOptions({ createFile }: CoordinatorBlocksOptions, capBytes: number | undefined): BlockStoreOptions {
  return { ...(capBytes !== undefined && { capBytes }), ...(createFile && { create: createFile }) };
}

/** A slice that is in memory already, as one that is read from a file. */
function inMemory(slice: StoredSlice): OpenSlice {
  const { codec, digest, rawBytes, bytes } = slice;
  return {
    codec,
    digest,
    rawBytes,
    storedBytes: bytes.byteLength,
    async *pieces() {
      yield bytes;
    },
    async readInto(at, target) {
      target.set(bytes.subarray(at, at + target.length));
    },
    async some(at) {
      return [bytes.subarray(at)];
    },
    close: async () => undefined,
  };
}
