/**
 * Why an attempt ended without a result, as data (design, section 4). The scheduler decides from `reason` alone;
 * `code`, `message` and `hint` are for the author.
 */
export type FailureReason = 'author' | 'resource' | 'released' | 'died' | 'input' | 'deadline';

export interface FailureRule {
  readonly retryable: boolean;
  /** Counts towards the task's failure ceiling. */
  readonly countsToFailures: boolean;
  /** Counts towards the separate, higher ceiling of attempts that died with their session. */
  readonly countsToDeaths: boolean;
}

export const FAILURE_RULES: { readonly [R in FailureReason]: FailureRule } = {
  author: { retryable: false, countsToFailures: true, countsToDeaths: false },
  resource: { retryable: true, countsToFailures: true, countsToDeaths: false },
  released: { retryable: true, countsToFailures: false, countsToDeaths: false },
  died: { retryable: true, countsToFailures: false, countsToDeaths: true },
  input: { retryable: true, countsToFailures: false, countsToDeaths: false },
  deadline: { retryable: true, countsToFailures: true, countsToDeaths: false },
};

export interface Failure {
  readonly reason: FailureReason;
  /** Stable and machine-readable, e.g. `sql-conversion`, `memory-limit`, `slice-missing`. */
  readonly code: string;
  /** One line: what went wrong. */
  readonly message: string;
  /** What the reader can do about it. */
  readonly hint?: string;
  /** Index of the fragment's step whose guest it was. */
  readonly step?: number;
  /** With reason `input`: the slices that could not be had. */
  readonly slices?: readonly { readonly blockId: string; readonly bucket: number; readonly why: 'missing' | 'corrupt' }[];
}

/** A job's error as REST shows it. */
export interface JobError {
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly stage?: number;
  readonly hint?: string;
  /** Of a guest: the relation of the plan that it makes, and the function that was called; a program has none. */
  readonly relation?: string;
  readonly function?: string;
}
