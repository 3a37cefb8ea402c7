/** The two session messages that take some making or reading: our hello and the coordinator's lease. */
import type { TaskSpec } from '../../shared/plan/task.ts';
import type { CoordinatorMessage, HelloMessage } from '../../shared/protocol/session.ts';
import { PROTOCOL } from '../../shared/protocol/version.ts';
import type { WorkerTraits } from '../core/traits.ts';
import type { Lease } from './attempt-run.ts';
import { BadMessageError } from './messages.ts';
import { sliceKey } from './slice-source.ts';
import type { ToldRuns } from './told-runs.ts';

export interface Introduction {
  readonly token: string | undefined;
  readonly name: string | undefined;
  readonly storeId: string | undefined;
  readonly workerId: string | undefined;
  readonly mode: HelloMessage['mode'];
  readonly engineVersion: string;
  readonly traits: WorkerTraits;
}

export function helloMessage({ token, name, storeId, workerId, mode, engineVersion, traits }: Introduction): HelloMessage {
  return {
    type: 'hello',
    protocol: PROTOCOL,
    role: 'worker',
    ...(token === undefined ? {} : { token }),
    ...(storeId === undefined ? {} : { storeId }),
    ...(workerId === undefined ? {} : { workerId }),
    ...(name === undefined ? {} : { name: name.slice(0, 80) }),
    mode,
    engine: { version: engineVersion, flavour: 'wasm' },
    traits,
  };
}

type LeaseMessage = Extract<CoordinatorMessage, { type: 'lease' }>;

/** The inline slices are views into the frame's payload. Throws BadMessageError. */
export function leaseOf(message: LeaseMessage, payload: Uint8Array, told: ToldRuns): Lease {
  const inline = new Map<string, Uint8Array>();
  for (const part of message.inline ?? []) {
    if (part.offset + part.length > payload.byteLength) throw new BadMessageError('an inline slice lies outside its frame');
    inline.set(sliceKey(part), payload.subarray(part.offset, part.offset + part.length));
  }
  // Checked against the schema, which has the same members; only brands and readonly marks differ.
  const task = { ...message.task, inputs: told.inFull(message.task.inputs) } as unknown as TaskSpec;
  return { attemptId: message.attemptId, slot: message.slot, task, inline };
}
