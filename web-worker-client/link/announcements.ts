/**
 * What the tab tells about its blocks: at the beginning of each session what it holds from earlier ones, and reports of attempts whose
 * own session is gone. Late reports go out before the inventory: they tell enough for a block that nobody knows yet, a line does not.
 */
import { LIMITS } from '../../shared/limits.ts';
import type { WorkerMessage } from '../../shared/protocol/session.ts';
import type { BlockCache, HeldOutput, StoreUsage } from '../blocks/block-cache.ts';

type Frame = WorkerMessage | string | Uint8Array<ArrayBuffer>;

export interface AnnouncementsOptions {
  readonly send: (frame: Frame) => void;
  readonly log: (words: string) => void;
}

/** Reports that may wait for a session. Each slot adds one for each time that the connection is lost. */
const LATE_MOST = 256;

export class Announcements {
  readonly #options: AnnouncementsOptions;
  #late: Frame[] = [];
  /** Counts sessions; 0 while there is none. */
  #session = 0;
  #sessions = 0;

  constructor(options: AnnouncementsOptions) {
    this.#options = options;
  }

  /**
   * Resolves when all is told, or the session ended before. `storeId` as the welcome gave it; not `returning`: to a store that is new there.
   * Blocks are told of once `opened` resolves: whoever hears of them may ask for them at once.
   */
  async beginSession(cache: BlockCache, storeId: string, returning: boolean, opened: Promise<void>): Promise<void> {
    this.#sessions += 1;
    const session = this.#sessions;
    this.#session = session;
    const late = this.#late;
    this.#late = [];
    if (returning) for (const frame of late) this.#options.send(frame);
    const [held] = await Promise.all([this.#heldBy(cache, storeId), opened]);
    if (this.#session !== session) return;
    for (const message of inventoryMessages(held)) this.#options.send(message);
    this.#options.send(usageMessage(cache.usage()));
  }

  endSession(): void {
    this.#session = 0;
  }

  /** A report whose session is over: it goes out now, or at the beginning of the next one. */
  reportLate(frame: Frame): void {
    if (this.#session > 0) this.#options.send(frame);
    else this.#late = [...this.#late.slice(1 - LATE_MOST), frame];
  }

  usageChanged(usage: StoreUsage): void {
    if (this.#session > 0) this.#options.send(usageMessage(usage));
  }

  async #heldBy(cache: BlockCache, storeId: string): Promise<readonly HeldOutput[]> {
    try {
      return await cache.beginSession(storeId);
    } catch (error) {
      this.#options.log(`What this tab stored could not be listed: ${(error as Error).message}`);
      return [];
    }
  }
}

/** At least one message, the last one marked. */
export function inventoryMessages(held: readonly HeldOutput[]): readonly WorkerMessage[] {
  const out: WorkerMessage[] = [];
  let at = 0;
  do {
    const part = held.slice(at, at + LIMITS.inventoryLines);
    at += LIMITS.inventoryLines;
    const blocks = part.map(({ id, digest }) => ({ blockId: id, digest }));
    out.push({ type: 'inventory', blocks, last: at >= held.length });
  } while (at < held.length);
  return out;
}

function usageMessage({ outputBytes, capBytes }: StoreUsage): WorkerMessage {
  return { type: 'storeChanged', outputBytes, capBytes };
}
