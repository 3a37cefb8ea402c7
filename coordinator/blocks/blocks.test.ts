import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compress } from '@bokuweb/zstd-wasm';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { encodeRecord } from '../../shared/arrow/record.ts';
import { digestOf, digestOfList, sha256Hex } from '../../shared/hash.ts';
import type { BlockId } from '../../shared/ids.ts';
import { BlockStore } from './block-store.ts';
import { CoordinatorBlocks } from './coordinator-blocks.ts';
import { testDisk } from './testing/disk.ts';
import { loadCodecs } from './verify.ts';

let dir: string;
beforeAll(() => loadCodecs());
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'muster-blocks-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const idOf = (name: string) => sha256Hex(name) as BlockId;
const streamOf = (text: string) => new TextEncoder().encode(text.repeat(50));

function bucket(text: string) {
  const stream = streamOf(text);
  return { info: { rows: text.length, bytes: stream.length, digest: digestOf(stream) }, stream };
}

function recordOf(...texts: string[]): Uint8Array {
  return encodeRecord(
    texts.map(bucket).map(({ info, stream }, index) => ({
      ...info,
      codec: index % 2 ? 'zstd' : 'raw',
      coded: index % 2 ? compress(stream, 1) : stream,
    })),
  );
}

describe('BlockStore', () => {
  test('gives back each slice, also after reopening', async () => {
    const first = await BlockStore.open(dir);
    await first.put(idOf('a'), recordOf('one', 'two', 'three'));
    await first.put(idOf('b'), recordOf('x'.repeat(20_000), 'far behind'));
    for (const store of [first, await BlockStore.open(dir)]) {
      expect(store.usage().blocks).toBe(2);
      const slice = await store.readSlice(idOf('a'), 0, { verify: true });
      expect(slice).toMatchObject({ codec: 'raw', rows: 3, rawBytes: 150, digest: bucket('one').info.digest });
      expect(Buffer.from(slice?.bytes ?? []).toString()).toBe('one'.repeat(50));
      expect((await store.readSlice(idOf('a'), 1, { verify: true }))?.codec).toBe('zstd');
      expect(await store.readSlice(idOf('a'), 3)).toBeUndefined();
      expect((await store.readSlice(idOf('b'), 1, { verify: true }))?.rows).toBe('far behind'.length);
      expect(await store.readSlice(idOf('c'), 0)).toBeUndefined();
    }
  });

  test('usage follows what is put, replaced and deleted', async () => {
    const store = await BlockStore.open(dir);
    const record = recordOf('one');
    await store.put(idOf('a'), record);
    await store.put(idOf('a'), record);
    await store.put(idOf('b'), record);
    expect(store.usage()).toMatchObject({ blocks: 2, bytes: 2 * record.length });
    await store.delete([idOf('a'), idOf('unknown')]);
    expect(await store.sweep(new Set())).toBe(1);
    expect(store.usage()).toMatchObject({ blocks: 0, bytes: 0 });
    expect((await BlockStore.open(dir)).usage().blocks).toBe(0);
  });

  test('over its cap it refuses, as a full disk would, and keeps what it has', async () => {
    const record = recordOf('one');
    const store = await BlockStore.open(dir, { capBytes: record.length + 10 });
    await store.put(idOf('a'), record);
    await expect(store.put(idOf('b'), record)).rejects.toMatchObject({ name: 'BlockError', code: 'disk-full' });
    await store.put(idOf('a'), record);
    expect(await readdir(join(dir, 'incoming'))).toEqual([]);
    expect((await store.readSlice(idOf('a'), 0, { verify: true }))?.rows).toBe(3);
  });

  test('blocks that nobody needs make room, those used longest ago first', async () => {
    const record = recordOf('one');
    const store = await BlockStore.open(dir, { capBytes: 3 * record.length });
    const gone: string[] = [];
    const needed = new Set([idOf('needed')]);
    store.evictWith({ mayGo: () => (blockId) => !needed.has(blockId), gone: (blockId) => gone.push(blockId) });
    for (const name of ['needed', 'old', 'read']) await store.put(idOf(name), record);
    await store.readSlice(idOf('read'), 0);
    await store.readSlice(idOf('old'), 0);
    await store.put(idOf('new'), record);
    expect(gone).toEqual([idOf('read')]);
    expect([...store.ids()].sort()).toEqual([idOf('needed'), idOf('new'), idOf('old')].sort());
    // What is being written counts, so that two at once don't exceed the cap.
    const { digest } = bucket('one').info;
    const line = { codec: 'raw' as const, storedBytes: 150, bytes: 150, rows: 3, digest };
    const writer = await store.create(idOf('large'), [line]);
    expect(store.usage().blocks).toBe(2);
    needed.add(idOf('old'));
    needed.add(idOf('new'));
    await expect(store.put(idOf('more'), record)).rejects.toThrow('coordinator disk cap');
    await writer.abandon();
    await store.put(idOf('more'), record);
    expect(store.usage().bytes).toBeLessThanOrEqual(3 * record.length);
  });

  test('a full disk is said so, and nothing is left behind', async () => {
    const disk = testDisk(true);
    const store = await BlockStore.open(dir, { create: disk.create });
    const full = { code: 'disk-full', message: expect.stringContaining('No space is left on the disk') };
    await expect(store.put(idOf('a'), recordOf('one'))).rejects.toMatchObject(full);
    const { info, stream } = bucket('one');
    const writer = await store.create(idOf('a'), [{ ...info, codec: 'raw', storedBytes: stream.length }]);
    await writer.write(0, 0, stream);
    await expect(writer.finish()).rejects.toMatchObject(full);
    expect(await readdir(join(dir, 'incoming'))).toEqual([]);
    expect(store.usage().bytes).toBe(0);
    disk.full = false;
    await store.put(idOf('a'), recordOf('one'));
    expect(store.has(idOf('a'))).toBe(true);
  });

  test('what a killed process left half written is gone at the next start', async () => {
    const store = await BlockStore.open(dir);
    await writeFile(join(await store.scratch(), 'half'), 'half');
    await BlockStore.open(dir);
    expect(await readdir(join(dir, 'incoming'))).toEqual([]);
  });

  test('takes over files, once', async () => {
    const store = await BlockStore.open(dir);
    const scratch = await store.scratch();
    for (const name of ['1', '2']) await writeFile(join(scratch, name), recordOf('one'));
    expect(await store.adopt(idOf('a'), join(scratch, '1'))).toBe(true);
    expect(await store.adopt(idOf('a'), join(scratch, '2'))).toBe(false);
    expect(await readdir(scratch)).toEqual([]);
    expect((await store.readSlice(idOf('a'), 0, { verify: true }))?.rows).toBe(3);
  });

  test('damage is noticed: cut files, other headers, other bytes', async () => {
    const put = await BlockStore.open(dir);
    for (const name of ['cut', 'header', 'bytes']) await put.put(idOf(name), recordOf('one', 'two'));
    const path = (name: string) => join(dir, idOf(name).slice(0, 2), idOf(name));
    const whole = await readFile(path('cut'));
    await truncate(path('cut'), whole.length - 1);
    await writeFile(path('header'), Buffer.from(whole).fill(0, 0, 4));
    await writeFile(path('bytes'), Buffer.from(whole).fill(0, whole.length - 3));
    const store = await BlockStore.open(dir);
    await expect(store.readSlice(idOf('cut'), 1)).rejects.toMatchObject({ code: 'corrupt' });
    await expect(store.readSlice(idOf('header'), 0)).rejects.toMatchObject({ code: 'corrupt' });
    await expect(store.readSlice(idOf('bytes'), 1, { verify: true })).rejects.toMatchObject({ code: 'corrupt' });
    expect((await store.readSlice(idOf('bytes'), 0, { verify: true }))?.rows).toBe(3);
  });

  test('a file that vanished is a block that is not there', async () => {
    const store = await BlockStore.open(dir);
    await store.put(idOf('a'), recordOf('one'));
    await rm(join(dir, idOf('a').slice(0, 2)), { recursive: true });
    expect(await store.readSlice(idOf('a'), 0)).toBeUndefined();
    expect(store.has(idOf('a'))).toBe(false);
    await store.put(idOf('a'), recordOf('one'));
    expect(store.has(idOf('a'))).toBe(true);
  });
});

describe('CoordinatorBlocks', () => {
  const putInline = (blocks: CoordinatorBlocks, name: string, ...texts: string[]) => {
    const buckets = texts.map(bucket);
    return blocks.putInline(idOf(name), digestOfList(buckets.map(({ info }) => info.digest)), buckets);
  };
  const text = async (blocks: CoordinatorBlocks, name: string, index = 0) => {
    const slice = await blocks.readSlice(idOf(name), index, { verify: true });
    return slice && Buffer.from(slice.bytes).toString();
  };

  test('what was just persisted is read from memory, as it lies on disk, until it goes', async () => {
    const blocks = await CoordinatorBlocks.open({ dir });
    await putInline(blocks, 'a', 'aa', 'bb');
    await blocks.persist([idOf('a')]);
    expect(blocks.usage()).toMatchObject({ inlineBytes: 0, blocks: 1 });
    const path = join(dir, 'outputs', idOf('a').slice(0, 2), idOf('a'));
    const written = await readFile(path);
    await rm(path);
    expect(await text(blocks, 'a', 1)).toBe('bb'.repeat(50));
    await writeFile(path, written);
    expect(await blocks.readSlice(idOf('a'), 2)).toBeUndefined();
    const again = await CoordinatorBlocks.open({ dir });
    expect(await text(again, 'a', 1)).toBe('bb'.repeat(50));
    await blocks.discard([idOf('a')]);
    expect(await blocks.readSlice(idOf('a'), 0)).toBeUndefined();
    await expect(readFile(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('small blocks stay in memory, the oldest spill, and all can be read', async () => {
    const blocks = await CoordinatorBlocks.open({ dir, inlineBytes: 300 });
    await Promise.all([
      putInline(blocks, 'a', 'aa'),
      putInline(blocks, 'b', 'b', 'c'),
      putInline(blocks, 'd', 'dd'),
      putInline(blocks, 'e', 'ee'),
    ]);
    expect(blocks.usage()).toMatchObject({ inlineBytes: 300, blocks: 4 });
    expect(blocks.usage().outputBytes).toBeGreaterThan(0);
    expect(await text(blocks, 'a')).toBe('aa'.repeat(50));
    expect(await text(blocks, 'b', 1)).toBe('c'.repeat(50));
    expect(await text(blocks, 'e')).toBe('ee'.repeat(50));
    await putInline(blocks, 'big', 'x'.repeat(100));
    expect(await text(blocks, 'big')).toBe('x'.repeat(5000));
    expect(blocks.usage().inlineBytes).toBe(300);
    await blocks.discard(['a', 'b', 'd', 'e', 'big'].map(idOf));
    expect(blocks.usage()).toEqual({ inlineBytes: 0, chunkBytes: 0, outputBytes: 0, blocks: 0 });
  });

  test('with a full disk the new block is refused and the old ones stay', async () => {
    const blocks = await CoordinatorBlocks.open({ dir, inlineBytes: 100, outputsCapBytes: 10 });
    await putInline(blocks, 'a', 'aa');
    await expect(putInline(blocks, 'b', 'bb')).rejects.toMatchObject({ code: 'disk-full' });
    expect(await text(blocks, 'a')).toBe('aa'.repeat(50));
    expect(blocks.has(idOf('b'))).toBe(false);
    await blocks.discard([idOf('a')]);
    await putInline(blocks, 'b', 'bb');
    expect(await text(blocks, 'b')).toBe('bb'.repeat(50));
  });

  test('what was persisted survives a restart, the rest is swept', async () => {
    const first = await CoordinatorBlocks.open({ dir });
    await putInline(first, 'result', 'r1', 'r2');
    await putInline(first, 'other', 'o');
    await first.persist([idOf('result'), idOf('other')]);
    await first.persist([idOf('result')]);
    await expect(first.persist([idOf('never')])).rejects.toMatchObject({ code: 'io' });
    const second = await CoordinatorBlocks.open({ dir });
    expect(await second.sweepOutputs(new Set([idOf('result')]))).toBe(1);
    expect(await text(second, 'result', 1)).toBe('r2'.repeat(50));
    expect(second.has(idOf('other'))).toBe(false);
  });

  test('a received block is written as its bytes come, in any order of buckets, and read as it was said to be', async () => {
    const blocks = await CoordinatorBlocks.open({ dir });
    const [one, two] = [bucket('one'), bucket('second')];
    const writer = await blocks.receive(idOf('a'), [one.info, two.info]);
    await writer.write(1, 0, two.stream.subarray(0, 10));
    await writer.write(0, 0, one.stream);
    expect(blocks.has(idOf('a'))).toBe(false);
    // A second holder begins the bucket anew.
    await writer.write(1, 0, two.stream.subarray(0, 100));
    await writer.write(1, 100, two.stream.subarray(100));
    await writer.finish();
    expect(Buffer.from(await blocks.readStream(idOf('a'), 0, one.info.digest)).equals(one.stream)).toBe(true);
    expect(Buffer.from(await blocks.readStream(idOf('a'), 1, two.info.digest)).equals(two.stream)).toBe(true);
    await expect(blocks.readStream(idOf('a'), 0, two.info.digest)).rejects.toMatchObject({ code: 'corrupt' });
    const given = await blocks.receive(idOf('b'), [one.info]);
    await given.write(0, 0, one.stream);
    await given.abandon();
    expect(blocks.has(idOf('b'))).toBe(false);
    expect(await readdir(join(dir, 'outputs', 'incoming'))).toEqual([]);
  });

  test('discarding never touches a dataset’s chunk', async () => {
    const blocks = await CoordinatorBlocks.open({ dir });
    await blocks.chunks.put(idOf('chunk'), recordOf('one'));
    await blocks.discard([idOf('chunk')]);
    await blocks.sweepOutputs(new Set());
    expect(await text(blocks, 'chunk')).toBe('one'.repeat(50));
  });
});
