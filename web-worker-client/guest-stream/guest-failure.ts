import type { Failure, FailureReason } from '../../shared/failure.ts';

/** A guest ended without a result; why, as the scheduler takes it. */
export class GuestFailure extends Error {
  override name = 'GuestFailure';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

export function guestFailure(reason: FailureReason, code: string, message: string, hint?: string): GuestFailure {
  return new GuestFailure({ reason, code, message, ...(hint === undefined ? {} : { hint }) });
}
