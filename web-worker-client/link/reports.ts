/** What the link says about attempts, as messages of the session protocol, cut to the protocol's limits. */
import type { Failure } from '../../shared/failure.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { AttemptCosts } from '../../shared/plan/task.ts';
import { encodeFrame } from '../../shared/protocol/frames.ts';
import type { WorkerMessage } from '../../shared/protocol/session.ts';
import type { FinalOutcome, Lease } from './attempt-run.ts';
import type { SlotResidentChange } from './residents.ts';

type Succeeded = Extract<FinalOutcome, { readonly kind: 'succeeded' }>;
type ResidentMessage = Extract<WorkerMessage, { type: 'residentsChanged' }>['changes'];

const RESIDENTS_MOST = 4096;

/** Small outputs ride along with their report, and the coordinator keeps them. */
export function isInline(outcome: Succeeded): boolean {
  return outcome.streams.reduce((sum, stream) => sum + stream.byteLength, 0) <= LIMITS.inlineBlockBytes;
}

export function successMessage(
  lease: Lease,
  outcome: Succeeded,
  residents: readonly SlotResidentChange[],
  costs: AttemptCosts,
): Extract<WorkerMessage, { type: 'attemptSucceeded' }> {
  return {
    type: 'attemptSucceeded',
    attemptId: lease.attemptId,
    blockId: lease.task.blockId,
    digest: outcome.digest,
    buckets: outcome.buckets.map((b) => ({ ...b })),
    costs: { ...costs },
    residents: residentList(residents),
    ...(outcome.log === undefined ? {} : { log: outcome.log.slice(-4096) }),
    ...(outcome.accumulators === undefined ? {} : { accumulators: { ...outcome.accumulators } }),
  };
}

/** A text frame, or a binary one that carries the block where it is small. */
export function successFrame(
  lease: Lease,
  outcome: Succeeded,
  residents: readonly SlotResidentChange[],
  costs: AttemptCosts,
): string | Uint8Array<ArrayBuffer> {
  const { blockId } = lease.task;
  const message = successMessage(lease, outcome, residents, costs);
  if (!isInline(outcome)) return JSON.stringify(message);
  let offset = 0;
  const inline = outcome.streams.map((stream, bucket) => {
    const entry = { blockId, bucket, digest: outcome.buckets[bucket]?.digest ?? '', offset, length: stream.byteLength };
    offset += stream.byteLength;
    return entry;
  });
  return encodeFrame({ ...message, inline }, outcome.streams);
}

export function failureMessage(
  attemptId: string,
  failure: Failure,
  residents: readonly SlotResidentChange[],
): Extract<WorkerMessage, { type: 'attemptFailed' }> {
  return {
    type: 'attemptFailed',
    attemptId,
    failure: {
      reason: failure.reason,
      code: failure.code.slice(0, 64),
      message: failure.message.slice(0, 4096),
      ...(failure.hint === undefined ? {} : { hint: failure.hint.slice(0, 4096) }),
      ...(failure.step === undefined ? {} : { step: failure.step }),
      ...(failure.slices === undefined ? {} : { slices: failure.slices.slice(0, LIMITS.slicesPerFetch).map((s) => ({ ...s })) }),
    },
    residents: residentList(residents),
  };
}

/** In as many messages as the protocol's limit asks for. */
export function residentMessages(changes: readonly SlotResidentChange[]): readonly WorkerMessage[] {
  const out: WorkerMessage[] = [];
  for (let at = 0; at < changes.length; at += RESIDENTS_MOST) {
    out.push({ type: 'residentsChanged', changes: residentList(changes.slice(at, at + RESIDENTS_MOST)) });
  }
  return out;
}

export function droppedMessages(blockIds: readonly string[]): readonly WorkerMessage[] {
  const out: WorkerMessage[] = [];
  for (let at = 0; at < blockIds.length; at += 8192) {
    out.push({ type: 'blocksDropped', blockIds: blockIds.slice(at, at + 8192) });
  }
  return out;
}

function residentList(changes: readonly SlotResidentChange[]): ResidentMessage {
  return changes.slice(0, RESIDENTS_MOST).map((c) => ({ slot: c.slot, residentKey: c.residentKey, ordinals: [...c.ordinals] }));
}
