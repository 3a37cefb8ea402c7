/** Copies blocks from tabs to the coordinator when the core asks; each is told back as collected or failed. */
import type { BlockId, SessionId } from '../../shared/ids.ts';
import type { Slice } from '../../shared/plan/task.ts';
import type { CoreCommand } from '../core/commands.ts';
import type { StoredSlice } from './block-store.ts';
import { RELAY_WINDOW_BYTES } from './relay-delivery.ts';
import type { DataPeer } from './relay-peer.ts';
import { readSlices } from './relay-slices.ts';
import type { FailedWhy } from './relay-upstream.ts';

export type CollectCommand = Extract<CoreCommand, { type: 'collectBlock' }>;

export interface CollectorOptions {
  readonly peer: (sessionId: SessionId) => DataPeer | undefined;
  readonly keep: (command: CollectCommand, slices: readonly Pick<StoredSlice, 'codec' | 'bytes'>[]) => Promise<void>;
  readonly collected: (command: CollectCommand) => void;
  readonly failed: (blockId: BlockId, why: string) => void;
  readonly lacks: (holder: SessionId, blockId: BlockId, why: FailedWhy) => void;
  readonly log: (error: unknown, what: string) => void;
}

/** Whole blocks pass through memory here, so only a few at a time. */
const AT_ONCE = 4;

export class Collector {
  readonly #options: CollectorOptions;
  readonly #waiting: CollectCommand[] = [];
  #running = 0;

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  collect(command: CollectCommand): void {
    this.#waiting.push(command);
    this.#next();
  }

  #next(): void {
    while (this.#running < AT_ONCE) {
      const command = this.#waiting.shift();
      if (!command) return;
      this.#running++;
      this.#collect(command)
        .catch((error: unknown) => {
          this.#options.log(error, `block ${command.blockId} could not be collected`);
          this.#options.failed(command.blockId, (error as Error).message);
        })
        .finally(() => {
          this.#running--;
          this.#next();
        });
    }
  }

  async #collect(command: CollectCommand): Promise<void> {
    const { blockId } = command;
    const reasons: string[] = [];
    for (const sessionId of command.from) {
      const peer = this.#options.peer(sessionId);
      const slices = peer && !peer.closed ? await this.#fetch(command, peer, reasons) : undefined;
      if (!slices) continue;
      await this.#options.keep(command, slices);
      return this.#options.collected(command);
    }
    this.#options.failed(blockId, reasons.length > 0 ? reasons.join('; ') : 'no tab that holds it is connected');
  }

  async #fetch(
    command: CollectCommand,
    peer: DataPeer,
    reasons: string[],
  ): Promise<readonly Pick<StoredSlice, 'codec' | 'bytes'>[] | undefined> {
    const { blockId, buckets } = command;
    const wanted: Slice[] = buckets.map(({ digest, bytes }, bucket) => ({ blockId, bucket, digest, bytes }));
    const streams = wanted.map(({ bytes }) => new Uint8Array(bytes));
    let complete = 0;
    await readSlices(peer, wanted, RELAY_WINDOW_BYTES, {
      piece: async (index, header, payload) => {
        streams[index]?.set(payload, header.offset);
      },
      failed: (index, why) => {
        reasons.push(`${peer.sessionId}: bucket ${index} ${why}`);
        if (!peer.closed && (why === 'missing' || why === 'corrupt')) this.#options.lacks(peer.sessionId, blockId, why);
      },
      complete: () => {
        complete++;
      },
    });
    return complete === wanted.length ? streams.map((bytes) => ({ codec: 'raw' as const, bytes })) : undefined;
  }
}
