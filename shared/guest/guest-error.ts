/** A guest failed: what the job's author is told, and by its reason what the scheduler does. */
import type { Failure, FailureReason } from '../failure.ts';

export type GuestErrorCode =
  /** The guest called `fail`, returned a number other than 0, or exited. */
  | 'guest-fail'
  | 'guest-returned'
  | 'guest-exit'
  /** It trapped, or threw an exception that it did not catch. */
  | 'guest-trap'
  | 'guest-exception'
  /** It broke a rule of the ABI. */
  | 'guest-abi'
  | 'guest-module'
  | 'guest-emit'
  | 'guest-output-type'
  /** Rows do not fit the format in which the guest reads or writes them. */
  | 'guest-format'
  /** An accumulator's name is too long, there are too many, or what is added is no finite number. */
  | 'guest-accumulator'
  /** A function in JavaScript threw, or does not parse. */
  | 'guest-script'
  /** It needs more than it gets. */
  | 'guest-memory'
  | 'guest-stack'
  | 'guest-output-limit'
  | 'guest-deadline'
  /** Something in the host went wrong: a bug of Muster's. */
  | 'guest-host';

export class GuestError extends Error {
  override name = 'GuestError';
  readonly failure: Failure & { readonly code: GuestErrorCode };
  /** Index of the fragment's step that is the guest; told where steps are run. */
  step: number | undefined;

  constructor(reason: FailureReason, code: GuestErrorCode, message: string, hint?: string) {
    super(message);
    this.failure = { reason, code, message, ...(hint === undefined ? {} : { hint }) };
  }
}

export const authorError = (code: GuestErrorCode, message: string, hint?: string): GuestError =>
  new GuestError('author', code, message, hint);

export const resourceError = (code: GuestErrorCode, message: string, hint?: string): GuestError =>
  new GuestError('resource', code, message, hint);

export const MEMORY_HINT = 'Free what a batch needed before the next one, or cut the data into more partitions.';
