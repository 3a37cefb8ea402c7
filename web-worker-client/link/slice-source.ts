/**
 * Where the slices of an attempt come from: the lease frame itself, this tab's blocks, slices borrowed from other tabs a moment ago,
 * else the data socket. Slices that another slot is fetching right now are waited for, not fetched twice. What is returned belongs
 * to the caller, who may transfer it.
 */
import type { Slice } from '../../shared/plan/task.ts';
import type { BlockCache } from '../blocks/block-cache.ts';
import type { SliceReader } from '../blocks/slice-reader.ts';
import type { CodedSlice } from '../slots/api.ts';
import type { FetchResult, FetchTrouble } from './fetcher.ts';
import { recordOfSource } from './records.ts';

/** A slice that is wanted; `rows` is known for column chunks, which are worth keeping. */
export interface WantedSlice {
  readonly slice: Slice;
  readonly chunkRows?: number;
}

export interface Obtained {
  readonly coded: ReadonlyMap<string, CodedSlice>;
  readonly failed: readonly { readonly slice: Slice; readonly why: FetchTrouble }[];
  readonly fetchedBytes: number;
  readonly fetchedSlices: number;
  readonly cachedBytes: number;
}

export type FetchSlices = (slices: readonly Slice[], signal: AbortSignal) => Promise<FetchResult>;

/** A task of a shuffle reads small slices of many blocks: one after the other, the store's latency would add up. */
const READS_AT_ONCE = 32;
/** Tries after somebody else's fetch brought nothing. */
const ROUNDS = 4;

export function sliceKey(slice: { readonly blockId: string; readonly bucket: number; readonly digest: string }): string {
  return `${slice.blockId}/${slice.bucket}/${slice.digest}`;
}

export class SliceSource {
  readonly #cache: BlockCache;
  readonly #reader: SliceReader;
  readonly #borrowedBytesMost: number;
  /** Slices of other tabs' outputs, least recently used first; never served, never stored. */
  readonly #borrowed = new Map<string, CodedSlice>();
  #borrowedBytes = 0;
  readonly #inFlight = new Map<string, Promise<void>>();

  constructor(options: { readonly cache: BlockCache; readonly reader: SliceReader; readonly borrowedBytes: number }) {
    this.#cache = options.cache;
    this.#reader = options.reader;
    this.#borrowedBytesMost = options.borrowedBytes;
  }

  /** Gets all it can. `inline` has views into the lease frame, by `sliceKey`. */
  async obtain(
    wanted: readonly WantedSlice[],
    inline: ReadonlyMap<string, Uint8Array>,
    fetch: FetchSlices,
    signal: AbortSignal,
  ): Promise<Obtained> {
    const coded = new Map<string, CodedSlice>();
    const failed: { slice: Slice; why: FetchTrouble }[] = [];
    const costs = { fetchedBytes: 0, fetchedSlices: 0, cachedBytes: 0 };
    let open: readonly WantedSlice[] = [...new Map(wanted.map((want) => [sliceKey(want.slice), want])).values()];
    for (let round = 0; open.length > 0 && round < ROUNDS && !signal.aborted; round += 1) {
      const lacking: WantedSlice[] = [];
      for (let at = 0; at < open.length; at += READS_AT_ONCE) {
        const some = open.slice(at, at + READS_AT_ONCE);
        const found = await Promise.all(some.map(({ slice }) => this.#here(slice, sliceKey(slice), inline)));
        found.forEach((here, i) => {
          const want = some[i];
          if (here) {
            coded.set(sliceKey(here.coded.slice), here.coded);
            if (here.cached) costs.cachedBytes += here.coded.bytes.byteLength;
          } else if (want) lacking.push(want);
        });
      }
      const others = lacking.flatMap((want) => this.#inFlight.get(sliceKey(want.slice)) ?? []);
      const mine = lacking.filter((want) => !this.#inFlight.has(sliceKey(want.slice)));
      if (mine.length > 0) {
        const result = await this.#fetch(mine, fetch, signal);
        failed.push(...result.failed);
        for (const got of result.got) {
          coded.set(sliceKey(got.slice), got);
          costs.fetchedBytes += got.bytes.byteLength;
          costs.fetchedSlices += 1;
        }
      }
      await Promise.all(others);
      open = lacking.filter((want) => !mine.includes(want));
    }
    failed.push(...open.filter((w) => !coded.has(sliceKey(w.slice))).map(({ slice }) => ({ slice, why: 'aborted' }) as const));
    return { coded, failed, ...costs };
  }

  /** Forgets every copy of these slices: they proved to be corrupt. */
  distrust(slices: readonly { readonly blockId: string; readonly bucket: number }[]): void {
    this.#cache.drop(slices.map((s) => s.blockId));
    for (const [key, held] of [...this.#borrowed]) {
      if (slices.some((s) => s.blockId === held.slice.blockId && s.bucket === held.slice.bucket)) this.#unborrow(key, held);
    }
  }

  /** Outputs of another coordinator's tabs mean nothing to this one. */
  forgetBorrowed(): void {
    this.#borrowed.clear();
    this.#borrowedBytes = 0;
  }

  async #here(
    slice: Slice,
    key: string,
    inline: ReadonlyMap<string, Uint8Array>,
  ): Promise<{ readonly coded: CodedSlice; readonly cached: boolean } | undefined> {
    const part = inline.get(key);
    if (part) return { coded: { slice, codec: 'raw', bytes: part.slice() }, cached: false };
    const borrowed = this.#borrowed.get(key);
    if (borrowed) {
      this.#borrowed.delete(key);
      this.#borrowed.set(key, borrowed);
      return { coded: { ...borrowed, bytes: borrowed.bytes.slice() }, cached: true };
    }
    const stored = await this.#reader.read(slice);
    if (typeof stored === 'string') return undefined;
    return { coded: { slice, codec: stored.codec, bytes: stored.bytes.slice() }, cached: true };
  }

  async #fetch(mine: readonly WantedSlice[], fetch: FetchSlices, signal: AbortSignal): Promise<FetchResult> {
    let done: () => void = () => undefined;
    const pending = new Promise<void>((resolve) => {
      done = resolve;
    });
    for (const { slice } of mine) this.#inFlight.set(sliceKey(slice), pending);
    try {
      const result = await fetch(
        mine.map((want) => want.slice),
        signal,
      );
      const rows = new Map(mine.map((want) => [sliceKey(want.slice), want.chunkRows]));
      for (const got of result.got) this.#keep(got, rows.get(sliceKey(got.slice)));
      return result;
    } finally {
      for (const { slice } of mine) this.#inFlight.delete(sliceKey(slice));
      done();
    }
  }

  /** Column chunks are kept for good; other tabs' outputs for as long as there is room. */
  #keep(got: CodedSlice, chunkRows: number | undefined): void {
    const { slice } = got;
    if (chunkRows !== undefined) {
      const record = recordOfSource(got, chunkRows);
      this.#cache.put({ id: slice.blockId, digest: slice.digest, kind: 'source', record });
      return;
    }
    const bytes = got.bytes.byteLength;
    if (bytes > this.#borrowedBytesMost / 2) return;
    this.#borrowed.set(sliceKey(slice), { ...got, bytes: got.bytes.slice() });
    this.#borrowedBytes += bytes;
    for (const [key, held] of this.#borrowed) {
      if (this.#borrowedBytes <= this.#borrowedBytesMost) break;
      this.#unborrow(key, held);
    }
  }

  #unborrow(key: string, held: CodedSlice): void {
    if (this.#borrowed.delete(key)) this.#borrowedBytes -= held.bytes.byteLength;
  }
}
