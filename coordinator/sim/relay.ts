/** The coordinator's side of the data sockets: fetches of live leases, answered from its own blocks or through tabs that hold them. */
import type { BlockId, SessionId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { Slice } from '../../shared/plan/task.ts';
import type { CoordinatorBlocks } from './coordinator-blocks.ts';
import type { Answer, DataWire, FailedSlice, GotSlice, SliceTrouble } from './frames.ts';

export interface RelayOptions {
  readonly after: (delayMs: number, act: () => void) => void;
  readonly blocks: CoordinatorBlocks;
  readonly leased: (sessionId: SessionId, blockId: BlockId, bucket: number) => boolean;
  /** Whether this is a bucket of the block as accepted; else nobody is asked for it. */
  readonly isAccepted: (slice: Slice) => boolean;
  readonly holders: (blockId: BlockId) => readonly SessionId[];
  readonly lacks: (holder: SessionId, blockId: BlockId) => void;
  readonly damaged: (blockId: BlockId) => void;
}

interface Reading {
  readonly holder: SessionId;
  readonly slices: readonly Slice[];
  readonly done: (answer: Answer) => void;
}

/** A slice that somebody waits for, and where it was looked for already. */
interface Sought {
  readonly slice: Slice;
  readonly asked: Set<SessionId>;
  why: SliceTrouble;
}

export class Relay {
  readonly #options: RelayOptions;
  readonly #wires = new Map<SessionId, DataWire>();
  readonly #readings = new Map<number, Reading>();
  #made = 0;

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  get underWay(): number {
    return this.#readings.size;
  }

  attach(sessionId: SessionId, wire: DataWire): void {
    this.#wires.get(sessionId)?.closeByCoordinator(1000, 'another data socket took its place');
    this.#wires.set(sessionId, wire);
    wire.accept({
      frame: (frame) => {
        if (frame.type === 'served') this.#served(frame.readId, frame);
        else this.#fetch(sessionId, wire, frame.fetchId, frame.slices);
      },
      closed: () => {
        if (this.#wires.get(sessionId) === wire) this.#gone(sessionId);
      },
    });
  }

  detach(sessionId: SessionId): void {
    this.#wires.get(sessionId)?.closeByCoordinator(1000, 'its session is over');
    this.#gone(sessionId);
  }

  has(sessionId: SessionId): boolean {
    return this.#wires.has(sessionId);
  }

  /** Asks one tab; each slice is got or failed. */
  read(holder: SessionId, slices: readonly Slice[], done: (answer: Answer) => void): void {
    const wire = this.#wires.get(holder);
    if (!wire) {
      done({ got: [], failed: slices.map((slice) => ({ slice, why: 'lost' as const })) });
      return;
    }
    const readId = ++this.#made;
    this.#readings.set(readId, { holder, slices, done });
    wire.toTab({ type: 'read', readId, slices });
    this.#options.after(LIMITS.transferIdleMs, () => this.#fail(readId, 'timeout'));
  }

  #served(readId: number, answer: Answer): void {
    const reading = this.#readings.get(readId);
    if (!reading) return;
    this.#readings.delete(readId);
    for (const { slice, why } of answer.failed) {
      if (why === 'missing' || why === 'corrupt') this.#options.lacks(reading.holder, slice.blockId);
    }
    reading.done(answer);
  }

  #fail(readId: number, why: SliceTrouble): void {
    const reading = this.#readings.get(readId);
    if (!reading) return;
    this.#readings.delete(readId);
    reading.done({ got: [], failed: reading.slices.map((slice) => ({ slice, why })) });
  }

  #gone(sessionId: SessionId): void {
    this.#wires.delete(sessionId);
    for (const [readId, { holder }] of [...this.#readings]) if (holder === sessionId) this.#fail(readId, 'lost');
  }

  #fetch(sessionId: SessionId, wire: DataWire, fetchId: number, slices: readonly Slice[]): void {
    const got: GotSlice[] = [];
    const failed: FailedSlice[] = [];
    const open: Sought[] = [];
    for (const slice of slices) {
      if (!this.#options.leased(sessionId, slice.blockId, slice.bucket)) failed.push({ slice, why: 'refused' });
      else open.push({ slice, asked: new Set([sessionId]), why: 'missing' });
    }
    this.#seek(open, got, failed, () => wire.toTab({ type: 'fetched', fetchId, got, failed }));
  }

  /** Round after round: from the coordinator's own blocks, else from the next holder of each. */
  #seek(open: readonly Sought[], got: GotSlice[], failed: FailedSlice[], done: () => void): void {
    const asks = new Map<SessionId, Sought[]>();
    for (const sought of open) {
      const bytes = this.#kept(sought.slice);
      const holder = bytes ? undefined : this.#nextHolder(sought);
      if (bytes) got.push({ slice: sought.slice, bytes });
      else if (holder === undefined) failed.push({ slice: sought.slice, why: sought.why });
      else asks.set(holder, [...(asks.get(holder) ?? []), sought]);
    }
    if (asks.size === 0) {
      done();
      return;
    }
    let waiting = asks.size;
    const again: Sought[] = [];
    for (const [holder, soughts] of asks) {
      for (const sought of soughts) sought.asked.add(holder);
      this.read(
        holder,
        soughts.map(({ slice }) => slice),
        (answer) => {
          got.push(...answer.got);
          for (const { slice, why } of answer.failed) {
            const sought = soughts.find((each) => each.slice === slice);
            if (sought) again.push(Object.assign(sought, { why: why === 'lost' ? 'missing' : why }));
          }
          waiting--;
          if (waiting === 0) this.#seek(again, got, failed, done);
        },
      );
    }
  }

  #nextHolder({ slice, asked }: Sought): SessionId | undefined {
    if (!this.#options.isAccepted(slice)) return undefined;
    return this.#options.holders(slice.blockId).find((id) => !asked.has(id) && this.#wires.has(id));
  }

  #kept({ blockId, bucket, digest }: Slice) {
    const copy = this.#options.blocks.get(blockId);
    if (!copy || copy.infos[bucket]?.digest !== digest) return undefined;
    const bytes = copy.buckets[bucket];
    if (bytes?.digest === digest) return bytes;
    this.#options.damaged(blockId);
    return undefined;
  }
}
