/** Plans that read cached relations: what made a relation is replaced by the stages that made the blocks which are kept of it. */
import type { Alternative, Branch, PhysicalPlan, Stage } from '../../shared/plan/physical.ts';

/** The stages that made a relation, as they were run; the last one made what is kept. Undefined: it is not kept. */
export type KeptStages = (key: string) => readonly Stage[] | undefined;

/** Stages of the new plan, while their old numbers are not forgotten. */
interface Numbering {
  readonly stages: Stage[];
  /** From the old plan's numbers. */
  readonly places: Map<number, number>;
}

export function readingKept(plan: PhysicalPlan, keptStages: KeptStages): PhysicalPlan {
  const found = new Map<number, readonly Stage[]>();
  for (const { stage, key } of plan.cached ?? []) {
    const kept = keptStages(key);
    if (kept && isAlike(plan.stages[stage], kept.at(-1))) found.set(stage, kept);
  }
  if (found.size === 0) return plan;
  const needed = neededStages(plan.stages, found);
  const made: Numbering = { stages: [], places: new Map() };
  for (const stage of plan.stages) {
    const kept = found.get(stage.index);
    if (needed.has(stage.index)) made.places.set(stage.index, kept ? append(made, kept) : appendOwn(made, stage));
  }
  const cached = (plan.cached ?? []).flatMap((relation) => {
    const stage = made.places.get(relation.stage);
    return stage === undefined ? [] : [{ ...relation, stage }];
  });
  return { ...plan, stages: made.stages, cached };
}

function isAlike(planned: Stage | undefined, kept: Stage | undefined): boolean {
  return JSON.stringify(planned?.output) === JSON.stringify(kept?.output);
}

/** What leads to the result, but for what only a kept relation was to be made from. */
function neededStages(stages: readonly Stage[], kept: ReadonlyMap<number, unknown>): ReadonlySet<number> {
  const needed = new Set([stages.length - 1]);
  for (const stage of stages.toReversed()) {
    if (!needed.has(stage.index) || kept.has(stage.index)) continue;
    for (const index of readByOrDeciding(stage)) needed.add(index);
  }
  return needed;
}

function readByOrDeciding({ branches, alternatives = [] }: Stage): number[] {
  const all = [...branches, ...alternatives.flatMap((alternative) => alternative.branches)];
  const reads = all.flatMap(({ inputs }) => inputs.flatMap((input) => (input.kind === 'stage' ? [input.stage] : [])));
  return [...reads, ...alternatives.map((alternative) => alternative.when.stage)];
}

/** The number of the last one. */
function append({ stages }: Numbering, kept: readonly Stage[]): number {
  const first = stages.length;
  for (const stage of kept) stages.push(renumbered(stage, stages.length, (index) => first + index));
  return stages.length - 1;
}

function appendOwn({ stages, places }: Numbering, stage: Stage): number {
  const { startsAfter, ...rest } = stage;
  // Who only waited for a stage that is not needed any more need not wait.
  const after = (startsAfter ?? []).flatMap((index) => places.get(index) ?? []);
  const own = after.length > 0 ? { ...rest, startsAfter: after } : rest;
  return stages.push(renumbered(own, stages.length, (index) => places.get(index) ?? index)) - 1;
}

function renumbered(stage: Stage, index: number, to: (index: number) => number): Stage {
  const moved = (branches: readonly Branch[]): Branch[] =>
    branches.map((branch) => ({
      ...branch,
      inputs: branch.inputs.map((input) => (input.kind === 'stage' ? { ...input, stage: to(input.stage) } : input)),
    }));
  const alternative = (one: Alternative): Alternative => ({
    ...one,
    when: { ...one.when, stage: to(one.when.stage) },
    branches: moved(one.branches),
  });
  const { alternatives } = stage;
  return {
    ...stage,
    index,
    branches: moved(stage.branches),
    ...(alternatives && { alternatives: alternatives.map(alternative) }),
  };
}
