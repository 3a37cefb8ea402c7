import { randomBytes } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ResultColumn } from '../../shared/plan/physical.ts';
import type { CoordinatorBlocks } from '../blocks/coordinator-blocks.ts';
import type { ResultBlock } from '../core/commands.ts';
import { encodeArrow, schemaCheck } from './arrow.ts';
import { encodeText, type TextFormat } from './encode.ts';
import { writeParquet } from './parquet.ts';
import { sliceBodies } from './slice-bodies.ts';
import { sliceStreams } from './slice-streams.ts';

export type ResultFormat = TextFormat | 'arrow' | 'parquet';

export interface ResultStream {
  readonly contentType: string;
  readonly body: AsyncIterable<Uint8Array>;
}

export interface ResultsOptions {
  readonly blocks: CoordinatorBlocks;
  /** Emptied at start; holds parquet files until they are sent. */
  readonly tempDir: string;
  /** The ingest child's script; default: where the build puts it. */
  readonly childEntry?: URL | string;
  /** What a child that writes parquet may take; the rest goes to disk. Default 1 GiB. */
  readonly parquetMemoryBytes?: number;
}

const CONTENT_TYPES: { readonly [F in ResultFormat]: string } = {
  json: 'application/json; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
  arrow: 'application/vnd.apache.arrow.stream',
  parquet: 'application/vnd.apache.parquet',
};

/** What is read: blocks in partition order, all there or coming one by one. */
export interface Readable {
  readonly columns: readonly ResultColumn[];
  readonly result: readonly ResultBlock[] | AsyncIterable<ResultBlock>;
}

/** Results in the form that the author asks for. */
export class Results {
  readonly #options: ResultsOptions;

  private constructor(options: ResultsOptions) {
    this.#options = options;
  }

  static async open(options: ResultsOptions): Promise<Results> {
    await rm(options.tempDir, { recursive: true, force: true });
    await mkdir(options.tempDir, { recursive: true });
    return new Results(options);
  }

  /**
   * Starts streaming a job's result; every slice is verified against its digest, and a
   * large one that proves to be damaged ends the stream with an error. For parquet the whole file is
   * written first, since its index stands at the end. @throws BlockError, CatalogError (parquet)
   */
  async open(job: Readable, format: ResultFormat): Promise<ResultStream> {
    const contentType = CONTENT_TYPES[format];
    if (format === 'arrow') return { contentType, body: encodeArrow(job.columns, this.#bodies(job)) };
    const slices = this.#slices(job.result);
    // What comes bit by bit is passed on bit by bit.
    const isEager = !Array.isArray(job.result);
    if (format !== 'parquet') return { contentType, body: encodeText(format, job.columns, slices, isEager) };
    const path = join(this.#options.tempDir, `${randomBytes(9).toString('hex')}.parquet`);
    const { parquetMemoryBytes } = this.#options;
    await writeParquet(job.columns, slices, path, {
      tempDir: this.#options.tempDir,
      ...(parquetMemoryBytes !== undefined && { memoryLimitBytes: parquetMemoryBytes }),
      childEntry: this.#options.childEntry ?? new URL('./ingest-child.js', import.meta.url),
    });
    return { contentType, body: await sendOnce(path) };
  }

  async *#bodies({ columns, result }: Readable): AsyncGenerator<Uint8Array> {
    const check = schemaCheck(columns);
    for await (const { blockId, buckets } of result) {
      for (const [bucket, { digest }] of buckets.entries()) {
        yield* sliceBodies(this.#options.blocks, blockId, bucket, digest, check);
      }
    }
  }

  async *#slices(blocks: Readable['result']): AsyncGenerator<Uint8Array> {
    for await (const { blockId, buckets } of blocks) {
      for (const [bucket, { digest }] of buckets.entries()) {
        yield* sliceStreams(this.#options.blocks, blockId, bucket, digest);
      }
    }
  }
}

/** The file's name is removed while it is open: it takes no space once the stream ends, whoever ends it. */
async function sendOnce(path: string): Promise<AsyncIterable<Uint8Array>> {
  const file = await open(path, 'r');
  await rm(path, { force: true });
  return file.createReadStream({ highWaterMark: 256 * 1024 });
}
