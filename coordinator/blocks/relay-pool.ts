/**
 * Bounds the memory of all slices that pass through. Pieces stay a moment after they were read, so that others who read the same slice
 * get them too; when memory is full those go first, then what slow readers have not read yet goes to disk. A piece that a reader
 * waits for is never held up.
 */
import type { Clock } from '../../shared/clock.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { Slice } from '../../shared/plan/task.ts';
import { type FlowKeeper, FlowReader, type Part, SliceFlow } from './relay-flow.ts';
import type { FailedWhy } from './relay-upstream.ts';
import type { SpillFiles } from './spill-files.ts';

export interface PoolOptions {
  readonly clock: Clock;
  readonly spill: SpillFiles;
  readonly memoryBytes?: number;
  readonly log: (error: unknown, what: string) => void;
}

/** Readers get this long to come for a piece before it goes to disk: those who keep up never cause a write. */
const GRACE_MS = 100;
/** Of the memory, the part that pieces may keep which nobody reads now but others may come for. */
const KEPT_SHARE = 0.25;
/** How far pieces that a reader waits for may exceed the bound, while others go to disk. */
const OVER_SHARE = 1.5;
/** What a part costs besides its bytes: tiny pieces must not fill the memory uncounted. */
const PART_BYTES = 256;

export class FlowPool implements FlowKeeper {
  readonly #clock: Clock;
  readonly #spill: SpillFiles;
  readonly #most: number;
  readonly #log: PoolOptions['log'];
  /** Flows that may be joined, by slice. */
  readonly #byKey = new Map<string, SliceFlow>();
  /** Flows with pieces in memory; the one that got a piece longest ago first. */
  readonly #held = new Set<SliceFlow>();
  #memoryBytes = 0;
  /** Of these, bytes that all present readers have passed. */
  #passedBytes = 0;
  #spilledBytes = 0;
  /** Woken when memory was given back. */
  #waiting: (() => void)[] = [];
  #round: Promise<void> | undefined;
  /** The disk took nothing the last time; tried again when a reader moves on. */
  #diskFull = false;
  #diskFullTold = false;

  constructor({ clock, spill, memoryBytes, log }: PoolOptions) {
    this.#clock = clock;
    this.#spill = spill;
    this.#most = memoryBytes ?? LIMITS.relayMemoryBytes;
    this.#log = log;
  }

  /** `spilledBytes` counts all that ever went to disk. */
  get usage(): { readonly memoryBytes: number; readonly diskBytes: number; readonly spilledBytes: number } {
    return { memoryBytes: this.#memoryBytes, diskBytes: this.#spill.usedBytes, spilledBytes: this.#spilledBytes };
  }

  /** The slice passes through now, or passed a moment ago: a reader can join. */
  has(slice: Slice): boolean {
    return this.#byKey.get(keyOf(slice))?.joinable ?? false;
  }

  /** A reader of such a slice. */
  join(slice: Slice, wake: () => void): FlowReader | undefined {
    const flow = this.#byKey.get(keyOf(slice));
    if (!flow?.joinable) return undefined;
    this.#passedBytes -= flow.passedBytes;
    flow.passedBytes = 0;
    flow.passedParts = 0;
    return new FlowReader(flow, this, wake);
  }

  /** The first reader of a slice; the caller sees to it that the flow is filled. */
  open(slice: Slice, wake: () => void): FlowReader {
    const flow = new SliceFlow(slice);
    this.#byKey.set(keyOf(slice), flow);
    return new FlowReader(flow, this, wake);
  }

  /**
   * The next piece of a flow. A promise while there is no room for more; it waits for readers for long only where the disk takes
   * nothing.
   */
  add(flow: SliceFlow, payload: Uint8Array): Promise<void> | undefined {
    const { awaited } = flow;
    flow.append(payload, this.#clock.nowMs());
    this.#held.delete(flow);
    this.#count(flow, payload.byteLength + PART_BYTES);
    this.#dropPassed();
    if (this.#memoryBytes <= this.#most) return undefined;
    const room = this.#makeRoom();
    return awaited && this.#memoryBytes <= this.#most * OVER_SHARE ? undefined : room;
  }

  /** Nothing more will come for it. */
  fail(flow: SliceFlow, why: FailedWhy): void {
    flow.fail(why);
    this.#forget(flow);
    this.#dropUnread(flow);
  }

  bytesOf(part: Part): Uint8Array | Promise<Uint8Array> {
    if (part.memory) return part.memory;
    if (!part.place) throw new Error('a part was read after it was given up');
    return this.#spill.read(part.place);
  }

  passed(flow: SliceFlow): void {
    // What is on disk is not kept for later readers.
    const needed = flow.neededFrom;
    for (; flow.passedParts < needed; flow.passedParts++) {
      const part = flow.parts[flow.passedParts];
      if (part?.memory && !part.spilling) this.#countPassed(flow, part.bytes + PART_BYTES);
    }
    if (flow.slow && flow.parts[needed - 1]?.place) this.#dropParts(flow, needed);
    this.#dropUnread(flow);
    this.#dropPassed();
    this.#diskFull = false;
    this.#wakeWaiting();
  }

  /** A flow that nobody reads is kept only when it is whole and in memory. */
  #dropUnread(flow: SliceFlow): void {
    if (flow.readers.size > 0 || (flow.state === 'complete' && !flow.slow)) return;
    this.#forget(flow);
    this.#dropParts(flow, flow.parts.length);
  }

  /** Lets go of parts that all present readers have passed, oldest flow first, until memory fits and few of them are left. */
  #dropPassed(): void {
    const tooMuch = (): boolean => this.#memoryBytes > this.#most || this.#passedBytes > this.#most * KEPT_SHARE;
    if (this.#passedBytes === 0 || !tooMuch()) return;
    for (const flow of this.#held) {
      this.#dropParts(flow, flow.passedParts);
      if (this.#passedBytes === 0 || !tooMuch()) return;
    }
  }

  #dropParts(flow: SliceFlow, end: number): void {
    if (end <= flow.firstPart) return;
    for (let index = flow.firstPart; index < end; index++) {
      const part = flow.parts[index];
      if (!part) continue;
      if (part.memory && !part.spilling) {
        this.#count(flow, -part.bytes - PART_BYTES);
        if (index < flow.passedParts) this.#countPassed(flow, -part.bytes - PART_BYTES);
      }
      if (part.place) this.#spill.free(part.place);
      part.memory = undefined;
      part.place = undefined;
    }
    flow.firstPart = end;
    flow.passedParts = Math.max(flow.passedParts, end);
    this.#forget(flow);
  }

  #countPassed(flow: SliceFlow, bytes: number): void {
    flow.passedBytes += bytes;
    this.#passedBytes += bytes;
  }

  #forget(flow: SliceFlow): void {
    const key = keyOf(flow.slice);
    if (this.#byKey.get(key) === flow) this.#byKey.delete(key);
  }

  /** Resolves when memory fits. All who want room share one round; it is never rejected. */
  #makeRoom(): Promise<void> {
    this.#round ??= this.#spillLate().finally(() => {
      this.#round = undefined;
    });
    return this.#round;
  }

  async #spillLate(): Promise<void> {
    while (this.#memoryBytes > this.#most) {
      const writes: Promise<void>[] = [];
      const oldMs = this.#clock.nowMs() - GRACE_MS;
      while (this.#memoryBytes > this.#most && !this.#diskFull) {
        const found = this.#leastUrgent(oldMs);
        if (!found) break;
        writes.push(this.#spillPart(found.flow, found.part));
      }
      if (writes.length > 0) await Promise.all(writes);
      else await this.#roomOrGrace();
    }
  }

  /** Resolves when memory was given back, or may be taken from slow readers. */
  #roomOrGrace(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#diskFull ? () => undefined : this.#clock.after(GRACE_MS, resolve);
      this.#waiting.push(() => {
        cancel();
        resolve();
      });
    });
  }

  /** Of the flow with most in memory, among those whose readers are late, the part that will be read last. */
  #leastUrgent(oldMs: number): { readonly flow: SliceFlow; readonly part: Part } | undefined {
    let flow: SliceFlow | undefined;
    for (const one of this.#held) {
      const waits = one.parts[one.passedParts];
      const late = waits !== undefined && (one.slow || waits.cameAtMs <= oldMs);
      if (late && one.memoryBytes > (flow?.memoryBytes ?? 0)) flow = one;
    }
    for (let index = (flow?.parts.length ?? 0) - 1; flow && index >= flow.passedParts; index--) {
      const part = flow.parts[index];
      if (part?.memory && !part.spilling) return { flow, part };
    }
    return undefined;
  }

  async #spillPart(flow: SliceFlow, part: Part): Promise<void> {
    const { memory } = part;
    if (!memory) return;
    part.spilling = true;
    this.#count(flow, -part.bytes - PART_BYTES);
    try {
      const place = await this.#spill.write(memory);
      this.#spilledBytes += part.bytes;
      this.#diskFullTold = false;
      // Passed by all readers while it was written.
      if (part.memory === undefined) return this.#spill.free(place);
      flow.slow = true;
      part.place = place;
      part.memory = undefined;
    } catch (error) {
      if (!this.#diskFullTold) this.#log(error, 'slow readers can leave nothing more on disk: tabs that serve them wait');
      this.#diskFullTold = true;
      this.#diskFull = true;
      if (part.memory !== undefined) this.#count(flow, part.bytes + PART_BYTES);
    } finally {
      part.spilling = false;
    }
  }

  #count(flow: SliceFlow, bytes: number): void {
    flow.memoryBytes += bytes;
    this.#memoryBytes += bytes;
    if (flow.memoryBytes === 0) this.#held.delete(flow);
    else this.#held.add(flow);
  }

  #wakeWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

function keyOf({ blockId, bucket, digest }: Slice): string {
  return `${blockId}/${bucket}/${digest}`;
}
