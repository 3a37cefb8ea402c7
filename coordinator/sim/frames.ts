/** What goes over the simulated sockets: the protocol's own messages, with bytes beside them instead of in binary frames. */
import type { AttemptId, BlockId } from '../../shared/ids.ts';
import type { Slice, TaskSpec } from '../../shared/plan/task.ts';
import type { CoordinatorMessage, WorkerMessage } from '../../shared/protocol/session.ts';
import type { LeasedInput } from '../sessions/told-runs.ts';
import type { Bytes, Copy } from './engine.ts';
import type { Wire } from './network.ts';

export interface WorkerFrame {
  readonly message: WorkerMessage;
  /** The whole block, with a report. */
  readonly inline?: Copy;
}

export interface LeaseFrame {
  readonly type: 'lease';
  readonly attemptId: AttemptId;
  readonly slot: number;
  readonly task: TaskSpec;
  /** Inputs that ride along, by `bucketKey`. */
  readonly inline: ReadonlyMap<string, Bytes>;
}

/** As it goes over the wire: runs of chunks that this session was told are named. */
export interface SentLease extends LeaseFrame {
  readonly inputs: readonly LeasedInput[];
}

export type CoordinatorFrame = Exclude<CoordinatorMessage, { type: 'lease' }> | SentLease;

export type SliceTrouble = 'missing' | 'corrupt' | 'refused' | 'timeout' | 'lost';

export interface GotSlice {
  readonly slice: Slice;
  readonly bytes: Bytes;
}

export interface FailedSlice {
  readonly slice: Slice;
  readonly why: SliceTrouble;
}

/** One answer for all slices of a fetch, where the real socket sends pieces. */
export interface Answer {
  readonly got: readonly GotSlice[];
  readonly failed: readonly FailedSlice[];
}

export type DataUp =
  | { readonly type: 'fetch'; readonly fetchId: number; readonly slices: readonly Slice[] }
  | ({ readonly type: 'served'; readonly readId: number } & Answer);

export type DataDown =
  | ({ readonly type: 'fetched'; readonly fetchId: number } & Answer)
  | { readonly type: 'read'; readonly readId: number; readonly slices: readonly Slice[] };

export type SessionWire = Wire<WorkerFrame, CoordinatorFrame>;
export type DataWire = Wire<DataUp, DataDown>;

/** A copy that the tab was told to make. */
export type CopyMessage = Extract<CoordinatorMessage, { type: 'copyBlock' }>;

export const asBlockIds = (ids: readonly string[]): BlockId[] => ids as BlockId[];
