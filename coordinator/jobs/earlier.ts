/** What an earlier run of the coordinator left: jobs that ended, jobs that did not, the core's records, and outputs on disk. */
import type { CoordinatorBlocks } from '../blocks/coordinator-blocks.ts';
import type { Store } from '../store/open.ts';
import type { AcceptedJob } from './accepted.ts';

export type Earlier = Awaited<ReturnType<typeof openEarlier>>;

/** Outputs on disk that nobody can ask for any more are deleted. */
export async function openEarlier(store: Store, blocks: CoordinatorBlocks) {
  const { settled, accepted } = await openJobRecords(store, blocks);
  const journalled = await store.journal.load();
  const nowMs = Date.now();
  const unexpired = settled.filter((record) => record.expiresAtMs > nowMs);
  const kept = unexpired.flatMap((record) => record.result);
  // Of a job whose time is up nothing stays here, though tabs may still hold it.
  const jobs = new Set([...accepted, ...unexpired].map((job) => job.jobId));
  const known = journalled.records.flatMap((record) => {
    if (record.type === 'blockAccepted') return jobs.has(record.jobId) ? [record.block.blockId] : [];
    return record.type === 'relationKept' ? record.pin.blocks.map((block) => block.blockId) : [];
  });
  await blocks.sweepOutputs(new Set([...kept.map((block) => block.blockId), ...known]));
  return { settled, accepted, journalled, copies: await blocks.outputDigests(known) };
}

/** A job that was being written down when the coordinator died has ended if all of its result is there; else it goes on. */
async function openJobRecords(store: Store, blocks: CoordinatorBlocks) {
  const settled = new Map((await store.jobs.list()).map((record) => [record.jobId, record]));
  const accepted = await store.accepted.list();
  const open: AcceptedJob[] = [];
  for (const job of accepted) {
    const record = settled.get(job.jobId);
    if (record?.result.every(({ blockId }) => blocks.has(blockId))) {
      await store.jobs.end(job.jobId);
      continue;
    }
    open.push(job);
    if (record && settled.delete(job.jobId)) await store.jobs.remove(job.jobId);
  }
  return { settled: [...settled.values()], accepted: open };
}

/** For whoever started the coordinator. */
export function notesOf(store: Store, { accepted, journalled }: Earlier): string[] {
  const notes: string[] = [];
  const { unreadable } = journalled;
  if (store.cutShort) notes.push('The last record in the journal was cut short when the coordinator died: it is passed over.');
  if (unreadable > 0)
    notes.push(`${unreadable} records of the journal cannot be read: they are passed over, which costs some work.`);
  if (accepted.length > 0)
    notes.push(`${accepted.length === 1 ? 'One job goes' : `${accepted.length} jobs go`} on from the journal.`);
  return notes;
}
