/** What the event loop and the thread that has the database say to each other. */
import type { StoreErrorCode } from './errors.ts';

export interface Step {
  readonly sql: string;
  /** Run once with each. */
  readonly sets: readonly (readonly unknown[])[];
}

/** All its steps happen, or none. */
export interface StoreRequest {
  readonly id: number;
  readonly steps: readonly Step[];
}

/** Of a step: rows of the last set, and the sum of changes. */
export interface StepResult {
  readonly rows: readonly unknown[];
  readonly changes: number;
}

export type ToThread =
  | { readonly type: 'run'; readonly requests: readonly StoreRequest[] }
  /** A complete copy in a new file. */
  | { readonly type: 'copy'; readonly id: number; readonly path: string }
  | { readonly type: 'close' };

export interface ThreadError {
  readonly message: string;
  /** SQLite's. */
  readonly code?: string;
}

export interface Opened {
  readonly type: 'opened';
  /** The write-ahead log ended in the middle of a transaction, which was not told as written. */
  readonly cutShort: boolean;
}

export interface OpenFailed {
  readonly type: 'failed';
  readonly code: StoreErrorCode | undefined;
  readonly message: string;
  readonly hint: string;
}

export type Answer =
  | { readonly id: number; readonly results: readonly StepResult[] }
  | { readonly id: number; readonly error: ThreadError };

export type FromThread =
  | Opened
  | OpenFailed
  | { readonly type: 'answers'; readonly answers: readonly Answer[] }
  | { readonly type: 'closed' };
