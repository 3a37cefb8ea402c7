/** Results larger than the memory that they may take: they stream from disk batch by batch. */
import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { createBLAKE3 } from 'hash-wasm';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { END_OF_STREAM, parseStream, streamRows } from '../../shared/arrow/ipc.ts';
import { digestOf, loadHashes } from '../../shared/hash.ts';
import type { BlockId, Digest } from '../../shared/ids.ts';
import type { ResultColumn } from '../../shared/plan/physical.ts';
import { CoordinatorBlocks } from '../blocks/coordinator-blocks.ts';
import { ingestChildForTests } from '../catalog/testing/child.ts';
import type { ResultBlock } from '../core/commands.ts';
import { TestClock } from '../sessions/testing/clock.ts';
import { keptAlive } from './keep-alive.ts';
import { Results } from './results.ts';
import { sliceBodies } from './slice-bodies.ts';
import { sliceStreams } from './slice-streams.ts';
import { collect, nativeSlices } from './testing/native-slices.ts';

const MiB = 1024 * 1024;
const BATCHES = 64;
const BATCH_ROWS = 2000;
const BLOCK = 'ab'.repeat(32) as BlockId;

let dir: string;
let blocks: CoordinatorBlocks;
let columns: readonly ResultColumn[];
let block: ResultBlock;

/** One slice of 64 batches of 2 MiB each, written as it would be received. */
beforeAll(async () => {
  await loadHashes();
  dir = await mkdtemp(join(tmpdir(), 'muster-large-'));
  blocks = await CoordinatorBlocks.open({ dir: join(dir, 'blocks') });
  const made = await nativeSlices(`SELECT range AS n, repeat('text ', 210) AS t FROM range(${BATCH_ROWS})`);
  columns = made.columns;
  const stream = made.slices[0] ?? new Uint8Array();
  const schema = parseStream(stream).schema ?? new Uint8Array();
  const batch = stream.subarray(schema.length, stream.length - END_OF_STREAM.length);
  const parts = [schema, ...Array.from({ length: BATCHES }, () => batch), END_OF_STREAM];
  const hasher = (await createBLAKE3()).init();
  for (const part of parts) hasher.update(part);
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  const info = { rows: BATCHES * BATCH_ROWS, bytes, digest: hasher.digest('hex') as Digest };
  const writer = await blocks.receive(BLOCK, [info]);
  let at = 0;
  for (const part of parts) {
    await writer.write(0, at, part);
    at += part.length;
  }
  await writer.finish();
  block = { blockId: BLOCK, digest: info.digest, buckets: [info] };
  expect(bytes).toBeGreaterThan(120 * MiB);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const digestOfResult = (): Digest => block.buckets[0]?.digest ?? ('' as Digest);

async function openResults(): Promise<Results> {
  const tempDir = join(dir, 'temp');
  return Results.open({ blocks, tempDir, childEntry: await ingestChildForTests(), parquetMemoryBytes: 64 * MiB });
}

test('a large slice comes as streams of one batch each', async () => {
  let rows = 0;
  let streams = 0;
  for await (const stream of sliceStreams(blocks, BLOCK, 0, digestOfResult())) {
    expect(stream.length).toBeLessThan(3 * MiB);
    rows += streamRows(parseStream(stream));
    streams++;
  }
  expect([streams, rows]).toEqual([BATCHES, BATCHES * BATCH_ROWS]);
});

/** As of a job that still runs. */
async function* comingBlocks(): AsyncGenerator<ResultBlock> {
  yield block;
}

test.each([
  ['csv', 'there'],
  ['json', 'there'],
  ['ndjson', 'there'],
  ['arrow', 'there'],
  ['csv', 'coming'],
  ['arrow', 'coming'],
] as const)('%s of what is %s streams in a part of its size', async (format, when) => {
  const result = when === 'there' ? [block] : comingBlocks();
  const opened = await (await openResults()).open({ columns, result }, format);
  const body = when === 'there' ? opened.body : keptAlive(opened.body, new TestClock(), 1000);
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  expect(bytes).toBeGreaterThan(120 * MiB);
  // What was let go of and not yet collected counts too.
  expect(most).toBeLessThan(90 * MiB);
});

test('parquet is written by a child that has less memory than the result', { timeout: 60_000 }, async () => {
  const { body } = await (await openResults()).open({ columns, result: [block] }, 'parquet');
  const path = join(dir, 'result.parquet');
  const file = await open(path, 'w');
  for await (const piece of body) await file.write(piece);
  await file.close();
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const found = await connection.runAndReadAll(`SELECT count(*), count(DISTINCT n), min(length(t)) FROM '${path}'`);
  expect(found.getRowsJson()).toEqual([[String(BATCHES * BATCH_ROWS), String(BATCH_ROWS), '1050']]);
  connection.closeSync();
  expect(await readdir(join(dir, 'temp'))).toEqual([]);
});

test('a large slice that is damaged never completes', async () => {
  const other = digestOf(new Uint8Array(1));
  let streams = 0;
  const read = async (): Promise<void> => {
    for await (const _stream of sliceStreams(blocks, BLOCK, 0, other)) streams++;
  };
  await expect(read()).rejects.toMatchObject({ code: 'corrupt' });
  // The last batch is held back until the digest is known.
  expect(streams).toBe(BATCHES - 1);
});

test('a large slice that still comes is read as it comes, its last batch once it is known to be right', async () => {
  const coming = 'cd'.repeat(32) as BlockId;
  const info = block.buckets[0];
  const stored = await blocks.readSlice(BLOCK, 0);
  if (!info || !stored) throw new Error('the block is gone');
  const writer = await blocks.receive(coming, [info]);
  const streams = sliceStreams(blocks, coming, 0, info.digest);
  const half = stored.bytes.length / 2;
  for (let at = 0; at < half; at += MiB) await writer.write(0, at, stored.bytes.subarray(at, Math.min(half, at + MiB)));
  const first = await streams.next();
  expect(streamRows(parseStream(first.value ?? new Uint8Array()))).toBe(BATCH_ROWS);
  let read = 1;
  const rest = (async (): Promise<void> => {
    for await (const _stream of streams) read++;
  })();
  await writer.write(0, half, stored.bytes.subarray(half));
  await vi.waitFor(() => expect(read).toBe(BATCHES - 1));
  await writer.finish();
  await rest;
  expect(read).toBe(BATCHES);
});

test('the batches of a large slice that is damaged never complete as Arrow', async () => {
  const other = digestOf(new Uint8Array(1));
  let bytes = 0;
  const read = async (): Promise<void> => {
    for await (const part of sliceBodies(blocks, BLOCK, 0, other, () => undefined)) bytes += part.length;
  };
  await expect(read()).rejects.toMatchObject({ code: 'corrupt' });
  expect(bytes).toBeGreaterThan(100 * MiB);
  expect(bytes).toBeLessThan((block.buckets[0]?.bytes ?? 0) - MiB / 2);
});

test('a record batch beyond the bound is refused, not read', async () => {
  const bounds = { wholeBytes: 1000, batchBytes: MiB };
  await expect(collect(sliceStreams(blocks, BLOCK, 0, digestOfResult(), bounds))).rejects.toThrow('too large to be read');
});
