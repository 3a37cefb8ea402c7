/**
 * A job of an earlier run goes on: its stages are cut as they were, so that their blocks have the ids that they had, and what was
 * accepted then counts as soon as somebody has it.
 */
import { readsOf, setAlternative, stagesDecided } from './alternatives.ts';
import type { TaskDraft } from './identity.ts';
import { fragmentsOf, type StageCut } from './journal.ts';
import { draftKept, expectKept } from './kept-stages.ts';
import { leaveGroups, withdraw } from './lineage.ts';
import { claim, type Earlier, hasCopy, type Restart } from './restart.ts';
import { newTask, resolve } from './stages.ts';
import type { Core, Job, StageState } from './state.ts';
import { note } from './stories.ts';
import { knowFromEarlier, subscribe } from './subscribe.ts';

/** `job` is new, its stages are linked and none of them is cut. */
export function resumeJob(core: Core, job: Job): void {
  const { restart } = core;
  if (!restart) return;
  restart.held.add(job);
  job.isHeld = true;
  job.isResumed = true;
  const earlier = restart.jobs.get(job.id) ?? { cuts: new Map(), accepted: new Set(), records: [] };
  for (const record of earlier.records) job.records.push(record);
  if (job.records.length > 0) job.startedAtMs = job.submittedAtMs;
  const cut = cutAgain(core, restart, job, earlier);
  const planned = earlier.cuts.size;
  const words = cut < planned ? `${planned - cut} of its ${planned} stages that had begun are planned anew` : 'as it was';
  note(core, job.id, 'jobResumed', `the coordinator restarted; ${words}`, [], { accepted: earlier.accepted.size, stages: cut });
  stagesDecided(core, job);
  // What only tasks have read that are done is not made again.
  for (const stage of job.stages.toReversed()) {
    for (const task of stage.tasks) {
      if (!earlier.accepted.has(task.blockId)) continue;
      if (withdraw(core, task)) leaveGroups(core, task);
    }
  }
  for (const stage of job.stages) if (stage.state !== 'skipped') core.dirtyStages.add(stage);
}

/** How many stages could be cut as before. */
function cutAgain(core: Core, restart: Restart, job: Job, earlier: Earlier): number {
  let cut = 0;
  let isSure = true;
  for (const stage of job.stages) {
    // Stages of a relation that is kept say themselves how they are cut; at once, so that what reads them can be cut as it was.
    if (stage.plan.kept) {
      resolve(core, stage);
      if (earlier.cuts.has(stage.index)) cut++;
      continue;
    }
    const was = earlier.cuts.get(stage.index);
    const isCut = was !== undefined && recut(core, restart, stage, was, earlier);
    if (isCut) cut++;
    else if (stage.plan.determinacy === 'indeterminate') isSure = false;
  }
  // Someone may have read rows that are gone: what is made from others must not be taken for what was made from those.
  if (!isSure) job.salt = `${job.id}/${core.idSeed}`;
  return cut;
}

function recut(core: Core, restart: Restart, stage: StageState, was: StageCut, earlier: Earlier): boolean {
  const { job } = stage;
  if (was.alternative !== undefined) setAlternative(stage, was.alternative);
  job.salt = was.salt;
  const drafts = isAlike(stage, was) ? draftKept(stage, was.tasks) : [];
  if (drafts.length !== was.tasks.length || drafts.length === 0 || !isDurable(core, restart, stage, drafts)) {
    delete stage.alternative;
    Object.assign(stage, { branches: stage.plan.branches, reads: readsOf(stage.plan.branches) });
    return false;
  }
  stage.state = 'resolved';
  drafts.forEach((draft, partition) => {
    const known = core.tasks.get(draft.blockId);
    claim(core, draft.blockId);
    const task = known ?? newTask(core, stage, draft, drafts.length, partition);
    if (known === undefined) expectKept(core, stage, task);
    stage.branchOf[partition] = draft.branchIndex;
    if (earlier.accepted.has(task.blockId)) knowFromEarlier(job, task);
    subscribe(core, stage, partition, task, known === undefined);
  });
  return true;
}

/** The same fragments over stages that are cut as they were. */
function isAlike(stage: StageState, was: StageCut): boolean {
  const { job, reads } = stage;
  if (JSON.stringify(fragmentsOf(stage)) !== JSON.stringify(was.fragments)) return false;
  return reads.every((read) => job.stages[read]?.state === 'resolved');
}

/** Rows that would come out otherwise if they were made again must all be there. */
function isDurable(core: Core, restart: Restart, stage: StageState, drafts: readonly TaskDraft[]): boolean {
  if (stage.plan.determinacy !== 'indeterminate') return true;
  return drafts.every(({ blockId }) => core.blocks.get(blockId)?.onCoordinator || hasCopy(restart, blockId));
}
