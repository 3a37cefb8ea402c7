/** Copies blocks from tabs to the coordinator's disk when the core asks; each is told back as collected or failed. */
import type { BlockId, SessionId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { BucketInfo, Slice } from '../../shared/plan/task.ts';
import type { CoreCommand } from '../core/commands.ts';
import { BlockError } from './errors.ts';
import type { RecordWriter } from './record-writer.ts';
import type { DataPeer } from './relay-peer.ts';
import { readSlices } from './relay-slices.ts';
import type { FailedWhy } from './relay-upstream.ts';

export type CollectCommand = Extract<CoreCommand, { type: 'collectBlock' }>;

export interface CollectorOptions {
  readonly peer: (sessionId: SessionId) => DataPeer | undefined;
  /** Where a block's verified bytes go. Rejects with BlockError `disk-full` when there is no room. */
  readonly receive: (blockId: BlockId, buckets: readonly BucketInfo[]) => Promise<RecordWriter>;
  readonly collected: (command: CollectCommand) => void;
  /** `noRoom`: the disk is full, whoever was asked has the block all the same. */
  readonly failed: (blockId: BlockId, why: string, noRoom: boolean) => void;
  readonly lacks: (holder: SessionId, blockId: BlockId, why: FailedWhy) => void;
  readonly log: (error: unknown, what: string) => void;
}

/** Blocks that are copied at once; the others wait. */
const AT_ONCE = 8;
/** What a tab may send ahead for one block, and so about what a copy holds in memory. */
const WINDOW_BYTES = 2 * LIMITS.pieceBytes;

export class Collector {
  readonly #options: CollectorOptions;
  readonly #waiting: CollectCommand[] = [];
  #running = 0;

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  collect(command: CollectCommand): void {
    // Before all that can wait, after what is just as urgent.
    const place = command.urgent ? this.#waiting.findIndex((other) => !other.urgent) : -1;
    this.#waiting.splice(place < 0 ? this.#waiting.length : place, 0, command);
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
          const noRoom = error instanceof BlockError && error.code === 'disk-full';
          this.#options.failed(command.blockId, (error as Error).message, noRoom);
        })
        .finally(() => {
          this.#running--;
          this.#next();
        });
    }
  }

  async #collect(command: CollectCommand): Promise<void> {
    const { blockId, buckets } = command;
    const reasons: string[] = [];
    const writer = await this.#options.receive(blockId, buckets);
    try {
      const missing = new Set(buckets.keys());
      for (const sessionId of command.from) {
        const peer = this.#options.peer(sessionId);
        if (peer && !peer.closed) await this.#fetch(command, peer, missing, writer, reasons);
        if (missing.size > 0) continue;
        await writer.finish();
        return this.#options.collected(command);
      }
      this.#options.failed(blockId, reasons.length > 0 ? reasons.join('; ') : 'no tab that holds it is connected', false);
    } finally {
      await writer.abandon();
    }
  }

  /** Buckets that came whole are taken out of `missing`: the next holder is asked for the others only. */
  async #fetch(
    { blockId, buckets }: CollectCommand,
    peer: DataPeer,
    missing: Set<number>,
    writer: RecordWriter,
    reasons: string[],
  ): Promise<void> {
    const wanted = [...missing].flatMap((bucket): Slice[] => {
      const info = buckets[bucket];
      return info ? [{ blockId, bucket, digest: info.digest, bytes: info.bytes }] : [];
    });
    await readSlices(peer, wanted, WINDOW_BYTES, {
      piece: (index, header, payload) => writer.write(wanted[index]?.bucket ?? 0, header.offset, payload.bytes, payload.keeper()),
      failed: (index, why) => {
        reasons.push(`${peer.sessionId}: bucket ${wanted[index]?.bucket ?? index} ${why}`);
        if (!peer.closed && (why === 'missing' || why === 'corrupt')) this.#options.lacks(peer.sessionId, blockId, why);
      },
      complete: (index) => missing.delete(wanted[index]?.bucket ?? -1),
    });
  }
}
