/** Copies blocks from tabs to the coordinator when the core asks; each is told back as collected or failed. */
import type { BlockId, SessionId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { Slice } from '../../shared/plan/task.ts';
import type { CoreCommand } from '../core/commands.ts';
import type { StoredSlice } from './block-store.ts';
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

/** Whole blocks pass through memory here: some at a time, and a large one alone. */
const AT_ONCE_BYTES = 256 * 1024 * 1024;
/** Beyond this no result is brought here; what it was said to hold is a worker's word. */
const MOST_BYTES = 4 * 1024 * 1024 * 1024;

export class Collector {
  readonly #options: CollectorOptions;
  readonly #waiting: CollectCommand[] = [];
  #runningBytes = 0;

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  collect(command: CollectCommand): void {
    const bytes = bytesOf(command);
    if (bytes > MOST_BYTES) {
      this.#options.failed(
        command.blockId,
        `it has ${bytes} bytes, and at most ${MOST_BYTES} can be collected: reduce the result`,
      );
      return;
    }
    this.#waiting.push(command);
    this.#next();
  }

  #next(): void {
    for (;;) {
      const [command] = this.#waiting;
      if (!command) return;
      const bytes = bytesOf(command);
      if (this.#runningBytes > 0 && this.#runningBytes + bytes > AT_ONCE_BYTES) return;
      this.#waiting.shift();
      this.#runningBytes += bytes;
      this.#collect(command)
        .catch((error: unknown) => {
          this.#options.log(error, `block ${command.blockId} could not be collected`);
          this.#options.failed(command.blockId, (error as Error).message);
        })
        .finally(() => {
          this.#runningBytes -= bytes;
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
    await readSlices(peer, wanted, LIMITS.creditBytes, {
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

/** At least 1: an empty block must count as running too. */
function bytesOf({ buckets }: CollectCommand): number {
  return buckets.reduce((sum, { bytes }) => sum + bytes, 1);
}
