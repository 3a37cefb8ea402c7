/**
 * Aligned runs: a scan is cut at multiples of one run length, so that the same runs (and so the same task ids and resident
 * tables) recur in later queries on as many slots (docs/decisions.md, "One run a slot").
 */
import { engineSizeOf } from '../../shared/arrow/engine-size.ts';
import { sha256Hex } from '../../shared/hash.ts';
import type { ScanSource } from '../../shared/plan/physical.ts';
import type { ChunkRun } from '../../shared/plan/task.ts';
import { heapPop, heapPush } from './heap.ts';

/** The longest slot may have this much more than an even share. */
const LONGEST_OVER_EVEN = 1.1;
/** Even cuts are tried with up to this many runs a slot before runs of single chunks are. */
const RUNS_PER_SLOT_MAX = 8;

/** What a cut must respect. `work` and `bytes` are per chunk; skipped chunks have 0. */
export interface CutBounds {
  readonly work: readonly number[];
  /** Bytes inside the engine. */
  readonly bytes: readonly number[];
  /** No run may have more. */
  readonly bytesMax: number;
  readonly slots: number;
  /** Slots differ in speed: each gets at least this many runs, so that the fast ones can take more of them. */
  readonly runsPerSlotMin: number;
}

/**
 * The greatest run length, in chunks, with which runs, longest first onto equal slots, give no slot more than 10 % over an even
 * share; 1 when there is none. Lengths tried are those of even cuts (one run a slot first: every further task costs
 * about 2 ms) and the powers of two, so that the same runs recur.
 */
export function runLength({ work, bytes, bytesMax, slots, runsPerSlotMin }: CutBounds): number {
  const total = sum(work);
  if (total === 0 || slots < 1) return 1;
  const bound = (LONGEST_OVER_EVEN * total) / slots;
  const runsMin = slots > 1 ? slots * runsPerSlotMin : 1;
  for (const length of lengths(work.length, slots)) {
    const runs = inRuns(work, length);
    if (largest(runs) > bound || runs.length < runsMin || largest(inRuns(bytes, length)) > bytesMax) continue;
    if (longestSlot(runs, slots) <= bound) return length;
  }
  return 1;
}

function lengths(chunks: number, slots: number): number[] {
  const all = new Set<number>();
  for (let runs = 1; runs <= RUNS_PER_SLOT_MAX; runs++) all.add(Math.ceil(chunks / (slots * runs)));
  for (let length = 1; length < 2 * chunks; length *= 2) all.add(length);
  return [...all].sort((a, b) => b - a);
}

function inRuns(perChunk: readonly number[], length: number): number[] {
  const runs: number[] = new Array(Math.ceil(perChunk.length / length)).fill(0);
  for (let i = 0; i < perChunk.length; i++) {
    const run = Math.floor(i / length);
    runs[run] = (runs[run] ?? 0) + (perChunk[i] ?? 0);
  }
  return runs;
}

function longestSlot(runs: readonly number[], slots: number): number {
  const longestFirst = runs.filter((r) => r > 0).sort((a, b) => b - a);
  const heap: { at: number }[] = [];
  for (let i = 0; i < Math.min(slots, longestFirst.length); i++) heapPush(heap, { at: 0 });
  let longest = 0;
  for (const run of longestFirst) {
    const at = (heapPop(heap)?.at ?? 0) + run;
    longest = Math.max(longest, at);
    heapPush(heap, { at });
  }
  return longest;
}

function largest(numbers: readonly number[]): number {
  let max = 0;
  for (const n of numbers) if (n > max) max = n;
  return max;
}

function sum(numbers: readonly number[]): number {
  let total = 0;
  for (const n of numbers) total += n;
  return total;
}

/** Chunks `first` to `end` (exclusive) of which `chunks` are read. */
export interface CutRun {
  readonly first: number;
  readonly end: number;
  readonly chunks: readonly number[];
}

/** The runs of `length` chunks that have a needed chunk. */
export function cutRuns(source: ScanSource, length: number): CutRun[] {
  const byRun = new Map<number, number[]>();
  for (const chunk of source.needed) {
    const run = Math.floor(chunk / length);
    const chunks = byRun.get(run);
    if (chunks) chunks.push(chunk);
    else byRun.set(run, [chunk]);
  }
  return [...byRun]
    .sort(([a], [b]) => a - b)
    .map(([run, chunks]) => ({ first: run * length, end: Math.min((run + 1) * length, source.chunks.length), chunks }));
}

export function wholeRun(run: CutRun): CutRun {
  return { ...run, chunks: Array.from({ length: run.end - run.first }, (_, i) => run.first + i) };
}

export function isWhole(run: CutRun): boolean {
  return run.chunks.length === run.end - run.first;
}

/** Names the table of exactly these chunks, whatever its columns. */
export function residentKey(version: string, run: CutRun): string {
  const name = `${version}/${run.first}-${run.end - 1}`;
  if (isWhole(run)) return name;
  const parts = ranges(run.chunks);
  return `${name}:${parts.length <= 96 ? parts : sha256Hex(parts).slice(0, 32)}`;
}

function ranges(chunks: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < chunks.length; i++) {
    const from = chunks[i] as number;
    while (i + 1 < chunks.length && chunks[i + 1] === (chunks[i] as number) + 1) i++;
    const to = chunks[i] as number;
    parts.push(from === to ? `${from}` : `${from}-${to}`);
  }
  return parts.join(',');
}

/** What a task is told of a run. An empty run (all chunks skipped) still has its columns. */
export function chunkRun(source: ScanSource, run: CutRun): ChunkRun {
  const chunks = run.chunks.map((i) => source.chunks[i]).filter((c) => c !== undefined);
  return {
    residentKey: residentKey(source.version, run),
    dataset: source.dataset,
    version: source.version,
    chunkRows: chunks.map((c) => c.rows),
    columns: source.ordinals.map((ordinal, i) => ({
      type: source.columns[i]?.type ?? '',
      wire: source.columns[i]?.wire ?? '',
      ordinal,
      slices: chunks
        .map((c) => c.columns[i])
        .filter((c) => c !== undefined)
        .map((c) => ({ blockId: c.blockId, bucket: 0, digest: c.digest, bytes: c.bytes })),
    })),
  };
}

/** Bytes of each chunk's columns once they are loaded in an engine. */
export function engineBytesPerChunk(source: ScanSource): number[] {
  const sizes = source.columns.map((column) => engineSizeOf(column.wire));
  return source.chunks.map((chunk) => {
    let bytes = 0;
    for (const [i, column] of chunk.columns.entries()) bytes += sizes[i]?.(chunk.rows, column.bytes) ?? column.bytes;
    return bytes;
  });
}

/** Uncompressed bytes of the columns that are read of it. */
export function cutBytes({ chunks, ordinals }: ScanSource, cut: CutRun): number {
  let bytes = 0;
  for (const i of cut.chunks) {
    const columns = chunks[i]?.columns;
    for (let at = 0; at < ordinals.length; at++) bytes += columns?.[at]?.bytes ?? 0;
  }
  return bytes;
}

export function chunkBytes(source: ScanSource, chunk: number): number {
  return sum(source.chunks[chunk]?.columns.map((c) => c.bytes) ?? []);
}
