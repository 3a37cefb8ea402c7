/** Second copies: fetched, proven and kept as an output, or told as not had. */
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { digestOf, digestOfList, loadHashes } from '../../shared/hash.ts';
import type { Slice } from '../../shared/plan/task.ts';
import type { WorkerMessage } from '../../shared/protocol/session.ts';
import { MemoryStore } from '../blocks/memory-store.ts';
import { TieredCache } from '../blocks/tiered-cache.ts';
import { Copies, type CopyBlock } from './copies.ts';
import { blockId } from './testing/harness.ts';

beforeAll(loadHashes);

const STREAMS = [new Uint8Array([1, 2, 3]), new Uint8Array(0), new Uint8Array([4])];
const ID = blockId(7);

let cache: TieredCache;
let sent: WorkerMessage[];
let asked: Slice[];
/** What the others give, by bucket. */
let given: (Uint8Array<ArrayBuffer> | undefined)[];
let copies: Copies;

beforeEach(async () => {
  const options = { store: new MemoryStore(), memoryBytes: 1 << 20, capBytes: 1 << 20, wallMs: () => 0, owner: 't' };
  cache = await TieredCache.open({ ...options, log: () => undefined });
  sent = [];
  asked = [];
  given = STREAMS.map((stream) => stream.slice());
  copies = new Copies({
    cache,
    send: (message) => sent.push(message),
    fetch: async (slices) => {
      asked.push(...slices);
      const got = slices.flatMap((slice) => {
        const bytes = given[slice.bucket];
        return bytes ? [{ slice, codec: 'raw' as const, bytes }] : [];
      });
      return { got, failed: slices.flatMap((slice) => (given[slice.bucket] ? [] : [{ slice, why: 'missing' as const }])) };
    },
  });
});

function message(): CopyBlock {
  const buckets = STREAMS.map((stream) => ({ rows: 1, bytes: stream.byteLength, digest: digestOf(stream) }));
  return { type: 'copyBlock', blockId: ID, digest: digestOfList(buckets.map(({ digest }) => digest)), buckets };
}

test('a block comes bucket by bucket, is kept as an output and told as a line of the inventory; once', async () => {
  const { digest } = message();
  await copies.copy(message());
  expect(asked.map(({ bucket }) => bucket)).toEqual([0, 2]);
  expect(cache.meta(ID)).toMatchObject({ digest, kind: 'output' });
  await copies.copy(message());
  expect(asked).toHaveLength(2);
  const line = { type: 'inventory', blocks: [{ blockId: ID, digest }], last: true };
  expect(sent).toEqual([line, line]);
});

test.each([
  ['a bucket that nobody has', () => given.splice(2, 1, undefined), message],
  ['other bytes', () => given.splice(0, 1, new Uint8Array([1, 2, 4])), message],
  ['buckets that are not the block’s', () => undefined, () => ({ ...message(), digest: digestOf(new Uint8Array([9])) })],
])('%s: nothing is kept, and it is said', async (_what, spoil, wanted) => {
  spoil();
  await copies.copy(wanted());
  expect(cache.meta(ID)).toBeUndefined();
  expect(sent).toEqual([{ type: 'blocksDropped', blockIds: [ID] }]);
});
