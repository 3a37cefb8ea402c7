/** What passes through the coordinator: shared by its readers, bounded in memory, on disk for the slow ones. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { BlockId, Digest } from '../../shared/ids.ts';
import type { Slice } from '../../shared/plan/task.ts';
import { TestClock } from '../sessions/testing/clock.ts';
import type { CreateFile } from './files.ts';
import type { FlowReader } from './relay-flow.ts';
import { FlowPool } from './relay-pool.ts';
import { SpillFiles } from './spill-files.ts';
import { testDisk } from './testing/disk.ts';

const PIECE = 1000;
const GRACE_MS = 100;

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'muster-pool-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const slice = (name: string, pieces: number): Slice => ({
  blockId: name as BlockId,
  bucket: 0,
  digest: 'd' as Digest,
  bytes: pieces * PIECE,
});
const piece = (byte: number): Uint8Array => new Uint8Array(PIECE).fill(byte);
const wake = (): void => undefined;

function poolOf(pieces: number, options: { create?: CreateFile; diskBytes?: number } = {}) {
  const clock = new TestClock();
  const told: string[] = [];
  const { create, diskBytes = 1e9 } = options;
  const spill = new SpillFiles({ dir: async () => dir, capBytes: diskBytes, ...(create && { create }) });
  const memoryBytes = pieces * (PIECE + 300);
  const pool = new FlowPool({ clock, spill, memoryBytes, log: (error) => told.push(String(error)) });
  return { pool, clock, told, memoryBytes };
}

/** Takes and releases all that is there; answers the first byte of each piece. */
async function readOn(reader: FlowReader): Promise<number[]> {
  const read: number[] = [];
  for (let part = reader.take(); part; part = reader.take()) {
    const bytes = await part.bytes;
    expect(bytes.length).toBe(PIECE);
    expect(part.at % PIECE).toBe(0);
    read.push(bytes[0] ?? -1);
    reader.release();
  }
  return read;
}

const settled = async (promise: Promise<void> | undefined): Promise<boolean> =>
  Promise.race([promise?.then(() => true) ?? true, new Promise<false>((resolve) => setImmediate(() => resolve(false)))]);

test('those who read one slice share its pieces, and may begin a moment later', async () => {
  const { pool } = poolOf(8);
  const first = pool.open(slice('a', 3), wake);
  const second = pool.join(slice('a', 3), wake);
  const bytes = piece(1);
  expect(pool.add(first.flow, bytes)).toBeUndefined();
  expect(first.take()?.bytes).toBe(bytes);
  expect(second?.take()?.bytes).toBe(bytes);
  first.release();
  second?.release();
  // All present readers have passed it: it stays for those who come now.
  const third = pool.join(slice('a', 3), wake);
  expect(third?.take()?.bytes).toBe(bytes);
  pool.add(first.flow, piece(2));
  first.flow.complete();
  for (const reader of [first, second, third]) reader?.close();
  const late = pool.join(slice('a', 3), wake);
  expect(late && (await readOn(late))).toEqual([1, 2]);
});

test('memory is bounded: what was read goes first, and nobody begins to read a slice whose start is gone', async () => {
  const { pool, memoryBytes } = poolOf(4);
  const reader = pool.open(slice('a', 20), wake);
  for (let i = 0; i < 20; i++) {
    expect(pool.add(reader.flow, piece(i))).toBeUndefined();
    expect(await readOn(reader)).toEqual([i]);
    expect(pool.usage.memoryBytes).toBeLessThanOrEqual(memoryBytes);
  }
  expect(pool.has(slice('a', 20))).toBe(false);
  expect(pool.usage.spilledBytes).toBe(0);
});

test('what a slow reader has not read goes to disk and comes back in order; a fast one of the same slice goes on', async () => {
  const { pool, clock, memoryBytes } = poolOf(4);
  const slow = pool.open(slice('a', 30), wake);
  const fast = pool.join(slice('a', 30), wake);
  const seen: number[] = [];
  for (let i = 0; i < 30; i++) {
    const room = pool.add(slow.flow, piece(i));
    if (fast) seen.push(...(await readOn(fast)));
    if (!(await settled(room))) clock.advance(GRACE_MS);
    await room;
    expect(pool.usage.memoryBytes).toBeLessThanOrEqual(1.5 * memoryBytes + 2 * PIECE);
  }
  slow.flow.complete();
  expect(seen).toEqual(Array.from({ length: 30 }, (_, i) => i));
  expect(pool.usage.diskBytes).toBeGreaterThan(20 * PIECE);
  expect(await readOn(slow)).toEqual(seen);
  slow.close();
  fast?.close();
  expect(pool.usage.diskBytes).toBe(0);
  // Its files have no names: nothing is left behind however the process ends.
  expect(await readdir(dir)).toEqual([]);
});

test('a piece that its reader waits for is never held up by what others have not read', async () => {
  const { pool } = poolOf(6);
  const stalled = pool.open(slice('a', 9), wake);
  const quick = pool.open(slice('b', 9), wake);
  pool.add(quick.flow, piece(0));
  await readOn(quick);
  let held: Promise<void> | undefined;
  for (let i = 0; i < 7; i++) held = pool.add(stalled.flow, piece(i));
  expect(await settled(held)).toBe(false);
  expect(pool.add(quick.flow, piece(1))).toBeUndefined();
  expect(await readOn(quick)).toEqual([1]);
  stalled.close();
  await held;
});

test('readers that go take their pieces with them, from memory and from disk', async () => {
  const { pool, clock } = poolOf(2);
  const reader = pool.open(slice('a', 9), wake);
  for (let i = 0; i < 6; i++) {
    const room = pool.add(reader.flow, piece(i));
    if (!(await settled(room))) clock.advance(GRACE_MS);
    await room;
  }
  expect(pool.usage.diskBytes).toBeGreaterThan(0);
  reader.close();
  expect(reader.flow.wanted).toBe(false);
  expect(pool.usage).toMatchObject({ memoryBytes: 0, diskBytes: 0 });
});

test.each([
  ['the disk is full', { create: testDisk(true).create }, 'No space is left'],
  ['the cap is reached', { diskBytes: 10 }, 'more are not kept'],
])('when %s, holders wait until readers move on', async (_what, options, words) => {
  const { pool, clock, told } = poolOf(2, options);
  const reader = pool.open(slice('a', 9), wake);
  pool.add(reader.flow, piece(0));
  pool.add(reader.flow, piece(1));
  const room = pool.add(reader.flow, piece(2));
  clock.advance(GRACE_MS);
  await vi.waitFor(() => expect(told).toHaveLength(1));
  expect(await settled(room)).toBe(false);
  expect(told[0]).toContain(words);
  expect(await readOn(reader)).toEqual([0, 1, 2]);
  await room;
});
