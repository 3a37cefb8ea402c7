/** A tab's data socket: what it asks for, and what it serves to others. */
import type { BlockId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { Slice } from '../../shared/plan/task.ts';
import type { Answer, DataDown, DataWire, FailedSlice, GotSlice } from './frames.ts';
import type { TabStore } from './profile.ts';

export interface TabFetchesOptions {
  readonly store: TabStore;
  /** Passes only while the tab lives, and not while it is frozen. */
  readonly after: (delayMs: number, act: () => void) => void;
  /** Somebody reads from this tab. */
  readonly serves: (blockIds: readonly BlockId[]) => void;
}

interface Pending {
  readonly slices: readonly Slice[];
  readonly done: (answer: Answer) => void;
}

export class TabFetches {
  readonly #options: TabFetchesOptions;
  readonly #pending = new Map<number, Pending>();
  #wire: DataWire | undefined;
  #made = 0;

  constructor(options: TabFetchesOptions) {
    this.#options = options;
  }

  get underWay(): number {
    return this.#pending.size;
  }

  /** A new session has a new socket; what was asked for on the old one is lost. */
  open(wire: DataWire): void {
    this.close();
    this.#wire = wire;
    const isCurrent = (): boolean => this.#wire === wire;
    wire.attach({
      frame: (frame) => this.#options.after(0, () => isCurrent() && this.#onFrame(frame)),
      closed: () => this.#options.after(0, () => isCurrent() && this.close()),
    });
  }

  close(): void {
    this.#wire?.closeByTab(1000, 'its session is over');
    this.#wire = undefined;
    for (const fetchId of [...this.#pending.keys()]) this.#settle(fetchId, 'lost');
  }

  /** Each slice is got or failed, once. */
  fetch(slices: readonly Slice[], done: (answer: Answer) => void): void {
    if (!this.#wire) {
      done({ got: [], failed: slices.map((slice) => ({ slice, why: 'lost' as const })) });
      return;
    }
    const fetchId = ++this.#made;
    this.#pending.set(fetchId, { slices, done });
    this.#wire.toCoordinator({ type: 'fetch', fetchId, slices });
    this.#options.after(LIMITS.transferIdleMs, () => this.#settle(fetchId, 'timeout'));
  }

  #settle(fetchId: number, why: 'lost' | 'timeout'): void {
    const pending = this.#pending.get(fetchId);
    if (!pending) return;
    this.#pending.delete(fetchId);
    pending.done({ got: [], failed: pending.slices.map((slice) => ({ slice, why })) });
  }

  #onFrame(frame: DataDown): void {
    if (frame.type === 'read') {
      this.#serve(frame.readId, frame.slices);
      return;
    }
    const pending = this.#pending.get(frame.fetchId);
    if (!pending) return;
    this.#pending.delete(frame.fetchId);
    pending.done(frame);
  }

  #serve(readId: number, slices: readonly Slice[]): void {
    const wire = this.#wire;
    this.#options.serves(slices.map(({ blockId }) => blockId));
    this.#options.after(1, () => {
      const got: GotSlice[] = [];
      const failed: FailedSlice[] = [];
      for (const slice of slices) {
        const copy = this.#options.store.serve(slice.blockId);
        const bytes = typeof copy === 'string' ? undefined : copy.buckets[slice.bucket];
        if (typeof copy === 'string') failed.push({ slice, why: copy });
        else if (!bytes || copy.infos[slice.bucket]?.digest !== slice.digest) failed.push({ slice, why: 'missing' });
        else got.push({ slice, bytes });
      }
      if (wire === this.#wire) wire?.toCoordinator({ type: 'served', readId, got, failed });
    });
  }
}
