/** Workers as the core knows them: slots, and the stores that their tabs share. */
import type { BlockId, Digest, SessionId, StoreId, WorkerId } from '../../shared/ids.ts';
import type { Announced } from './adoption.ts';
import type { Visibility, WorkerTraits } from './events.ts';
import type { DrainStep } from './policies/drain.ts';
import type { Speed } from './records.ts';
import type { Attempt, Block } from './state.ts';

export interface Slot {
  readonly worker: Worker;
  readonly index: number;
  /** In the order of their leases. */
  readonly attempts: Set<Attempt>;
  /** Ordinals of each resident run. */
  readonly residents: Map<string, ReadonlySet<number>>;
  /** Ready tasks whose home it is. */
  backlog: number;
  /** Sum of their input bytes. */
  backlogBytes: number;
}

export interface Worker {
  readonly sessionId: SessionId;
  readonly workerId: WorkerId;
  readonly store: Store;
  readonly slots: Slot[];
  readonly attempts: Set<Attempt>;
  traits: WorkerTraits;
  draining: boolean;
  /** While it drains, how far it has come; `done`: it was told to go. */
  drainStep?: DrainStep;
  leaving: boolean;
  lastHeardMs: number;
  /** The deadline its newest heap entry stands for. */
  wakeAtMs: number;
  readonly speeds: Map<Visibility, Speed>;
  tasksDone: number;
  recomputed: number;
  rows: number;
  /** What its store may keep by its own word, once it gave it. */
  capBytes?: number;
  /** Lines of an inventory not yet ended that match no accepted block. */
  readonly unmatched: { readonly blockId: BlockId; readonly digest: Digest }[];
  /** What runs in its tab since before this session, by the block that it makes. */
  readonly announced: Map<BlockId, Announced>;
}

export interface Store {
  readonly id: StoreId;
  readonly sessions: Set<SessionId>;
  /** In the order in which they came. */
  readonly blocks: Set<Block>;
  /** Sum of their bytes. */
  heldBytes: number;
  /** Bytes of outputs that a tab of it last spoke of, and the least that one of them may keep; both 0 until one did. */
  toldBytes: number;
  capBytes: number;
  /** Over its cap: its workers get no leases. */
  isFull: boolean;
}

/** A worker whose slots may be given leases from the queues. */
export function isEligible(worker: Worker): boolean {
  return !worker.traits.local && !worker.traits.paused && !worker.store.isFull && !isGoing(worker);
}

/** It finishes what it has, or not even that, and takes its blocks with it. */
export function isGoing(worker: Worker): boolean {
  return worker.draining || worker.leaving;
}
