/** What a tab tells about its blocks: announcements.ts and copies.ts without promises. */
import type { BlockId, Digest } from '../../shared/ids.ts';
import type { Chance } from './chance.ts';
import { asBlockIds, type CopyMessage, type WorkerFrame } from './frames.ts';
import type { TabStore } from './profile.ts';
import type { TabFetches } from './tab-fetches.ts';
import type { ResidentChange } from './tab-residents.ts';

export interface TabAnnouncementsOptions {
  readonly store: TabStore;
  readonly fetches: TabFetches;
  readonly chance: Chance;
  /** Mean time until a block is written to disk. */
  readonly writeMs: number;
  readonly after: (delayMs: number, act: () => void) => void;
  readonly send: (frame: WorkerFrame) => void;
}

const USAGE_MS = 200;
const LATE_MOST = 256;

export class TabAnnouncements {
  readonly #options: TabAnnouncementsOptions;
  #late: WorkerFrame[] = [];
  /** Counts sessions; 0 while there is none. */
  #session = 0;
  #sessions = 0;
  #isTellingUsage = false;
  #isWriting = false;

  constructor(options: TabAnnouncementsOptions) {
    this.#options = options;
  }

  /** Late reports first: they tell enough for a block that nobody knows yet, a line of inventory does not. */
  beginSession(returning: boolean, residents: readonly ResidentChange[]): void {
    const { send, after, chance, store } = this.#options;
    this.#session = ++this.#sessions;
    const session = this.#session;
    this.residents(residents);
    const late = this.#late.splice(0);
    if (returning) for (const frame of late) send(frame);
    after(chance.between(1, 20), () => {
      if (this.#session !== session || store.storeId === undefined) return;
      const held = store.inventory(store.storeId);
      const half = Math.ceil(held.length / 2);
      const parts = held.length > 1 ? [held.slice(0, half), held.slice(half)] : [held];
      parts.forEach((part, i) => {
        const blocks = part.map(({ blockId, digest }) => ({ blockId, digest }));
        send({ message: { type: 'inventory', blocks, last: i === parts.length - 1 } });
      });
      this.tellUsage();
    });
  }

  endSession(): void {
    this.#session = 0;
  }

  reportLate(frame: WorkerFrame): void {
    if (this.#session > 0) this.#options.send(frame);
    else this.#late = [...this.#late.slice(1 - LATE_MOST), frame];
  }

  residents(changes: readonly ResidentChange[]): void {
    if (this.#session > 0 && changes.length > 0)
      this.#options.send({ message: { type: 'residentsChanged', changes: [...changes] } });
  }

  evicted(ids: readonly BlockId[]): void {
    if (this.#session > 0) this.#options.send({ message: { type: 'blocksDropped', blockIds: [...ids] } });
  }

  /** Says how much the store keeps. */
  tellUsage(): void {
    const { store, send } = this.#options;
    const { capBytes } = store.profile;
    if (this.#session > 0) send({ message: { type: 'storeChanged', outputBytes: store.usedBytes(), capBytes } });
  }

  usageChanged(): void {
    const { store, after, chance, writeMs } = this.#options;
    if (!this.#isWriting && store.waits) {
      this.#isWriting = true;
      after(chance.around(writeMs), () => {
        this.#isWriting = false;
        store.write();
      });
    }
    if (this.#isTellingUsage) return;
    this.#isTellingUsage = true;
    after(USAGE_MS, () => {
      this.#isTellingUsage = false;
      this.tellUsage();
    });
  }

  copy({ blockId, digest, buckets, accumulators }: CopyMessage): void {
    const { store, fetches } = this.#options;
    const id = asBlockId(blockId);
    if (store.has(id, digest)) {
      this.#answerCopy(id, digest);
      return;
    }
    const infos = buckets.map((info) => ({ ...info, digest: info.digest as Digest }));
    const slices = infos.map((info, bucket) => ({ blockId: id, bucket, digest: info.digest, bytes: info.bytes }));
    fetches.fetch(slices, ({ got }) => {
      const bytes = new Map(got.map((each) => [each.slice.bucket, each.bytes]));
      const whole = infos.flatMap((info, i) => {
        const found = bytes.get(i);
        return found?.digest === info.digest ? [found] : [];
      });
      const copy = { blockId: id, digest: digest as Digest, infos, buckets: whole, ...(accumulators && { accumulators }) };
      if (whole.length === infos.length) store.put(copy, false);
      this.#answerCopy(id, digest);
    });
  }

  #answerCopy(blockId: BlockId, digest: string): void {
    const { store, send } = this.#options;
    if (store.has(blockId, digest)) send({ message: { type: 'inventory', blocks: [{ blockId, digest }], last: true } });
    else send({ message: { type: 'blocksDropped', blockIds: [blockId] } });
  }
}

function asBlockId(id: string): BlockId {
  return asBlockIds([id])[0] as BlockId;
}
