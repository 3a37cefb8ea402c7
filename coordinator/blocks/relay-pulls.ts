/**
 * Fills flows from the tabs that hold their slices: one request names many slices of one holder. How many run at once, and how far
 * holders may send ahead, is bounded; a pull never waits for the readers of what it brings.
 */
import type { Clock } from '../../shared/clock.ts';
import type { BlockId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { Slice } from '../../shared/plan/task.ts';
import { TransferStopped } from './relay-credit.ts';
import type { SliceFlow } from './relay-flow.ts';
import type { DataPeer } from './relay-peer.ts';
import type { FlowPool } from './relay-pool.ts';
import { readSlices } from './relay-slices.ts';
import type { FailedWhy } from './relay-upstream.ts';

export interface PullsOptions {
  readonly clock: Clock;
  readonly pool: FlowPool;
  /** Longest that a piece may wait for room. */
  readonly idleMs: number;
  /** A holder said that it lacks a block, or served other bytes. */
  readonly lacks: (holder: DataPeer, blockId: BlockId, why: FailedWhy) => void;
  /** For tests: the first bytes of a pull have come; it goes on when this resolves. */
  readonly begun?: (holder: DataPeer, slices: readonly Slice[]) => Promise<void>;
  readonly log: (error: unknown, what: string) => void;
}

/** Many: on a slow network each must still move within its deadline. */
const AT_ONCE = 256;
/** Of one holder; it refuses more than LIMITS.fetchesPerSocket, and collecting blocks needs some too. */
const AT_ONCE_OF_HOLDER = LIMITS.fetchesPerSocket * 0.75;
/** What all holders together may send ahead, about; each pull gets half of what is left, within the bounds. */
const AHEAD_BYTES = 8 * LIMITS.pieceBytes;
const WINDOW_LEAST_BYTES = LIMITS.pieceBytes / 8;
const WINDOW_MOST_BYTES = 2 * LIMITS.pieceBytes;
/** What one pull brings at most, unless a slice is larger: less when there are many, so that none waits long for its turn. */
const PULL_MOST_BYTES = 8 * LIMITS.pieceBytes;
const PULLS_FEW = 16;

interface Pull {
  readonly holder: DataPeer;
  readonly flows: readonly SliceFlow[];
}

export class Pulls {
  readonly #options: PullsOptions;
  #waiting: Pull[] = [];
  readonly #running = new Map<DataPeer, number>();
  #count = 0;
  #aheadBytes = 0;
  #pulledBytes = 0;

  constructor(options: PullsOptions) {
    this.#options = options;
  }

  /** Bytes that holders have sent. */
  get pulledBytes(): number {
    return this.#pulledBytes;
  }

  /** What a pull should bring now, about. */
  get pullBytes(): number {
    const pulls = this.#count + this.#waiting.length;
    return Math.max(LIMITS.pieceBytes, Math.min(PULL_MOST_BYTES, (PULL_MOST_BYTES * PULLS_FEW) / (pulls + 1)));
  }

  /** Each flow ends complete or failed. */
  pull(holder: DataPeer, flows: readonly SliceFlow[]): void {
    this.#waiting.push({ holder, flows });
    this.#next();
  }

  #next(): void {
    if (this.#waiting.length === 0 || this.#count >= AT_ONCE) return;
    const later: Pull[] = [];
    for (const pull of this.#waiting.splice(0)) {
      const ofHolder = this.#running.get(pull.holder) ?? 0;
      if (this.#count >= AT_ONCE || ofHolder >= AT_ONCE_OF_HOLDER) later.push(pull);
      else if (pull.flows.some((flow) => flow.wanted)) void this.#run(pull, ofHolder);
    }
    this.#waiting = [...later, ...this.#waiting];
  }

  async #run({ holder, flows }: Pull, ofHolder: number): Promise<void> {
    const half = (AHEAD_BYTES - this.#aheadBytes) / 2;
    const windowBytes = Math.round(Math.min(WINDOW_MOST_BYTES, Math.max(WINDOW_LEAST_BYTES, half)));
    this.#count++;
    this.#aheadBytes += windowBytes;
    this.#running.set(holder, ofHolder + 1);
    try {
      await this.#read(holder, flows, windowBytes);
    } catch (error) {
      if (!(error instanceof TransferStopped)) this.#options.log(error, 'a transfer failed');
      for (const flow of flows) this.#options.pool.fail(flow, 'timeout');
    } finally {
      this.#count--;
      this.#aheadBytes -= windowBytes;
      const left = (this.#running.get(holder) ?? 1) - 1;
      if (left > 0) this.#running.set(holder, left);
      else this.#running.delete(holder);
      this.#next();
    }
  }

  async #read(holder: DataPeer, all: readonly SliceFlow[], windowBytes: number): Promise<void> {
    const { pool, lacks, begun } = this.#options;
    let hasBegun = false;
    // Given up by their readers while they waited for their turn.
    const flows = all.filter((flow) => flow.wanted);
    const slices = flows.map((flow) => flow.slice);
    await readSlices(holder, slices, windowBytes, {
      piece: (index, _header, payload) => {
        const flow = flows[index];
        const isFirst = !hasBegun;
        hasBegun = true;
        this.#pulledBytes += payload.byteLength;
        if (flow?.wanted) {
          const room = this.#within(pool.add(flow, payload));
          return begun && isFirst ? Promise.all([room, begun(holder, slices)]).then(() => undefined) : room;
        }
        if (flows.slice(index).some((later) => later.wanted)) return undefined;
        throw new TransferStopped('aborted');
      },
      failed: (index, why) => {
        const flow = flows[index];
        if (!flow) return;
        if (!holder.closed && (why === 'missing' || why === 'corrupt')) lacks(holder, flow.slice.blockId, why);
        pool.fail(flow, why);
      },
      complete: (index) => flows[index]?.complete(),
    });
  }

  /** Waiting for room ends within the deadline, also where the disk is full and no reader moves. */
  #within(room: Promise<void> | undefined): Promise<void> | undefined {
    if (!room) return undefined;
    return new Promise((resolve, reject) => {
      const cancel = this.#options.clock.after(this.#options.idleMs, () => reject(new TransferStopped('timeout')));
      room.then(
        () => {
          cancel();
          resolve();
        },
        (error: unknown) => {
          cancel();
          reject(error);
        },
      );
    });
  }
}
