/** Cases about parts of records, and records that were damaged. */
import { encodeRecord, type RecordBucket } from '../../../shared/arrow/record.ts';
import { invariant } from '../../../shared/assert.ts';
import { digestOf, loadHashes } from '../../../shared/hash.ts';
import { SliceReader } from '../slice-reader.ts';
import { block, type Case, expectBytes, id } from './cache-case.ts';

export const READING_CASES: readonly Case[] = [
  [
    'ranges of a record are read, from memory and from the store',
    async (open) => {
      const record = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
      const cache = await open({ memoryBytes: 10 });
      cache.put({ ...block(1, 0, 'output'), record });
      for (const where of ['memory', 'store']) {
        for (const [at, length] of [
          [0, 10],
          [500, 100],
          [999, 1],
          [1000, 0],
        ] as const) {
          const range = await cache.readRange(id(1), at, length);
          const right = range?.bytes.byteLength === length && range.bytes.every((b, i) => b === (at + i) % 251);
          invariant(right, `${length} bytes at ${at} of the ${where}`);
          invariant(range.unchecked === (where === 'store'), 'it is known where they come from');
        }
        invariant((await cache.readRange(id(1), 999, 2)) === undefined, 'nothing lies beyond the end');
        await cache.flush();
      }
      invariant((await cache.readRange(id(2), 0, 1)) === undefined, 'a block that is not there has no ranges');
      await expectBytes(cache, 2, undefined);
    },
  ],
  [
    'buckets of a record are read one by one, and one that is damaged in the store takes its block with it, and is told',
    async (open, setup) => {
      await loadHashes();
      let cache = await open({ memoryBytes: 10 });
      const { record, digests } = recordOf([400_000, 1000, 400_000]);
      const read = (bucket: number, digest = digests[bucket] ?? ''): ReturnType<SliceReader['read']> =>
        new SliceReader(cache).read({ blockId: id(1), bucket, digest });
      cache.put({ ...block(1, 0, 'output'), record });
      await cache.flush();
      for (const bucket of [2, 0, 1]) {
        const slice = await read(bucket);
        invariant(typeof slice !== 'string' && digestOf(slice.bytes) === digests[bucket], `bucket ${bucket}`);
      }
      invariant((await read(0, digests[1])) === 'corrupt', 'the wanted digest counts');
      invariant((await read(3, digests[1])) === 'missing', 'there are three');
      await cache.close();
      await setup.damage(id(1));
      cache = await open({ memoryBytes: 10 });
      const evicted: string[] = [];
      cache.onEvicted((ids) => evicted.push(...ids));
      const after = await Promise.all([0, 1, 2].map((bucket) => read(bucket)));
      invariant(after.includes('corrupt'), 'the damage is found');
      invariant((await read(0)) === 'missing', 'the block is gone');
      invariant(evicted.join() === id(1), `told ${evicted.join()}`);
      invariant(cache.usage().outputBytes === 0, 'it does not count any more');
    },
  ],
  [
    'a record that was cut short in the store is missing, and told',
    async (open, setup) => {
      const first = await open();
      await first.beginSession('st-1');
      first.put(block(1, 400_000, 'output'));
      first.put(block(2, 400_000, 'output'));
      await first.close();
      await setup.truncate(id(1));
      await setup.truncate(id(2));
      const cache = await open();
      const evicted: string[] = [];
      cache.onEvicted((ids) => evicted.push(...ids));
      await cache.beginSession('st-1');
      invariant((await cache.readRange(id(1), 399_000, 1000)) === undefined, 'a range is missing');
      await expectBytes(cache, 2, undefined);
      invariant(evicted.join() === [id(1), id(2)].join(), `told ${evicted.join()}`);
    },
  ],
];

/** A record with buckets of these sizes. */
export function recordOf(sizes: readonly number[]): { record: Uint8Array<ArrayBuffer>; digests: readonly string[] } {
  const buckets = sizes.map((bytes, n): RecordBucket => {
    const coded = new Uint8Array(bytes).fill(n + 1);
    return { codec: 'raw', coded, bytes, rows: 1, digest: digestOf(coded) };
  });
  return { record: encodeRecord(buckets) as Uint8Array<ArrayBuffer>, digests: buckets.map((b) => b.digest) };
}
