/** A slot without an engine: its tests decide what becomes of each task. */
import { digestOf, digestOfList } from '../../../shared/hash.ts';
import type { ResidentChange, SlotApi, SlotOutcome, SlotTask } from '../../slots/api.ts';
import type { SpawnedSlot } from '../platform.ts';

export const NO_COSTS = { loadMs: 1, computeMs: 2, packMs: 1, loadedBytes: 10 };

export type Behaviour = (task: SlotTask, slot: FakeSlot) => Promise<SlotOutcome> | SlotOutcome;

export class FakeSlot implements SlotApi {
  readonly tasks: SlotTask[] = [];
  readonly cancelled: string[] = [];
  readonly shares: number[] = [];
  readonly dropped: string[] = [];
  readonly index: number;
  terminated = false;
  readonly #behaviour: Behaviour;
  #release: ((why: string) => void) | undefined;

  constructor(index: number, behaviour: Behaviour) {
    this.index = index;
    this.#behaviour = behaviour;
  }

  async boot(): Promise<{ readonly engineVersion: string }> {
    return { engineVersion: 'v0-fake' };
  }

  async run(task: SlotTask): Promise<SlotOutcome> {
    this.tasks.push(task);
    return this.#behaviour(task, this);
  }

  async cancel(attemptId: string, why: string): Promise<void> {
    this.cancelled.push(attemptId);
    this.#release?.(why);
  }

  async setShare(share: number): Promise<void> {
    this.shares.push(share);
  }

  async dropResidents(residentKeys: readonly string[] = []): Promise<readonly ResidentChange[]> {
    this.dropped.push(...residentKeys);
    return residentKeys.map((residentKey) => ({ residentKey, ordinals: [] }));
  }

  /** For behaviours: runs until it is cancelled, then is released. */
  untilCancelled(): Promise<SlotOutcome> {
    return new Promise((resolve) => {
      this.#release = (message) =>
        resolve({
          kind: 'failed',
          failure: { reason: 'released', code: 'cancelled', message },
          broken: false,
          residents: [],
          costs: NO_COSTS,
        });
    });
  }
}

/** Succeeds with these streams, one bucket each. */
export function success(streams: readonly Uint8Array[], residents: readonly ResidentChange[] = []): SlotOutcome {
  const buckets = streams.map((stream) => ({ rows: 3, bytes: stream.byteLength, digest: digestOf(stream) }));
  return {
    kind: 'succeeded',
    digest: digestOfList(buckets.map((b) => b.digest)),
    buckets,
    streams,
    residents,
    costs: NO_COSTS,
  };
}

export class FakeSlots {
  /** Every slot ever started, restarts included. */
  readonly started: FakeSlot[] = [];
  behaviour: Behaviour = () => success([new Uint8Array([1, 2, 3])]);

  spawn(index: number): SpawnedSlot {
    const slot = new FakeSlot(index, (task, self) => this.behaviour(task, self));
    this.started.push(slot);
    return {
      api: slot,
      terminate: () => {
        slot.terminated = true;
      },
    };
  }
}
