/**
 * Second copies of kept blocks, as the coordinator asks for them: fetched like any input, proven bucket by bucket, kept like an output
 * of this tab's own. What came is told as a line of its inventory, what could not be had as dropped.
 */
import { digestOf, digestOfBlock } from '../../shared/hash.ts';
import type { BlockId, Digest } from '../../shared/ids.ts';
import type { CoordinatorMessage, WorkerMessage } from '../../shared/protocol/session.ts';
import type { BlockCache } from '../blocks/block-cache.ts';
import { recordOfOutput } from './records.ts';
import type { FetchSlices } from './slice-source.ts';

export type CopyBlock = Extract<CoordinatorMessage, { type: 'copyBlock' }>;

export interface CopiesOptions {
  readonly cache: BlockCache;
  readonly fetch: FetchSlices;
  readonly send: (message: WorkerMessage) => void;
}

export class Copies {
  readonly #options: CopiesOptions;

  constructor(options: CopiesOptions) {
    this.#options = options;
  }

  /** Never rejects. A session that ends fails the fetch; what is told then goes to nobody, or tells the next session nothing new. */
  async copy(message: CopyBlock): Promise<void> {
    const { cache, send } = this.#options;
    const { blockId, digest } = message;
    const streams = cache.has(blockId, digest) ? undefined : await this.#streams(message);
    if (streams) {
      const buckets = message.buckets.map((bucket) => ({ ...bucket, digest: bucket.digest as Digest }));
      const record = recordOfOutput({ buckets, streams, ...(message.accumulators && { accumulators: message.accumulators }) });
      cache.put({ id: blockId, digest, kind: 'output', record });
    }
    if (cache.has(blockId, digest)) send({ type: 'inventory', blocks: [{ blockId, digest }], last: true });
    else send({ type: 'blocksDropped', blockIds: [blockId] });
  }

  /** One a bucket; undefined when one could not be had as it should be. */
  async #streams(message: CopyBlock): Promise<readonly Uint8Array[] | undefined> {
    const { buckets } = message;
    if (digestOfBlock(buckets, message.accumulators) !== message.digest) return undefined;
    const blockId = message.blockId as BlockId;
    const slices = buckets.map(({ bytes, digest }, bucket) => ({ blockId, bucket, digest: digest as Digest, bytes }));
    const { got } = await this.#options.fetch(
      slices.filter(({ bytes }) => bytes > 0),
      new AbortController().signal,
    );
    const found = new Map(got.map(({ slice, codec, bytes }) => [slice.bucket, codec === 'raw' ? bytes : undefined]));
    const streams = slices.map(({ bucket, bytes }) => (bytes === 0 ? new Uint8Array(0) : found.get(bucket)));
    const isWhole = streams.every((stream, i) => stream !== undefined && digestOf(stream) === slices[i]?.digest);
    return isWhole ? streams.filter((stream) => stream !== undefined) : undefined;
  }
}
