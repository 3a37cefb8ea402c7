/** From the journal to a running core (design, section 10): a snapshot of nothing but what was journalled, then the jobs anew. */
import type { JobId } from '../../shared/ids.ts';
import type { ResultBlock } from '../core/commands.ts';
import { Scheduler } from '../core/scheduler.ts';
import type { AcceptedJob } from './job-desk.ts';
import type { JournalRecord } from './journal.ts';
import type { CoreSettings } from './observed-core.ts';

export interface Recovered {
  readonly scheduler: Scheduler;
  /** Accepted and not settled. */
  readonly jobs: readonly AcceptedJob[];
  readonly results: ReadonlyMap<JobId, readonly ResultBlock[]>;
}

export function recover(records: readonly JournalRecord[], settings: CoreSettings, nowMs: number): Recovered {
  const jobs = new Map<JobId, AcceptedJob>();
  const results = new Map<JobId, readonly ResultBlock[]>();
  const remembered = new Map<string, unknown>();
  for (const record of records) {
    if (record.kind === 'accepted') jobs.set(record.jobId, record);
    else if (record.kind === 'made') {
      // What tabs still have of it counts when they come back and tell.
      const { blockId, digest, buckets, isTainted } = record;
      remembered.delete(blockId);
      if (!isTainted) remembered.set(blockId, { digest, buckets });
    } else {
      jobs.delete(record.jobId);
      results.delete(record.jobId);
      if (record.kind === 'settled' && record.state === 'successful') results.set(record.jobId, record.result);
    }
  }
  const blank = new Scheduler(settings).snapshot();
  const snapshot = JSON.parse(JSON.stringify({ ...blank, now: nowMs, remembered: [...remembered] })) as object;
  return { scheduler: Scheduler.restore(snapshot, settings), jobs: [...jobs.values()], results };
}
