/**
 * What a slot worker offers to the thread that owns it (a tab's link worker, the coordinator), through comlink. Values only: errors that callers must tell apart are results,
 * since only name, message and stack of an Error cross threads.
 */
import type { Failure } from '../failure.ts';
import type { Accumulators } from '../guest/accumulators.ts';
import type { Digest } from '../ids.ts';
import type { BucketInfo, Slice, TaskSpec } from '../plan/task.ts';
import type { Codec } from '../protocol/data.ts';

/** A slice as it came over the wire or out of the cache: coded, not yet verified. */
export interface CodedSlice {
  readonly slice: Slice;
  readonly codec: Codec;
  readonly bytes: Uint8Array;
}

/** The columns of a run that the slot lacked, or the slices of a stage input; transferred, never copied. */
export type SlotInput =
  | {
      readonly kind: 'chunks';
      readonly columns: readonly { readonly ordinal: number; readonly chunks: readonly CodedSlice[] }[];
    }
  | { readonly kind: 'slices'; readonly slices: readonly CodedSlice[] }
  /** A guest's module: its one slice, or none where the slot is believed to have it compiled. */
  | { readonly kind: 'module'; readonly slices: readonly CodedSlice[] };

export interface SlotTask {
  readonly attemptId: string;
  readonly spec: TaskSpec;
  /** Parallel to `spec.inputs`. */
  readonly inputs: readonly SlotInput[];
}

export interface ResidentChange {
  readonly residentKey: string;
  /** All columns held now; empty: dropped. */
  readonly ordinals: readonly number[];
}

export interface SlotCosts {
  readonly loadMs: number;
  readonly computeMs: number;
  readonly packMs: number;
  readonly loadedBytes: number;
}

export const NO_SLOT_COSTS: SlotCosts = { loadMs: 0, computeMs: 0, packMs: 0, loadedBytes: 0 };

export type SlotOutcome = { readonly residents: readonly ResidentChange[]; readonly costs: SlotCosts } & (
  | {
      readonly kind: 'succeeded';
      readonly digest: Digest;
      readonly buckets: readonly BucketInfo[];
      /** One Arrow IPC stream per bucket, canonical bytes; transferred. */
      readonly streams: readonly Uint8Array[];
      /** The end of what its guests logged, a line each; absent: nothing. */
      readonly log?: string;
      /** What its guests counted; absent: nothing. */
      readonly accumulators?: Accumulators;
    }
  /** A resident column, or a compiled module, that the link counted on was evicted: fetch these and run again. A module has no ordinals. */
  | { readonly kind: 'lacking'; readonly inputs: readonly { readonly input: number; readonly ordinals: readonly number[] }[] }
  | {
      readonly kind: 'failed';
      readonly failure: Failure;
      /** The engine trapped: terminate this worker and start a fresh one. */
      readonly broken: boolean;
    }
);

export interface SlotOptions {
  readonly slot: number;
  /** Where the engine's WASM is, for a browser; a file path in Node. */
  readonly engineUrl: string;
  /** Compiled once, where modules can be posted to slots. */
  readonly engineModule?: unknown;
  readonly memoryLimitBytes: number;
  /** A task whose rows take more fails as out of memory; absent: no bound. */
  readonly resultBytesMax?: number;
}

export interface SlotApi {
  boot(options: SlotOptions): Promise<{ readonly engineVersion: string }>;
  run(task: SlotTask): Promise<SlotOutcome>;
  /** Stops the attempt between slices; `run` then resolves as failed with reason `released`. */
  cancel(attemptId: string, why: string): Promise<void>;
  /** CPU share, 0..1: the slot sleeps between slices so that it computes this part of the time. */
  setShare(share: number): Promise<void>;
  /** Forgets these resident tables, or all, when what came before is over. Resolves with those that were there. */
  dropResidents(residentKeys?: readonly string[]): Promise<readonly ResidentChange[]>;
}
