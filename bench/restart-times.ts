/** How long a coordinator needs to read its journal and to put its core together again, by the number of accepted attempts. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CoreCommand } from '../coordinator/core/commands.ts';
import type { CoreEvent } from '../coordinator/core/events.ts';
import { Scheduler } from '../coordinator/core/scheduler.ts';
import { aggregatePlan } from '../coordinator/core/testing/plans.ts';
import { openStore } from '../coordinator/store/open.ts';
import { digestOfBlock, loadHashes, sha256Hex } from '../shared/hash.ts';
import type { Digest, JobId, SessionId, StoreId, WorkerId } from '../shared/ids.ts';
import type { PhysicalPlan } from '../shared/plan/physical.ts';
import { NO_COSTS } from '../shared/plan/task.ts';

export interface RestartTime {
  readonly attempts: number;
  /** Whether the job that they were made for still runs. */
  readonly of: 'a live job' | 'ended jobs';
  readonly rows: number;
  readonly readMs: number;
  readonly restoredMs: number;
}

const SIZES = [1_000, 10_000, 100_000];
const JOB = 'job-bench' as JobId;
const [SESSION, WORKER, STORE] = ['ses-1' as SessionId, 'w-1' as WorkerId, 's-1' as StoreId];
const TRAITS = { slots: 1, visibility: 'headless', paused: false, share: 1, memoryPerSlotBytes: 2 ** 29 } as const;
const COSTS = { ...NO_COSTS, fetchMs: 1, loadMs: 1, computeMs: 1, packMs: 1 };
const OPTIONS = { reuse: true, weight: 1 } as const;

export async function restartTimes(): Promise<RestartTime[]> {
  await loadHashes();
  const times: RestartTime[] = [];
  for (const of of ['ended jobs', 'a live job'] as const)
    for (const attempts of SIZES) times.push(await restartTime(attempts, of));
  return times;
}

async function restartTime(attempts: number, of: RestartTime['of']): Promise<RestartTime> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-restart-'));
  try {
    const plan = aggregatePlan({ dataset: 'lines', chunks: attempts + 1, chunkBytes: 2 ** 28, ordinals: [0] });
    await fill(folder, plan, attempts, of);
    const startMs = performance.now();
    const store = await openStore(folder);
    const { records } = await store.journal.load();
    const readMs = performance.now() - startMs;
    const core = new Scheduler({ paceMs: 0, idSeed: 'b', journal: true });
    core.handle({ type: 'journalRestored', atMs: 0, records, copies: [] });
    if (of === 'a live job')
      core.handle({ type: 'jobSubmitted', atMs: 0, jobId: JOB, owner: 'bench', plan, options: OPTIONS, resumed: true });
    core.handle({ type: 'jobsResumed', atMs: 0 });
    const restoredMs = performance.now() - startMs - readMs;
    await store.close();
    return { attempts, of, rows: records.length, readMs, restoredMs };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A coordinator that has accepted so many attempts, and ends without a word. */
async function fill(folder: string, plan: PhysicalPlan, attempts: number, of: RestartTime['of']): Promise<void> {
  const store = await openStore(folder);
  if (of === 'a live job')
    await store.accepted.add({ jobId: JOB, owner: 'bench', sql: 'SELECT 1', options: OPTIONS, submittedAtMs: 0, datasets: [] });
  const core = new Scheduler({ paceMs: 0, idSeed: 'a', journal: true });
  const queue: CoreEvent[] = [
    { type: 'workerJoined', atMs: 0, sessionId: SESSION, workerId: WORKER, storeId: STORE, traits: TRAITS },
    { type: 'jobSubmitted', atMs: 0, jobId: JOB, owner: 'bench', plan, options: OPTIONS },
  ];
  let accepted = 0;
  for (let event = queue.shift(); event && accepted < attempts; event = queue.shift()) {
    if (event.type === 'attemptSucceeded') accepted++;
    for (const command of core.handle(event)) if (command.type === 'leaseTask') queue.push(successOf(command));
    store.journal.append(core.takeJournal());
    if (accepted % 1_000 === 0) store.journal.flush();
  }
  await store.close();
}

function successOf({ attemptId, task: { blockId } }: Extract<CoreCommand, { type: 'leaseTask' }>): CoreEvent {
  const buckets = [{ rows: 1, bytes: 100, digest: sha256Hex(blockId) as Digest }];
  const digest = digestOfBlock(buckets);
  return {
    type: 'attemptSucceeded',
    atMs: 0,
    sessionId: SESSION,
    attemptId,
    blockId,
    digest,
    buckets,
    inline: false,
    costs: COSTS,
  };
}
