/**
 * Stages that an earlier job made, made the same way again: how their tasks were cut is written down, so that their blocks have the ids
 * they had, whatever slots there are now. Tasks of mere lineage run only when a later block of it is lost.
 */
import type { InputCut, PlanInput, TaskCut } from '../../shared/plan/physical.ts';
import { accumulatorsAt } from './accumulators.ts';
import { appended } from './few.ts';
import { chunksSource, draftOf, groupOf, type TaskDraft } from './identity.ts';
import { isHeld } from './inventory.ts';
import type { Core, InputGroup, StageState, Task, TaskSource } from './state.ts';

/** How the stage's tasks were cut, in partition order. */
export function cutsOf(core: Core, stage: StageState): TaskCut[] {
  return stage.tasks.map(({ sources }, partition) => {
    const accumulators = accumulatorsAt(core, stage, partition);
    const cut = { branch: stage.branchOf[partition] ?? 0, inputs: sources.map(cutOf) };
    return accumulators === undefined ? cut : { ...cut, accumulators };
  });
}

function cutOf(source: TaskSource): InputCut {
  if (source.kind === 'module') return {};
  if (source.kind === 'chunks') return { run: source.cut };
  return { buckets: source.buckets, ...(source.part && { part: source.part }) };
}

/** As `draftTasks`, of a stage that says how it is cut. */
export function draftKept(stage: StageState, cuts: readonly TaskCut[]): TaskDraft[] {
  const groups = new Map<string, InputGroup>();
  const counts = new Map<number, number>();
  return cuts.flatMap(({ branch: at, inputs: read }, index) => {
    const branch = stage.branches[at];
    if (!branch) return [];
    const sources = branch.inputs.map((input, i) => sourceOf(stage, input, read[i] ?? {}, i, groups));
    const partition = counts.get(at) ?? 0;
    counts.set(at, partition + 1);
    return [draftOf(stage, branch, sources, { branch: at, tasksBefore: index - partition }, partition)];
  });
}

/** Tasks that read the same as their input `i` share a group: there may be very many. */
function sourceOf(stage: StageState, input: PlanInput, cut: InputCut, i: number, groups: Map<string, InputGroup>): TaskSource {
  if (input.kind === 'module') return { kind: 'module', slice: input.slice };
  if (input.kind === 'scan') return chunksSource(input.source, cut.run ?? { first: 0, end: 0, chunks: [] });
  const source = groupOf(stage, input.stage, input.columns, cut.part);
  const key = `${i} ${input.stage} ${cut.part?.first} ${cut.part?.end}`;
  const group = groups.get(key) ?? source.group;
  groups.set(key, group);
  return { ...source, group, buckets: cut.buckets ?? source.buckets };
}

/**
 * A new task of such a stage counts as done for its job from the start. Gone blocks of `lineage` stay lost until somebody needs them;
 * those of `blocks` are needed as soon as a job reads the relation.
 */
export function expectKept(core: Core, stage: StageState, task: Task): void {
  if (!stage.plan.kept || task.refs.length > 0) return;
  task.known = appended(task.known, stage.job.id);
  if (isHeld(core.blocks.get(task.blockId))) return;
  task.state = 'lost';
  if (stage.plan.kept.what === 'blocks') task.rerunWhy = 'its kept block was lost';
}
