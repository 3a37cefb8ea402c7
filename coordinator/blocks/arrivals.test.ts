/** Blocks are read while they come: as far as they came, and never to their end unless they are right. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { BlockId, Digest } from '../../shared/ids.ts';
import { CoordinatorBlocks } from './coordinator-blocks.ts';
import type { RecordWriter } from './record-writer.ts';
import type { OpenSlice } from './relay-kept.ts';

const MiB = 1024 * 1024;
const BLOCK = 'cd'.repeat(32) as BlockId;
const DIGEST = 'ef'.repeat(32) as Digest;

let dir: string;
let blocks: CoordinatorBlocks;
let writer: RecordWriter;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'muster-arrivals-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));
beforeEach(async () => {
  blocks = await CoordinatorBlocks.open({ dir: await mkdtemp(join(dir, 'blocks-')) });
  writer = await blocks.receive(BLOCK, [
    { rows: 1, bytes: MiB, digest: DIGEST },
    { rows: 2, bytes: 3 * MiB, digest: DIGEST },
  ]);
});

const filled = (bytes: number, value: number): Uint8Array => new Uint8Array(bytes).fill(value);
async function opened(bucket: number): Promise<OpenSlice> {
  const slice = await blocks.openEarly(BLOCK, bucket);
  if (!slice) throw new Error('the block is neither there nor coming');
  return slice;
}
async function byteAt(slice: OpenSlice, at: number): Promise<number | undefined> {
  const target = new Uint8Array(1);
  await slice.readInto(at, target);
  return target[0];
}

test('bytes are read once they came, in any bucket, and the rest when it is finished', async () => {
  expect([blocks.has(BLOCK), blocks.arrivals.has(BLOCK)]).toEqual([false, true]);
  const [one, two] = [await opened(0), await opened(1)];
  const early = byteAt(one, MiB - 1);
  await writer.write(0, 0, filled(MiB, 1));
  expect(await early).toBe(1);
  await writer.write(1, 0, filled(2 * MiB, 2));
  expect(await byteAt(two, 5)).toBe(2);
  let isSound = false;
  const sound = one.sound?.().then(() => {
    isSound = true;
  });
  const last = byteAt(two, 3 * MiB - 1);
  await writer.write(1, 2 * MiB, filled(MiB, 3));
  expect([await last, isSound]).toEqual([3, false]);
  await writer.finish();
  await sound;
  expect([isSound, blocks.has(BLOCK), blocks.arrivals.has(BLOCK)]).toEqual([true, true, false]);
  // Who began before it was moved to its place goes on.
  expect(await byteAt(one, 0)).toBe(1);
  await Promise.all([one.close(), two.close()]);
  const again = await opened(1);
  expect([again.sound, await byteAt(again, 0)]).toEqual([undefined, 2]);
  await again.close();
});

test('a copy that is given up fails those who wait for it', async () => {
  const slice = await opened(0);
  const [waiting, sound] = [byteAt(slice, MiB - 1), slice.sound?.()];
  waiting.catch(() => undefined);
  sound?.catch(() => undefined);
  await writer.abandon();
  await expect(waiting).rejects.toMatchObject({ code: 'io' });
  await expect(sound).rejects.toMatchObject({ code: 'io' });
  expect([blocks.arrivals.has(BLOCK), await blocks.openEarly(BLOCK, 0)]).toEqual([false, undefined]);
  await slice.close();
});

test('bytes that come anew, from another holder, are never taken for those that were read', async () => {
  const slice = await opened(0);
  await writer.write(0, 0, filled(MiB, 1));
  expect(await byteAt(slice, 0)).toBe(1);
  await writer.write(0, 0, filled(MiB, 9));
  await writer.write(1, 0, filled(3 * MiB, 2));
  await writer.finish();
  await expect(slice.sound?.()).rejects.toMatchObject({ code: 'io' });
  await slice.close();
  const again = await opened(0);
  expect([again.sound, await byteAt(again, 0)]).toEqual([undefined, 9]);
  await again.close();
});

test('who reads along gets the very parts that came; who is late reads the file', async () => {
  const slice = await opened(1);
  const parts = [filled(MiB, 1), filled(MiB, 2), filled(MiB, 3)];
  await writer.write(0, 0, filled(MiB, 9));
  const waiting = slice.some(0);
  for (const [i, part] of parts.entries()) await writer.write(1, i * MiB, part);
  expect((await waiting)[0]?.[0]).toBe(1);
  expect((await slice.some(MiB + 5)).map((part) => part.buffer)).toEqual([parts[1]?.buffer, parts[2]?.buffer]);
  await slice.close();
  const late = await opened(1);
  const [read, ...others] = await late.some(2 * MiB);
  expect([read?.[0], read?.length, others.length]).toEqual([3, MiB, 0]);
  expect(read?.buffer).not.toBe(parts[2]?.buffer);
  await writer.finish();
  await late.close();
});
