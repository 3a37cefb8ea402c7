/** What a tab may say that is not so, in words that the protocol allows. */
import { digestOfBlock } from '../../shared/hash.ts';
import type { BlockId, Digest } from '../../shared/ids.ts';
import { NO_COSTS } from '../../shared/plan/task.ts';
import type { Chance } from './chance.ts';
import type { WorkerFrame } from './frames.ts';

type Message = WorkerFrame['message'];

/** It has this block, with the very digest that was accepted: others told it. */
export function claimOf(blockId: BlockId, digest: Digest): Message {
  return { type: 'inventory', blocks: [{ blockId, digest }], last: true };
}

/** It did what nobody asked it for; `attemptId` may be somebody else's. */
export function forged(chance: Chance, attemptId = 'a-none'): readonly Message[] {
  const blockId = 'f'.repeat(64);
  const buckets = [{ rows: 1, bytes: 400, digest: 'e'.repeat(64) }];
  const failure = { reason: 'died' as const, code: 'forged', message: 'said by somebody else' };
  const said: readonly Message[] = [
    {
      type: 'attemptSucceeded',
      attemptId,
      blockId,
      digest: digestOfBlock(buckets),
      buckets,
      costs: { ...NO_COSTS },
      residents: [],
    },
    { type: 'attemptFailed', attemptId, failure, residents: [] },
    { type: 'attemptStarted', attemptId, slot: 63 },
    { type: 'heartbeat', seq: 1_000_000, running: [attemptId] },
    { type: 'attemptsRunning', attempts: [{ attemptId, blockId, slot: 63 }] },
    { type: 'residentsChanged', changes: [{ slot: 63, residentKey: 'nothing', ordinals: [1] }] },
    { type: 'blocksDropped', blockIds: [blockId] },
  ];
  return said.filter(() => chance.hit(0.5));
}
