/**
 * The datasets: what they are called, what columns and chunks they have. Records live in the store, chunks in the block store;
 * a dataset is listed only while all its chunks are there.
 */
import { mkdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { BlockId, DatasetVersion } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { BlockStore } from '../blocks/block-store.ts';
import { BlockError } from '../blocks/errors.ts';
import type { DatasetStore } from '../store/datasets.ts';
import { CatalogError } from './errors.ts';
import { detectFormat, type SourceFormat } from './format.ts';
import { HeldChunks } from './held-chunks.ts';
import { type FoundRecord, ingestFile } from './ingest-file.ts';
import { checkDatasetName } from './names.ts';
import { Turns } from './turns.ts';
import type { ChunkRecord, DatasetRecord } from './types.ts';

export interface CatalogOptions {
  readonly store: { readonly datasets: DatasetStore };
  readonly blocks: { readonly chunks: BlockStore };
  /** Emptied at start; holds links to the files being read. */
  readonly tempDir: string;
  /** The ingest child's script; default: beside this module, as the build puts it. */
  readonly childEntry?: URL | string;
  /** Memory that one ingest's engine may use. */
  readonly memoryLimitBytes?: number;
  readonly threads?: number;
  /** Ingests that run at the same time; others wait. */
  readonly ingestsAtOnce?: number;
  readonly datasetsMax?: number;
  /** Wall clock, ms since the epoch. */
  readonly now?: () => number;
}

export interface IngestFileRequest {
  readonly name: string;
  readonly path: string;
  /** Absent: told by the file's name, else by its first bytes. */
  readonly format?: string;
  readonly owner: string;
  /** What people call the file, where `path` is a name of our own choosing. */
  readonly fileName?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (pending: PendingDataset) => void;
}

/** A dataset that is being read. */
export interface PendingDataset {
  readonly name: string;
  readonly owner: string;
  /** 0..1, as far as can be told. */
  readonly progress: number;
  readonly rows: number;
}

export interface IngestOutcome {
  readonly record: DatasetRecord;
  /** False: the same bytes were there under this name already. */
  readonly created: boolean;
}

/** A dataset as a job was planned over it. */
export interface ReadDataset {
  readonly name: string;
  readonly version: DatasetVersion;
}

export type Retained =
  | { readonly ok: true /** To be called once. */; readonly release: () => Promise<void> }
  /** This one is no longer there in that version. */
  | { readonly ok: false; readonly name: string };

/** The caller's answer to a dataset whose files are gone. */
export interface LostDataset {
  readonly name: string;
  readonly missingBlocks: number;
}

const MEMORY_BYTES = 1024 * 1024 * 1024;

export class Catalog {
  readonly #options: CatalogOptions;
  readonly #datasets = new Map<string, DatasetRecord>();
  readonly #pending = new Map<string, PendingDataset>();
  readonly #chunks: HeldChunks;
  readonly #names = new Turns(1);
  readonly #children: Turns;
  /** Datasets in the store whose chunks are not all on disk. They are not listed; registering the same file again mends them. */
  readonly lost: readonly LostDataset[];

  private constructor(options: CatalogOptions, records: readonly DatasetRecord[], lost: readonly LostDataset[]) {
    this.#options = options;
    this.#chunks = new HeldChunks(options.blocks.chunks);
    this.#children = new Turns(options.ingestsAtOnce ?? 2);
    this.lost = lost;
    for (const record of records) this.#add(record);
  }

  static async open(options: CatalogOptions): Promise<Catalog> {
    await rm(options.tempDir, { recursive: true, force: true });
    await mkdir(options.tempDir, { recursive: true });
    const records = await options.store.datasets.list();
    const missing = new Map(
      records.map((record) => [record, blockIdsOf(record).filter((id) => !options.blocks.chunks.has(id)).length]),
    );
    const whole = records.filter((record) => missing.get(record) === 0);
    const lost = records
      .filter((record) => missing.get(record) !== 0)
      .map((record) => ({ name: record.name, missingBlocks: missing.get(record) ?? 0 }));
    const catalog = new Catalog(options, whole, lost);
    // Chunks that no dataset names: an ingest was cut off between storing them and its record. Those of lost ones stay.
    await options.blocks.chunks.sweep(new Set(records.flatMap(blockIdsOf)));
    return catalog;
  }

  /** By name. */
  list(): DatasetRecord[] {
    return [...this.#datasets.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Names are compared without case, as SQL does. */
  get(name: string): DatasetRecord | undefined {
    return this.#datasets.get(name.toLowerCase());
  }

  pending(): PendingDataset[] {
    return [...this.#pending.values()];
  }

  /**
   * Reads a file into a dataset; resolves once it can be queried. Requests for one name run one after the other.
   * @throws CatalogError
   */
  async ingest(request: IngestFileRequest): Promise<IngestOutcome> {
    checkDatasetName(request.name);
    const key = request.name.toLowerCase();
    return this.#names.run(key, request.signal, () => this.#ingestNamed(key, request));
  }

  /** Keeps the chunks of these datasets until they are released, whoever removes a dataset meanwhile. */
  retain(datasets: readonly ReadDataset[]): Retained {
    const records = datasets.map(({ name }) => this.get(name));
    const gone = datasets.find(({ version }, index) => records[index]?.version !== version);
    if (gone) return { ok: false, name: gone.name };
    const blockIds = records.flatMap((record) => (record ? blockIdsOf(record) : []));
    this.#chunks.hold(blockIds);
    return { ok: true, release: () => this.#chunks.release(blockIds) };
  }

  /**
   * Forgets a dataset and deletes the chunks that no other one shares; jobs that read it keep them until they end.
   * @throws CatalogError `dataset-not-found`
   */
  async remove(name: string): Promise<void> {
    const key = name.toLowerCase();
    await this.#names.run(key, undefined, async () => {
      const record = this.#datasets.get(key);
      const inStore = await this.#options.store.datasets.remove(name);
      if (!record) {
        if (inStore) return;
        throw new CatalogError({
          code: 'dataset-not-found',
          message: `There is no dataset named ${name}.`,
          hint: 'GET /v1/datasets lists those that there are.',
        });
      }
      this.#datasets.delete(key);
      await this.#chunks.release(blockIdsOf(record));
    });
  }

  async #ingestNamed(key: string, request: IngestFileRequest): Promise<IngestOutcome> {
    const most = this.#options.datasetsMax ?? LIMITS.datasetsMax;
    if (this.#datasets.size >= most && !this.#datasets.has(key)) {
      throw new CatalogError({
        code: 'datasets-full',
        message: `There are ${most} datasets already.`,
        hint: 'Remove one that is no longer needed.',
      });
    }
    const fileName = request.fileName ?? basename(request.path);
    const source = await this.#sourceOf(request, fileName);
    const report = (progress: number, rows: number) => {
      const pending = { name: request.name, owner: request.owner, progress, rows };
      this.#pending.set(key, pending);
      request.onProgress?.(pending);
    };
    report(0, 0);
    try {
      return await this.#children.run('', request.signal, () => this.#read(request, fileName, source, report));
    } catch (error) {
      if (error instanceof BlockError && error.code === 'disk-full') {
        throw new CatalogError(
          { code: 'disk-full', message: error.message, hint: 'Free some space in the data directory, or remove datasets.' },
          error,
        );
      }
      throw error;
    } finally {
      this.#pending.delete(key);
    }
  }

  async #sourceOf(request: IngestFileRequest, fileName: string): Promise<SourceFormat> {
    try {
      const info = await stat(request.path);
      if (!info.isFile()) throw new Error('it is not a file');
      return await detectFormat(request.path, fileName, request.format);
    } catch (error) {
      if (error instanceof CatalogError) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new CatalogError(
        {
          code: 'file-not-readable',
          message: `${fileName} cannot be read: ${why}`,
          hint: 'The path is one on the machine where the coordinator runs; check it and its permissions.',
        },
        error,
      );
    }
  }

  async #read(
    request: IngestFileRequest,
    fileName: string,
    source: SourceFormat,
    report: (progress: number, rows: number) => void,
  ): Promise<IngestOutcome> {
    const options = this.#options;
    const scratch = await options.blocks.chunks.scratch();
    const held: BlockId[] = [];
    try {
      const found = await ingestFile({
        ...source,
        name: request.name,
        path: request.path,
        fileName,
        linkDir: options.tempDir,
        chunkDir: scratch,
        entry: options.childEntry ?? new URL('./ingest-child.js', import.meta.url),
        memoryLimitBytes: options.memoryLimitBytes ?? MEMORY_BYTES,
        threads: options.threads ?? 2,
        signal: request.signal,
        known: (version) => this.#known(request.name, version),
        progressed: report,
      });
      if (found.kind === 'same') return { record: found.record, created: false };
      const record = this.#recordOf(request, source, found);
      // Held before they are stored: a dataset removed meanwhile must not take them along.
      for (const blockId of blockIdsOf(record)) {
        this.#chunks.hold([blockId]);
        held.push(blockId);
        if (found.kind === 'read') await this.#chunks.adopt(blockId, join(scratch, blockId));
      }
      // The dataset that it shares with was removed between the look and the hold: now there is nothing to share.
      if (!blockIdsOf(record).every((blockId) => this.#chunks.has(blockId))) {
        await this.#chunks.release(held.splice(0));
        return await this.#read(request, fileName, source, report);
      }
      await options.store.datasets.remove(record.name);
      await options.store.datasets.insert(record);
      this.#datasets.set(record.name.toLowerCase(), record);
      return { record, created: true };
    } catch (error) {
      await this.#chunks.release(held);
      throw error;
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  /** What is there of a file's content: under this name (then there is nothing to do), or under another one. */
  #known(name: string, version: string): DatasetRecord | undefined {
    const own = this.get(name);
    if (own && own.version !== version) {
      throw new CatalogError({
        code: 'dataset-exists',
        message: `There is a dataset named ${own.name} already, with other content.`,
        hint: 'Choose another name, or remove that dataset first.',
      });
    }
    return own ?? this.list().find((record) => record.version === version);
  }

  #recordOf(request: IngestFileRequest, source: SourceFormat, found: Exclude<FoundRecord, { kind: 'same' }>): DatasetRecord {
    const { columns, rows, bytes, chunks } = found.content;
    return {
      name: request.name,
      version: found.version,
      owner: request.owner,
      format: source.format,
      columns,
      rows,
      bytes,
      chunks,
      createdAtMs: (this.#options.now ?? Date.now)(),
    };
  }

  #add(record: DatasetRecord): void {
    this.#datasets.set(record.name.toLowerCase(), record);
    this.#chunks.hold(blockIdsOf(record));
  }
}

function blockIdsOf(record: { readonly chunks: readonly ChunkRecord[] }): BlockId[] {
  return record.chunks.flatMap((chunk) => chunk.columns.map((column) => column.blockId));
}
