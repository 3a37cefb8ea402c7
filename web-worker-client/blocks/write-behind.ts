/** The cache's way to its store: blocks not yet written, removals and uses, in batches, one store call at a time. Never rejects. */
import type { Clock } from '../../shared/clock.ts';
import type { NewBlock } from './block-cache.ts';
import type { BlockIndex, Entry } from './block-index.ts';
import { type BlockStore, type StoredBlock, StoreFullError } from './block-store.ts';

export interface WriteBehindOptions {
  /** Absent: outputs are written at once. */
  readonly clock?: Clock;
  readonly store: BlockStore;
  readonly index: BlockIndex;
  /** Gives up spare blocks that are on disk, at least `bytes` where possible; returns how many bytes it were. */
  readonly makeRoom: (bytes: number) => number;
  /** A batch came to its place; `full`: the store had no room for it at first. */
  readonly settled: (full: boolean) => void;
  readonly log: (words: string) => void;
}

/**
 * Writing a large output takes a disk and a processor for a while: whoever waits for it begins to read it first. One that the coordinator
 * has got by then is not written at all.
 */
const REST_MS = 250;
const LARGE_BYTES = 1024 * 1024;

const BATCH_BLOCKS = 16;
const BATCH_BYTES = 32 * 1024 * 1024;

export class WriteBehind {
  readonly #options: WriteBehindOptions;
  #removals = new Set<string>();
  #touched = new Set<string>();
  #work: Promise<void> = Promise.resolve();
  #queued = false;
  #stopped = false;
  #flushing = 0;
  /** Blocks that wait, and for how many reasons. */
  readonly #held = new Map<string, number>();
  /** A block is in memory only for want of room in the store. */
  #wantsRoom = false;

  constructor(options: WriteBehindOptions) {
    this.#options = options;
  }

  /** Looks for blocks to write soon; `block` is new. */
  schedule(block?: NewBlock): void {
    if (block?.kind === 'output' && block.record.byteLength >= LARGE_BYTES)
      this.#options.clock?.after(REST_MS, this.#hold(block.id));
    if (this.#queued) return;
    this.#queued = true;
    this.#work = this.#work.then(() => this.#pump());
  }

  /** Somebody who keeps the block reads it. What is answered says when that is over; `kept`: all of it went. */
  lend(id: string): (kept: boolean) => void {
    const { index, settled } = this.#options;
    const entry = index.get(id);
    const release = this.#hold(id);
    return (kept) => {
      if (kept && entry?.place === 'unwritten' && index.get(id) === entry) {
        index.makeSpare(entry);
        settled(false);
      }
      release();
    };
  }

  /** The block is not written until what is answered was called, or all are to be written. */
  #hold(id: string): () => void {
    this.#held.set(id, (this.#held.get(id) ?? 0) + 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const left = (this.#held.get(id) ?? 1) - 1;
      if (left > 0) this.#held.set(id, left);
      else this.#held.delete(id);
      if (left <= 0) this.schedule();
    };
  }

  remove(ids: readonly string[]): void {
    if (ids.length === 0) return;
    for (const id of ids) {
      this.#removals.add(id);
      this.#touched.delete(id);
    }
    this.schedule();
  }

  /** Told to the store with the next write: a use alone is not worth one. */
  touch(id: string): void {
    this.#touched.add(id);
  }

  async flush(): Promise<void> {
    this.#flushing++;
    this.schedule();
    // Work may have brought more work.
    for (let work: Promise<void> | undefined; work !== this.#work; ) {
      work = this.#work;
      await work;
    }
    this.#flushing--;
  }

  /** The store is gone: blocks stay in memory from now on. */
  stop(): void {
    this.#stopped = true;
    this.#removals.clear();
    this.#touched.clear();
  }

  async #pump(): Promise<void> {
    this.#queued = false;
    try {
      // Removals come before each write: they make the room that the write was promised.
      for (let batch = this.#unwritten(); batch.length > 0; batch = this.#unwritten()) {
        await this.#removeQueued();
        await this.#writeBatch(batch);
      }
      await this.#removeQueued();
      await this.#touchQueued();
    } catch (error) {
      this.#options.log(`The block store failed: ${(error as Error).message}`);
    }
  }

  async #removeQueued(): Promise<void> {
    if (this.#removals.size === 0 || this.#stopped) return;
    const ids = [...this.#removals];
    this.#removals = new Set();
    await this.#options.store.remove(ids);
    if (!this.#wantsRoom) return;
    this.#wantsRoom = false;
    for (const entry of this.#options.index.all()) {
      if (entry.place === 'volatile' && !entry.spare) this.#options.index.move(entry, 'unwritten');
    }
    this.schedule();
  }

  async #touchQueued(): Promise<void> {
    const { index, store } = this.#options;
    const entries = [...this.#touched].map((id) => index.get(id)).filter((entry) => entry?.place === 'disk');
    this.#touched.clear();
    const metas = entries.flatMap((entry) => (entry ? [entry.meta] : []));
    if (metas.length > 0 && !this.#stopped) await store.touch(metas);
  }

  #unwritten(): readonly Entry[] {
    const batch: Entry[] = [];
    let bytes = 0;
    for (const entry of this.#options.index.all()) {
      if (entry.place !== 'unwritten' || !entry.record) continue;
      if (this.#flushing === 0 && this.#held.has(entry.meta.id)) continue;
      batch.push(entry);
      bytes += entry.meta.bytes;
      if (batch.length >= BATCH_BLOCKS || bytes >= BATCH_BYTES) break;
    }
    return batch;
  }

  /** Writes the batch; where there is no room, makes some once, then keeps the batch in memory only. */
  async #writeBatch(batch: readonly Entry[]): Promise<void> {
    const { index, log, makeRoom, settled } = this.#options;
    const blocks = batch.flatMap((e) => (e.record ? [{ meta: e.meta, record: e.record }] : []));
    const bytes = blocks.reduce((sum, b) => sum + b.meta.bytes, 0);
    let trouble = await this.#write(blocks);
    const full = trouble instanceof StoreFullError;
    if (full && makeRoom(bytes) > 0) {
      await this.#removeQueued();
      trouble = await this.#write(blocks);
    }
    const place = trouble ? 'volatile' : 'disk';
    if (trouble && !this.#stopped) log(`Blocks stay in memory only: ${trouble.message}`);
    if (trouble instanceof StoreFullError) this.#wantsRoom = true;
    for (const entry of batch) {
      // The store may have been lost since, and what was written with it.
      index.move(entry, this.#stopped ? 'volatile' : place);
      // It may have been dropped while it was being written. Whatever replaced it is written after the removal.
      const there = index.get(entry.meta.id);
      if (place === 'disk' && there !== entry && there?.place !== 'disk') this.remove([entry.meta.id]);
    }
    settled(full);
  }

  async #write(blocks: readonly StoredBlock[]): Promise<Error | undefined> {
    if (this.#stopped) return new Error('the store is gone');
    try {
      await this.#options.store.write(blocks);
      return undefined;
    } catch (error) {
      return error as Error;
    }
  }
}
