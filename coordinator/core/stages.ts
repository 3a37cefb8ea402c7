/** Stages: cut into tasks once their inputs are there, successful when every task is done, rolled back by lineage. */
import type { JobError } from '../../shared/failure.ts';
import type { BlockId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { PlanInput } from '../../shared/plan/physical.ts';
import { chooseAlternatives, mayResolve, stagesDecided } from './alternatives.ts';
import { NO_ATTEMPTS } from './attempts.ts';
import type { ResultBlock } from './commands.ts';
import { appended } from './few.ts';
import { draftTasks, isBucketWise, type TaskDraft } from './identity.ts';
import { collect, isHeld, releaseBlock, takeBack } from './inventory.ts';
import { writeCut } from './journal.ts';
import { draftKept, expectKept } from './kept-stages.ts';
import { groupsOf } from './lineage.ts';
import { pictureOf, taskPictures } from './pictures.ts';
import { keepRelations } from './pins.ts';
import { claim } from './restart.ts';
import { collectAhead, listUncollected, stopCollecting } from './results.ts';
import { readsTooMuch } from './spec.ts';
import { type Block, type Core, isResult, type Job, type StageState, type Task } from './state.ts';
import { note } from './stories.ts';
import { knowFromEarlier, releaseTasks, subscribe } from './subscribe.ts';
import { readersChanged } from './tables.ts';

/** Brings about what the last changes allow: job after job, until nothing moves. */
export function advance(core: Core): void {
  for (;;) {
    const doom = core.doomed.entries().next().value;
    if (doom) {
      core.doomed.delete(doom[0]);
      settle(core, doom[0], 'failed', doom[1]);
      continue;
    }
    const stage = core.dirtyStages.values().next().value;
    if (!stage) return;
    core.dirtyStages.delete(stage);
    if (stage.job.state === 'live') checkStage(core, stage);
  }
}

function checkStage(core: Core, stage: StageState): void {
  const { job } = stage;
  if (stage.state === 'skipped') return;
  if (stage.state === 'unresolved' && job.isHeld) {
    core.waitingStages.add(stage);
    return;
  }
  if (stage.state === 'unresolved') {
    chooseAlternatives(core, job);
    // The choice may have skipped this very stage, or changed what it reads.
    if (stage.state === 'unresolved' && mayResolve(stage)) resolve(core, stage);
    return;
  }
  if (stage.done < stage.tasks.length) return;
  if (stage.state !== 'successful') {
    stage.state = 'successful';
    note(core, job.id, 'stageSucceeded', 'all its tasks are done', [], { stage: stage.index, tasks: stage.tasks.length });
    for (const next of job.stages) if (next.state === 'unresolved') core.dirtyStages.add(next);
    if (isResult(stage)) listUncollected(core, job, stage);
    if (!stage.isKept) keepRelations(core, stage);
    stage.isKept = true;
  }
  if (isResult(stage)) collectResult(core, job);
}

/** What it reads is resolved. */
export function resolve(core: Core, stage: StageState): void {
  if (core.liveSlots === 0 && !stage.plan.kept && isCutBySlots(stage)) {
    core.waitingStages.add(stage);
    return;
  }
  core.waitingStages.delete(stage);
  const { kept } = stage.plan;
  const drafts = kept ? draftKept(stage, kept.tasks) : draftTasks(core, stage);
  if (drafts.some((draft) => readsTooMuch(core, draft.sources))) {
    core.doomed.set(stage.job, tooManyPieces(stage));
    return;
  }
  stage.state = 'resolved';
  // As planned, then: what only its alternatives would have read is not needed.
  if (stage.plan.alternatives && stage.alternative === undefined) stagesDecided(core, stage.job);
  let reused = 0;
  const earlier = blocksMadeEarlier(stage.job);
  drafts.forEach((draft, partition) => {
    const known = core.tasks.get(draft.blockId);
    // Also a new job's tasks may be what an earlier life had made.
    if (core.restart) claim(core, draft.blockId);
    const task = known ?? newTask(core, stage, draft, drafts.length, partition);
    if (known === undefined) expectKept(core, stage, task);
    if (earlier.has(task.blockId)) knowFromEarlier(stage.job, task);
    stage.branchOf[partition] = draft.branchIndex;
    subscribe(core, stage, partition, task, known === undefined);
    if (task.state === 'done') reused++;
  });
  note(core, stage.job.id, 'stageResolved', 'its inputs are there', [], { stage: stage.index, tasks: drafts.length, reused });
  writeCut(core, stage);
  if (isResult(stage)) for (const task of stage.tasks) collectAhead(core, task);
  core.dirtyStages.add(stage);
}

const NONE: ReadonlySet<BlockId> = new Set();
/** Lists of tasks are replaced and never changed: those that are empty are one. */
const NONE_YET: readonly never[] = [];

/** What an earlier run of the coordinator made for the job: it was planned once, though stages are cut anew or have other numbers. */
function blocksMadeEarlier({ isResumed, records }: Job): ReadonlySet<BlockId> {
  return isResumed ? new Set(records.map((record) => record.blockId)) : NONE;
}

function tooManyPieces({ index, plan }: StageState): JobError {
  return {
    code: 'too-many-pieces',
    title: 'A task would read too many pieces',
    detail: `A task of stage ${index} (${plan.title}) would read more than ${LIMITS.slicesPerFetch} pieces of earlier stages' outputs.`,
    stage: index,
    hint: 'Let fewer tabs work on it at once, filter earlier, or split the query in two.',
  };
}

/** The number of its tasks depends on how many slots there are. */
function isCutBySlots(stage: StageState): boolean {
  const isCut = (input: PlanInput): boolean => (input.kind === 'scan' ? input.read === 'partition' : isBucketWise(input));
  return stage.branches.some((branch) => branch.inputs.some(isCut));
}

/** Not yet in its stage. */
export function newTask(core: Core, stage: StageState, draft: TaskDraft, count: number, partition: number): Task {
  const block = core.blocks.get(draft.blockId);
  const task: Task = {
    blockId: draft.blockId,
    title: count > 1 ? `${stage.plan.title} (${partition + 1} of ${count})` : stage.plan.title,
    fragment: draft.branch.fragment,
    columns: stage.plan.output.columns,
    partitioning: stage.plan.output.partitioning,
    determinacy: stage.plan.determinacy,
    salted: draft.salted,
    sources: draft.sources,
    ...(draft.partition !== undefined && { partition: draft.partition }),
    refs: NONE_YET,
    feeds: NONE_YET,
    state: isHeld(block) ? 'done' : 'blocked',
    blockedOn: 0,
    attempts: NO_ATTEMPTS,
    known: NONE_YET,
    failures: 0,
    deaths: 0,
    strays: 0,
    history: NONE_YET,
    avoid: NONE_YET,
    readyAtMs: 0,
    inputBytes: 0,
  };
  if (block) takeBack(core, block);
  for (const group of groupsOf(task)) {
    if (group.consumers === 0) for (const producer of new Set(group.producers)) producer.feeds = appended(producer.feeds, group);
    group.consumers++;
  }
  core.tasks.set(task.blockId, task);
  return task;
}

/** Stages that waited for a slot to be cut. */
export function slotsCame(core: Core): void {
  for (const stage of core.waitingStages) if (!stage.job.isHeld) core.dirtyStages.add(stage);
}

/** Call again whenever a copy of one of the result's blocks has arrived. */
function collectResult(core: Core, job: Job): void {
  let place = 0;
  for (const id of job.uncollected) {
    const block = core.blocks.get(id);
    if (block?.onCoordinator) job.uncollected.delete(id);
    else if (block) collect(core, block, 'wanted', place++);
  }
  if (job.uncollected.size === 0) settle(core, job, 'successful');
}

/** Ends a job: its tasks are let go, its slots are free at once, its results stay pinned until it is forgotten. */
export function settle(core: Core, job: Job, state: 'successful' | 'failed' | 'cancelled', error?: JobError): void {
  if (job.state !== 'live') return;
  const result: ResultBlock[] = [];
  if (state === 'successful') {
    for (const task of job.stages.at(-1)?.tasks ?? []) {
      const block = core.blocks.get(task.blockId) as Block;
      block.pins++;
      job.results.push(block);
      result.push({ blockId: block.id, digest: block.digest, buckets: block.buckets });
    }
  }
  if (error) job.error = error;
  if (state === 'failed') for (const stage of job.stages) if (stage.index === error?.stage) stage.state = 'failed';
  job.settledAtMs = core.now;
  job.state = state;
  core.restart?.held.delete(job);
  const pictures = taskPictures(core, job);
  const parts = state === 'successful' ? [] : (job.stages.at(-1)?.tasks.map((task) => task.blockId) ?? []);
  releaseTasks(core, job);
  stopCollecting(core, parts);
  readersChanged(core);
  // After the release, so that attempts which ended with the job are counted.
  job.finalView = pictureOf(core, job, pictures);
  job.records = [];
  job.uncollected.clear();
  const why = error
    ? `${error.code}: ${error.detail}`
    : state === 'successful'
      ? 'its result is on the coordinator'
      : 'asked for';
  note(core, job.id, `job${state.charAt(0).toUpperCase()}${state.slice(1)}`, why);
  core.out.push({
    type: 'settleJob',
    jobId: job.id,
    state,
    ...(state === 'successful' ? { result } : {}),
    ...(error ? { error } : {}),
  });
}

/** The job is deleted or its result has expired. */
export function forget(core: Core, job: Job): void {
  settle(core, job, 'cancelled');
  core.jobs.delete(job.id);
  for (const block of job.results) {
    block.pins--;
    releaseBlock(core, block);
  }
  core.stories.forget(job.id);
}
