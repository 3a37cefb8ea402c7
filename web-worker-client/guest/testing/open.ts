/** For tests: opens batch guests from their bytes, and says how they failed. */
import { expect } from 'vitest';
import { streamOf } from '../../../shared/arrow/testing.ts';
import { GuestError, type GuestErrorCode } from '../../../shared/guest/guest-error.ts';
import { type GuestText, guest } from '../../../shared/guest/testing/wat.ts';
import { compileGuest, type Guest, type GuestOptions, openGuest } from '../index.ts';

export async function openBytes(bytes: Uint8Array, options: Partial<GuestOptions> = {}): Promise<Guest> {
  const { module, admitted } = await compileGuest(bytes);
  return openGuest('batch', module, { function: 'f', seed: 7n, limits: { memoryBytesMax: admitted.memoryBytesMax }, ...options });
}

/** One INTEGER column, one row. */
export const ONE = streamOf([{ wire: 'INTEGER', values: [1] }]);

/** The GuestError that some work ends with; throws when it ends otherwise. */
export async function failureOf(work: Promise<unknown>): Promise<GuestError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof GuestError) return error;
    throw error;
  }
  throw new Error('nothing failed');
}

/** A guest whose `body` runs at BATCH, and leaves nothing on the stack. */
export const atBatch = (body: string, rest: Partial<GuestText> = {}): Uint8Array =>
  guest({ ...rest, body: `(if (i32.eq (local.get $event) (i32.const 1)) (then ${body})) (i32.const 0)` });

/** Opens a guest and lets its first batch fail with this code. */
export async function failing(
  bytes: Uint8Array,
  code: GuestErrorCode,
  options: Partial<GuestOptions> = {},
): Promise<{ error: GuestError; opened: Guest }> {
  const opened = await openBytes(bytes, options);
  const error = await failureOf(opened.batch(ONE));
  expect(error.failure.code).toBe(code);
  return { error, opened };
}
