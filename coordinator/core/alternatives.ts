/**
 * Stages whose work depends on how large others turned out. An alternative is taken as soon as one is known to fit, so that what it
 * makes unnecessary never starts, or stops. What was taken stays: recipes and recomputes follow what was really run.
 */
import type { Alternative, Branch, Stage } from '../../shared/plan/physical.ts';
import { type Core, isResult, type Job, type StageState } from './state.ts';
import { note } from './stories.ts';
import { releaseStage } from './subscribe.ts';

/** Distinct indices of the stages that these branches read, ascending. */
export function readsOf(branches: readonly Branch[]): number[] {
  const stages = branches.flatMap(({ inputs }) => inputs.flatMap((input) => (input.kind === 'stage' ? [input.stage] : [])));
  return [...new Set(stages)].sort((a, b) => a - b);
}

/** All that the stage reads as planned or by an alternative, and those whose size decides. */
export function mayRead({ branches, alternatives = [] }: Stage): number[] {
  const stages = [branches, ...alternatives.map((a) => a.branches)].flatMap(readsOf);
  return [...new Set([...stages, ...alternatives.map((a) => a.when.stage)])].sort((a, b) => a - b);
}

export function isDecided(stage: StageState): boolean {
  return stage.state !== 'unresolved' || stage.alternative !== undefined;
}

/** Who may still be read by whom; call when a stage was decided or skipped. */
export function linkStages(job: Job): void {
  for (const stage of job.stages) stage.readBy = [];
  for (const { index, state, plan, reads, ...rest } of job.stages) {
    if (state === 'skipped') continue;
    const isOpen = state === 'unresolved' && rest.alternative === undefined;
    for (const read of isOpen ? mayRead(plan) : reads) job.stages[read]?.readBy.push(index);
  }
}

export function setAlternative(stage: StageState, index: number): void {
  const taken = stage.plan.alternatives?.[index];
  if (!taken) return;
  stage.alternative = index;
  stage.branches = taken.branches;
  stage.reads = readsOf(taken.branches);
}

/** Takes what the sizes known by now allow. Stages that then feed nobody are skipped. */
export function chooseAlternatives(core: Core, job: Job): void {
  let isChanged = false;
  for (const stage of job.stages) {
    if (!stage.plan.alternatives || isDecided(stage)) continue;
    const index = stage.plan.alternatives.findIndex((alternative) => fits(core, job, alternative));
    const taken = stage.plan.alternatives[index];
    if (!taken) continue;
    setAlternative(stage, index);
    note(core, job.id, 'alternativeTaken', taken.title, [], { stage: stage.index, alternative: index });
    isChanged = true;
  }
  if (isChanged) stagesDecided(core, job);
}

/** Skips what nobody reads any more, and looks again at all that has not begun. */
export function stagesDecided(core: Core, job: Job): void {
  linkStages(job);
  for (const stage of job.stages.toReversed()) {
    if (isResult(stage) || stage.readBy.length > 0 || stage.state === 'skipped' || stage.state === 'successful') continue;
    releaseStage(core, stage);
    stage.state = 'skipped';
    note(core, job.id, 'stageSkipped', 'no later stage reads it any more', [], { stage: stage.index });
    linkStages(job);
  }
  for (const stage of job.stages) if (stage.state === 'unresolved') core.dirtyStages.add(stage);
}

/** All that it reads or waits for is there. */
export function mayResolve({ job, reads, plan }: StageState): boolean {
  const isOver = (i: number): boolean => job.stages[i]?.state === 'successful' || job.stages[i]?.state === 'skipped';
  return reads.every((i) => job.stages[i]?.state === 'successful') && (plan.startsAfter ?? []).every(isOver);
}

/** Slices without rows weigh nothing: nobody fetches them. */
function fits(core: Core, job: Job, { when }: Alternative): boolean {
  const stage = job.stages[when.stage];
  if (stage?.state !== 'successful') return false;
  let rows = 0;
  let bytes = 0;
  for (const task of stage.tasks) {
    for (const bucket of core.blocks.get(task.blockId)?.buckets ?? []) {
      rows += bucket.rows;
      if (bucket.rows > 0) bytes += bucket.bytes;
    }
  }
  return rows <= (when.rowsMax ?? Number.POSITIVE_INFINITY) && bytes <= (when.bytesMax ?? Number.POSITIVE_INFINITY);
}
