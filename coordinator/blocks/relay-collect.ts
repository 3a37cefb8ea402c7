/** Copies blocks from tabs to the coordinator's disk when the core asks; each is told back as collected or failed. */
import type { Clock } from '../../shared/clock.ts';
import type { Accumulators } from '../../shared/guest/accumulators.ts';
import type { BlockId, SessionId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { BucketInfo, Slice } from '../../shared/plan/task.ts';
import type { CoreCommand, Urgency } from '../core/commands.ts';
import { CollectPace } from './collect-pace.ts';
import { BlockError } from './errors.ts';
import type { RecordWriter } from './record-writer.ts';
import type { DataPeer } from './relay-peer.ts';
import { readSlices } from './relay-slices.ts';
import type { FailedWhy } from './relay-upstream.ts';

export type CollectCommand = Extract<CoreCommand, { type: 'collectBlock' }>;

export interface CollectorOptions {
  readonly clock: Clock;
  readonly peer: (sessionId: SessionId) => DataPeer | undefined;
  /** Where a block's verified bytes go. Rejects with BlockError `disk-full` when there is no room. */
  readonly receive: (blockId: BlockId, buckets: readonly BucketInfo[], accumulators?: Accumulators) => Promise<RecordWriter>;
  readonly collected: (command: CollectCommand) => void;
  /** `noRoom`: the disk is full, whoever was asked has the block all the same. */
  readonly failed: (blockId: BlockId, why: string, noRoom: boolean) => void;
  readonly lacks: (holder: SessionId, blockId: BlockId, why: FailedWhy) => void;
  readonly log: (error: unknown, what: string) => void;
}

/** Blocks that are copied at once; the others wait. */
const AT_ONCE = 8;
/** Bytes of blocks that are copied side by side without more ado. */
const AT_ONCE_BYTES = 4 * 1024 * 1024;
/** What a tab may send ahead for one block, and so about what a copy holds in memory. */
const WINDOW_BYTES = 2 * LIMITS.pieceBytes;
const FIRST: readonly Urgency[] = ['urgent', 'wanted', 'ahead'];

/** A copy under way. */
interface Copy {
  readonly command: CollectCommand;
  readonly bytes: number;
  arrivedBytes: number;
  stopped: boolean;
}

/** How a copy ended. */
type Outcome = { readonly ok: true } | { readonly ok: false; readonly why: string; readonly noRoom: boolean };

class Stopped extends Error {}

export class Collector {
  readonly #options: CollectorOptions;
  readonly #waiting: CollectCommand[] = [];
  readonly #running = new Set<Copy>();
  readonly #pace: CollectPace;

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#pace = new CollectPace(options.clock, () => this.#next());
  }

  /** Of a block that waits already, the urgency is raised. */
  collect(command: CollectCommand): void {
    const { blockId, urgency } = command;
    for (const copy of this.#running) if (copy.command.blockId === blockId && !copy.stopped) return;
    const at = this.#waiting.findIndex((other) => other.blockId === blockId);
    const [known] = at < 0 ? [] : this.#waiting.splice(at, 1);
    const asked = known ? { ...known, urgency } : command;
    // In the order of the results; after what is just as urgent.
    const place = this.#waiting.findIndex((other) => isBefore(asked, other));
    this.#waiting.splice(place < 0 ? this.#waiting.length : place, 0, asked);
    this.#next();
  }

  /** Nobody is told how a copy under way ends, unless all of it has come already. */
  stop(blockId: BlockId): void {
    const at = this.#waiting.findIndex((other) => other.blockId === blockId);
    if (at >= 0) this.#waiting.splice(at, 1);
    for (const copy of this.#running) if (copy.command.blockId === blockId) copy.stopped = true;
  }

  #next(): void {
    while (this.#running.size < AT_ONCE) {
      const at = this.#waiting.findIndex((command) => this.#mayBegin(command));
      const [command] = at < 0 ? [] : this.#waiting.splice(at, 1);
      if (!command) break;
      const bytes = command.buckets.reduce((sum, bucket) => sum + bucket.bytes, 0);
      const copy = { command, bytes, arrivedBytes: 0, stopped: false };
      this.#running.add(copy);
      void this.#run(copy);
    }
    if (this.#waiting.length === 0) this.#pace.stop();
  }

  /**
   * Nothing urgent waits for others. The rest comes in order while what comes fills the coordinator, so that the first rows of a result
   * can be read early; tabs that still compute give one block at a time ahead.
   */
  #mayBegin({ urgency, from }: CollectCommand): boolean {
    if (urgency === 'urgent') return true;
    if (urgency === 'ahead' && this.#gives(from)) return false;
    let missing = 0;
    for (const { bytes, arrivedBytes } of this.#running) missing += bytes - arrivedBytes;
    return missing <= AT_ONCE_BYTES || this.#pace.takeRoom();
  }

  #gives(from: readonly SessionId[]): boolean {
    for (const { command } of this.#running) if (command.from.some((sessionId) => from.includes(sessionId))) return true;
    return false;
  }

  async #run(copy: Copy): Promise<void> {
    const { command } = copy;
    let outcome: Outcome;
    try {
      outcome = await this.#collect(copy);
    } catch (error) {
      if (!(error instanceof Stopped)) this.#options.log(error, `block ${command.blockId} could not be collected`);
      const noRoom = error instanceof BlockError && error.code === 'disk-full';
      outcome = { ok: false, why: (error as Error).message, noRoom };
    }
    // Before anyone is told: the answer may be to ask for the block once more.
    this.#running.delete(copy);
    if (outcome.ok) this.#options.collected(command);
    else if (!copy.stopped) this.#options.failed(command.blockId, outcome.why, outcome.noRoom);
    this.#next();
  }

  async #collect(copy: Copy): Promise<Outcome> {
    const { command } = copy;
    const { blockId, buckets, accumulators } = command;
    const reasons: string[] = [];
    const writer = await this.#options.receive(blockId, buckets, accumulators);
    try {
      const missing = new Set(buckets.keys());
      for (const sessionId of command.from) {
        const peer = this.#options.peer(sessionId);
        if (peer && !peer.closed) await this.#fetch(copy, peer, missing, writer, reasons);
        if (missing.size > 0) continue;
        await writer.finish();
        return { ok: true };
      }
      const why = reasons.length > 0 ? reasons.join('; ') : 'no tab that holds it is connected';
      return { ok: false, why, noRoom: false };
    } finally {
      await writer.abandon();
    }
  }

  /** Buckets that came whole are taken out of `missing`: the next holder is asked for the others only. */
  async #fetch(copy: Copy, peer: DataPeer, missing: Set<number>, writer: RecordWriter, reasons: string[]): Promise<void> {
    const { blockId, buckets } = copy.command;
    const pace = this.#pace;
    const wanted = [...missing].flatMap((bucket): Slice[] => {
      const info = buckets[bucket];
      return info ? [{ blockId, bucket, digest: info.digest, bytes: info.bytes }] : [];
    });
    await readSlices(peer, wanted, WINDOW_BYTES, {
      kept: true,
      piece: (index, header, payload) => {
        if (copy.stopped) throw new Stopped('nobody wants the copy any more');
        copy.arrivedBytes += payload.byteLength;
        pace.arrived(payload.byteLength);
        return writer.write(wanted[index]?.bucket ?? 0, header.offset, payload);
      },
      failed: (index, why) => {
        reasons.push(`${peer.sessionId}: bucket ${wanted[index]?.bucket ?? index} ${why}`);
        if (!peer.closed && (why === 'missing' || why === 'corrupt')) this.#options.lacks(peer.sessionId, blockId, why);
      },
      complete: (index) => missing.delete(wanted[index]?.bucket ?? -1),
    });
  }
}

function isBefore(one: CollectCommand, other: CollectCommand): boolean {
  if (one.urgency !== other.urgency) return FIRST.indexOf(one.urgency) < FIRST.indexOf(other.urgency);
  return one.partition < other.partition;
}
