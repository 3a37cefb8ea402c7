/**
 * Big jobs through the core alone: slots that do nothing, no faults and no checkers, to see what an event and a task cost and whether that
 * depends on how many there are. `flat`: one scan, a task a chunk, and one task that adds up. `shuffle`: two stages of buckets.
 */
import { performance } from 'node:perf_hooks';
import { sha256Hex } from '../../shared/hash.ts';
import type { AttemptId, BlockId, Digest, JobId, SessionId, StoreId, WorkerId } from '../../shared/ids.ts';
import type { PhysicalPlan } from '../../shared/plan/physical.ts';
import { NO_COSTS } from '../../shared/plan/task.ts';
import type { CoreCommand } from '../core/commands.ts';
import type { CoreEvent } from '../core/events.ts';
import { Scheduler } from '../core/scheduler.ts';
import { branch, gather, planOf } from '../core/testing/plans.ts';

export interface ScaleFigures {
  readonly tasks: number;
  readonly events: number;
  /** Until the stage was cut into tasks. */
  readonly cutMs: number;
  readonly runMs: number;
  /** Microseconds, the cutting included. */
  readonly usPerTask: number;
  readonly eventsPerSecond: number;
  readonly rssMiB: number;
}

const WORKERS = 100;
const SLOTS = 10;
const MiB = 1024 * 1024;
const DIGEST = 'd'.repeat(64) as Digest;

type LeaseCommand = Extract<CoreCommand, { type: 'leaseTask' }>;

/** As many branches as there are tasks would be no plan; a dataset with a chunk too large for two in one slot is one. */
function bigPlan(tasks: number): PhysicalPlan {
  const columns = [{ type: 'BIGINT', wire: 'BIGINT' }];
  const chunks = Array.from({ length: tasks }, (_, i) => ({
    rows: 122_880,
    columns: [{ blockId: sha256Hex(`scale ${i}`) as BlockId, digest: DIGEST, bytes: 200 * MiB }],
  }));
  const needed = chunks.map((_, i) => i);
  const source = { dataset: 'big', version: DIGEST as never, ordinals: [0], columns, chunks, needed };
  return planOf([branch('partial', { kind: 'scan', source, read: 'partition' })], [branch('final', gather(0))]);
}

export function runScale(tasks: number): ScaleFigures {
  const scheduler = new Scheduler({ paceMs: 0, idSeed: 's', journal: true, limits: { localTaskBytes: 0 } });
  let atMs = 0;
  let events = 0;
  const queue: LeaseCommand[] = [];
  let collects: Extract<CoreCommand, { type: 'collectBlock' }>[] = [];
  let isSettled = false;
  const tell = (event: Omit<CoreEvent, 'atMs'>): void => {
    events++;
    for (const command of scheduler.handle({ ...event, atMs } as CoreEvent)) {
      if (command.type === 'leaseTask') queue.push(command);
      else if (command.type === 'collectBlock') collects.push(command);
      else if (command.type === 'settleJob') isSettled = true;
    }
    scheduler.takeJournal();
  };
  const sessions = Array.from({ length: WORKERS }, (_, i) => `ses-${i}` as SessionId);
  sessions.forEach((sessionId, i) => {
    const traits = { slots: SLOTS, visibility: 'headless', paused: false, share: 1, memoryPerSlotBytes: 768 * MiB } as const;
    tell({ type: 'workerJoined', sessionId, workerId: `w-${i}` as WorkerId, storeId: `store-${i}` as StoreId, traits } as never);
  });
  const plan = bigPlan(tasks);
  globalThis.gc?.();
  const beganMs = performance.now();
  tell({ type: 'jobSubmitted', jobId: 'job-1' as JobId, owner: 'o', plan, options: { reuse: true, weight: 1 } } as never);
  const cutMs = performance.now() - beganMs;
  let beats = 0;
  for (let i = 0; !isSettled; i++) {
    const lease = queue[i];
    if (lease) {
      if (i % 4_096 === 4_095) {
        queue.splice(0, i + 1);
        i = -1;
      }
      atMs += 0.1;
      succeed(tell, lease);
      // Now and then somebody's heart beats.
      if (i % 20 === 0) {
        const sessionId = sessions[beats++ % WORKERS];
        tell({ type: 'heartbeatReceived', sessionId, running: [] as AttemptId[] } as never);
      }
      continue;
    }
    const [collect, ...rest] = collects;
    if (!collect)
      throw new Error(`nothing to do, and the job has not ended: ${JSON.stringify(scheduler.job('job-1' as JobId)?.stages)}`);
    collects = rest;
    i--;
    tell({ type: 'blockCollected', blockId: collect.blockId, digest: collect.digest } as never);
  }
  const runMs = performance.now() - beganMs;
  const rssMiB = process.memoryUsage().rss / MiB;
  const all = tasks + 1;
  return {
    tasks,
    events,
    cutMs: Math.round(cutMs),
    runMs: Math.round(runMs),
    usPerTask: Math.round((runMs * 10_000) / all) / 10,
    eventsPerSecond: Math.round((events * 1000) / runMs),
    rssMiB: Math.round(rssMiB),
  };
}

/** As a tab that tells of its start and of its success. */
function succeed(tell: (event: Omit<CoreEvent, 'atMs'>) => void, { sessionId, attemptId, task, slot }: LeaseCommand): void {
  tell({ type: 'attemptStarted', sessionId, attemptId, slot } as never);
  // Without rows there is nothing to gather, or one task would read more pieces than a lease may name.
  const buckets = [{ rows: 0, bytes: 8, digest: DIGEST }];
  const { blockId } = task;
  const inline = false;
  tell({ type: 'attemptSucceeded', sessionId, attemptId, blockId, digest: DIGEST, buckets, inline, costs: NO_COSTS } as never);
}
