/**
 * After a restart: what the journal knows, and the time in which those who worked before may come back. Until it is over nothing is
 * leased for the jobs of the earlier run, so that what tabs still hold or still run is not made a second time.
 */
import type { BlockId, Digest, JobId, WorkerId } from '../../shared/ids.ts';
import type { CoreEventOf } from './events.ts';
import { acceptBlock, releaseBlock, remember } from './inventory.ts';
import type { AcceptedBlock, BlockAccepted, JournalRecord, SavedPin, StageCut } from './journal.ts';
import { countLoaded } from './kept-inputs.ts';
import type { AttemptRecord } from './records.ts';
import { type Block, type Core, isEligible, type Job } from './state.ts';
import { note } from './stories.ts';

/** What an earlier run knew of one job. */
export interface Earlier {
  readonly cuts: Map<number, StageCut>;
  readonly accepted: Set<BlockId>;
  readonly records: AttemptRecord[];
}

export interface Restart {
  /** Infinite until all jobs of the earlier run are submitted. */
  untilMs: number;
  /** Who was there when the coordinator died and has not told yet what it holds. */
  readonly awaited: Set<WorkerId>;
  readonly jobs: Map<JobId, Earlier>;
  /** Blocks as they were accepted which nobody has asked for yet. */
  readonly blocks: Map<BlockId, AcceptedBlock>;
  /** On the coordinator's disk, and not counted yet. */
  readonly copies: Map<BlockId, Digest>;
  readonly held: Set<Job>;
}

export function newRestart(): Restart {
  return {
    untilMs: Number.POSITIVE_INFINITY,
    awaited: new Set(),
    jobs: new Map(),
    blocks: new Map(),
    copies: new Map(),
    held: new Set(),
  };
}

export function journalRestored(core: Core, { records, copies }: CoreEventOf<'journalRestored'>): void {
  if (core.attemptsMade > 0 || core.jobs.size > 0 || core.restart) {
    note(core, 'journal', 'eventIgnored', 'a journal is restored first of all');
    return;
  }
  const restart = newRestart();
  core.restart = restart;
  const pins = new Map<string, SavedPin>();
  const open = new Map<string, Extract<JournalRecord, { type: 'attemptLeased' }>>();
  for (const record of records) {
    switch (record.type) {
      case 'stageCut':
        earlierOf(restart, record.jobId).cuts.set(record.stage, record);
        break;
      case 'attemptLeased':
        core.attemptsMade = Math.max(core.attemptsMade, record.number);
        open.set(record.attemptId, record);
        break;
      case 'blockAccepted':
        core.attemptsMade = Math.max(core.attemptsMade, record.block.acceptedAt);
        noteAccepted(restart, record);
        if (record.attempt) open.delete(record.attempt.attemptId);
        break;
      case 'workerJoined':
        restart.awaited.add(record.workerId);
        break;
      case 'workerLeft':
        restart.awaited.delete(record.workerId);
        break;
      case 'relationKept':
        pins.set(record.pin.id, record.pin);
        break;
      case 'relationLetGo':
        pins.delete(record.pinId);
    }
  }
  const leased = [...open.values()].slice(-core.limits.endedAttempts);
  for (const { attemptId, storeId, blockId, salted, number } of leased)
    core.ended.set(attemptId, { storeId, blockId, salted, number });
  for (const { blockId, digest } of copies) restart.copies.set(blockId, digest);
  for (const pin of pins.values()) restorePin(core, pin);
}

function earlierOf({ jobs }: Restart, jobId: JobId): Earlier {
  const known = jobs.get(jobId) ?? { cuts: new Map(), accepted: new Set(), records: [] };
  jobs.set(jobId, known);
  return known;
}

function noteAccepted(restart: Restart, { jobId, stage, block, attempt }: BlockAccepted): void {
  const { accepted, records } = earlierOf(restart, jobId);
  const { blockId } = block;
  // The last one that was accepted is the one that counts, and stands last.
  restart.blocks.delete(blockId);
  restart.blocks.set(blockId, block);
  if (attempt) {
    const { attemptId, cause, why, costs, local } = attempt;
    // Attempts that failed are not written down, so what followed one may stand first.
    const from = accepted.has(blockId) ? 'recompute' : 'planned';
    const record: AttemptRecord = {
      attemptId,
      blockId,
      stage,
      cause: cause === 'recompute' ? cause : from,
      why,
      how: 'succeeded',
    };
    records.push({ ...record, ...(costs && { costs }), ...(local && { local }) });
  }
  accepted.add(blockId);
}

function restorePin(core: Core, { blocks, ...saved }: SavedPin): void {
  const known = blocks.map((block) => {
    core.restart?.blocks.set(block.blockId, block);
    return claim(core, block.blockId);
  });
  const pin = { ...saved, blocks: known.filter((block) => block !== undefined) };
  for (const block of new Set(pin.blocks)) block.keeps++;
  core.keeping.pins.set(pin.id, pin);
  countLoaded(core, pin, 1);
  core.keeping.isThin = true;
}

/** The block as an earlier run accepted it, if it did; the caller gives it a task or a pin. */
export function claim(core: Core, id: BlockId): Block | undefined {
  const known = core.blocks.get(id);
  const saved = core.restart?.blocks.get(id);
  if (known || !saved) return known;
  core.restart?.blocks.delete(id);
  const block = acceptBlock(core, id, saved.salted, saved);
  if (!block) return undefined;
  block.runMs = saved.runMs;
  if (core.restart?.copies.get(id) === block.digest) {
    core.restart.copies.delete(id);
    block.onCoordinator = true;
  }
  return block;
}

/** Whether the copy on the coordinator's disk has the digest that was accepted. */
export function hasCopy({ blocks, copies }: Restart, id: BlockId): boolean {
  const digest = copies.get(id);
  return digest !== undefined && blocks.get(id)?.digest === digest;
}

export function jobsResumed(core: Core): void {
  if (core.restart) core.restart.untilMs = core.now + core.limits.returnMs;
}

/** It has told all that it holds. */
export function workerReturned(core: Core, workerId: WorkerId): void {
  core.restart?.awaited.delete(workerId);
}

/** Call with each event: lets the jobs go on when all are back, or have been waited for long enough. */
export function endRestart(core: Core): void {
  const { restart } = core;
  if (!restart || !Number.isFinite(restart.untilMs)) return;
  // A tab gets leases a moment after it has told what it holds: what it runs must not go to others just before.
  const isOpen = restart.awaited.size > 0 || [...core.announcers].some((worker) => !isEligible(worker));
  if (isOpen && restart.held.size > 0 && core.now < restart.untilMs) return;
  core.restart = undefined;
  // Whoever comes later is expected again from then on.
  for (const workerId of restart.awaited) core.journal?.push({ type: 'workerLeft', workerId });
  for (const job of restart.held) if (job.state === 'live') letGo(core, job);
  keepRest(core, restart);
}

function letGo(core: Core, job: Job): void {
  job.isHeld = false;
  for (const stage of job.stages) {
    core.waitingStages.delete(stage);
    if (stage.state === 'unresolved') core.dirtyStages.add(stage);
  }
  const ready = [...job.queue.plain, ...[...job.queue.home.values()].flatMap((tasks) => [...tasks])];
  for (const task of ready) core.fresh.push(task);
  const tasks = new Set(job.stages.flatMap((stage) => stage.tasks));
  const counts = { there: 0, again: 0 };
  const earlier = new Set(job.records.map((record) => record.blockId));
  for (const { blockId, state } of tasks) {
    if (!earlier.has(blockId)) continue;
    if (state === 'done') counts.there++;
    else if (state !== 'lost') counts.again++;
  }
  const words = `${counts.there} blocks that were made before are there, ${counts.again} must be made again`;
  note(core, job.id, 'jobGoesOn', words, [], counts);
}

/** What no job or relation has claimed is kept for reuse, or remembered; copies that are of no use go. */
function keepRest(core: Core, restart: Restart): void {
  for (const [id, saved] of restart.blocks) {
    if (saved.salted || core.blocks.has(id)) continue;
    if (!hasCopy(restart, id)) {
      if (!core.remembered.has(id)) remember(core, id, saved);
      continue;
    }
    restart.copies.delete(id);
    const block = acceptBlock(core, id, false, saved);
    if (!block) continue;
    block.onCoordinator = true;
    block.runMs = saved.runMs;
    releaseBlock(core, block);
  }
  for (const id of restart.copies.keys()) if (!core.blocks.get(id)?.onCoordinator) core.discards.push(id);
}
