/** From a stage's plan to its tasks' inputs and ids: what is read, and so what the block is called. */
import { blockIdOf } from '../../shared/hash.ts';
import type { BlockId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { Branch, PlanColumn, PlanInput, ScanSource } from '../../shared/plan/physical.ts';
import type { Recipe } from '../../shared/plan/recipe.ts';
import type { BucketInfo, ChunkRun } from '../../shared/plan/task.ts';
import { allBuckets, type BucketTask, bucketCount, cutBuckets } from './buckets.ts';
import { BUCKETS_MEMORY_PART, RUN_RESIDENT_PART, UNEQUAL_RUNS_PER_SLOT } from './constants.ts';
import type { WorkerTraits } from './events.ts';
import { isResidentSomewhere } from './residents.ts';
import {
  type CutRun,
  chunkBytes,
  chunkRun,
  cutBytes,
  cutRuns,
  engineBytesPerChunk,
  residentKey,
  runLength,
  wholeRun,
} from './runs.ts';
import type { Core, InputGroup, StageState, Task, TaskSource } from './state.ts';
import { isEligible } from './state.ts';

type GroupSource = Extract<TaskSource, { readonly kind: 'group' }>;
type BucketWise = Extract<PlanInput, { readonly kind: 'stage' }>;

export interface TaskDraft {
  readonly branch: Branch;
  /** Which of the stage's it is. */
  readonly branchIndex: number;
  readonly blockId: BlockId;
  readonly salted: boolean;
  readonly sources: readonly TaskSource[];
  /** Its number in the stage, where the fragment reads it. */
  readonly partition?: number;
}

/** A branch on its way to tasks. */
export interface Place {
  readonly branch: number;
  /** How many tasks the branches before it have. */
  readonly tasksBefore: number;
}

/** The drafts of one stage, in partition order: the branches' tasks appended. */
export function draftTasks(core: Core, stage: StageState): TaskDraft[] {
  const drafts: TaskDraft[] = [];
  // Not as arguments of one push: there may be more than a stack holds.
  for (const [i, branch] of stage.branches.entries())
    for (const draft of draftBranch(core, stage, branch, { branch: i, tasksBefore: drafts.length })) drafts.push(draft);
  return drafts;
}

function draftBranch(core: Core, stage: StageState, branch: Branch, place: Place): TaskDraft[] {
  if (branch.inputs.some(isBucketWise)) return draftBuckets(core, stage, branch, place);
  const at = branch.inputs.findIndex((input) => input.kind !== 'module' && input.read === 'partition');
  const shared = branch.inputs.map((input, i) => (i === at ? undefined : [wholeInput(core, stage, input)]));
  const parted = branch.inputs[at];
  const count = parted && parted.kind !== 'module' ? partitionsOf(core, stage, parted) : [[]];
  return count.map((alternatives, partition) => {
    const drafts = (alternatives.length > 0 ? alternatives : [undefined]).map((own) => {
      const sources = shared.map((source) => source?.[0] ?? own).filter((source) => source !== undefined);
      return draftOf(stage, branch, sources, place, partition);
    });
    // The same rows may be read as a whole run or as its needed chunks only: take what is there already.
    return drafts.find((d) => core.tasks.has(d.blockId) || core.reusable.has(d.blockId)) ?? (drafts[0] as TaskDraft);
  });
}

/** One task a run of buckets, or a part of a skewed one. */
function draftBuckets(core: Core, stage: StageState, branch: Branch, place: Place): TaskDraft[] {
  // One group an input, whatever the number of tasks: only parts of a skewed bucket have their own.
  const whole = branch.inputs.map((input) => wholeInput(core, stage, input));
  return cutBranch(core, stage, branch).map(({ buckets, part }, partition) => {
    const sources = whole.map((source, i): TaskSource => {
      const input = branch.inputs[i];
      if (source.kind !== 'group' || !input || !isBucketWise(input)) return source;
      const own = part?.input === i ? groupOf(stage, input.stage, input.columns, part) : source;
      return { ...own, buckets };
    });
    return draftOf(stage, branch, sources, place, partition);
  });
}

/** A branch's bucket-wise inputs have one count (a plan is refused otherwise) and are cut into the same runs. */
function cutBranch(core: Core, stage: StageState, branch: Branch): BucketTask[] {
  const wise = branch.inputs.filter(isBucketWise);
  const count = Math.max(...wise.map((input) => bucketCountOf(stage, input.stage)));
  if (wise.some((input) => input.each)) return allBuckets(count).map((bucket) => ({ buckets: [bucket] }));
  const sizes = wise.map((input) => (stage.job.stages[input.stage]?.tasks ?? []).map((task) => bucketsOf(core, task)));
  const places = wise.map((input) => branch.inputs.indexOf(input));
  const tasks = cutBuckets(sizes, {
    count,
    slots: core.liveSlots,
    leasesPerSlot: core.limits.leasesPerSlot,
    bytesMax: leastMemory(core) * BUCKETS_MEMORY_PART,
    splittable: branch.ordered ? [] : (branch.splittable ?? []).map((i) => places.indexOf(i)),
  });
  return tasks.map((task) => (task.part ? { ...task, part: { ...task.part, input: places[task.part.input] ?? -1 } } : task));
}

function bucketsOf(core: Core, task: Task): readonly BucketInfo[] {
  return core.blocks.get(task.blockId)?.buckets ?? [];
}

function bucketCountOf(stage: StageState, upstream: number): number {
  const output = stage.job.stages[upstream]?.plan.output;
  return output ? bucketCount(output.partitioning) : 1;
}

/** Its tasks read runs of buckets of every upstream block. */
export function isBucketWise(input: PlanInput): input is BucketWise {
  return input.kind === 'stage' && input.read === 'partition' && (input.exchange === 'hash' || input.exchange === 'range');
}

/** `at`: the how manieth task of its branch. */
export function draftOf(stage: StageState, branch: Branch, sources: readonly TaskSource[], place: Place, at: number): TaskDraft {
  const salt = saltOf(stage, `${place.branch}/${at}`);
  const number = branch.fragment.readsPartition ? { partition: place.tasksBefore + at } : {};
  const blockId = blockIdOf({ ...recipeOf(stage, branch, sources, salt), ...number });
  return { branch, branchIndex: place.branch, blockId, salted: salt !== undefined, sources, ...number };
}

/** Ids that nobody else can ask for: reuse is off, or two runs of the task may differ. */
function saltOf(stage: StageState, place: string): string | undefined {
  if (stage.plan.determinacy === 'indeterminate') return `${stage.job.salt}/${stage.index}/${place}`;
  return stage.job.options.reuse ? undefined : stage.job.id;
}

function recipeOf(stage: StageState, branch: Branch, sources: readonly TaskSource[], salt: string | undefined): Recipe {
  const inputs = sources.map((source): [string, number][] => {
    if (source.kind === 'group') return pairsOf(source.group, source.buckets);
    if (source.kind === 'module') return [[source.slice.blockId, source.slice.bucket]];
    return source.run.columns.flatMap((column) => column.slices.map((slice): [string, number] => [slice.blockId, slice.bucket]));
  });
  return {
    v: 1,
    fragment: branch.fragment.digest,
    output: stage.plan.output.partitioning,
    inputs,
    ...(sources.length === 0 ? { partition: 0 } : {}),
    ...(salt === undefined ? {} : { salt }),
  };
}

/** In the order of the task's slices, but with those that turned out to have no rows: ids are known before sizes. */
function pairsOf({ producers }: InputGroup, buckets: readonly number[]): [string, number][] {
  const pairs: [string, number][] = [];
  for (const bucket of buckets) for (const producer of producers) pairs.push([producer.blockId, bucket]);
  return pairs;
}

function wholeInput(core: Core, stage: StageState, input: PlanInput): TaskSource {
  if (input.kind === 'stage') return groupOf(stage, input.stage, input.columns);
  if (input.kind === 'module') return { kind: 'module', slice: input.slice };
  const all: CutRun = { first: 0, end: input.source.chunks.length, chunks: [...input.source.needed].sort((a, b) => a - b) };
  return chunksSource(input.source, residentOrNeeded(core, input.source, all)[0] as CutRun);
}

/** One entry a partition, each with the ways to read it, the best first. */
function partitionsOf(core: Core, stage: StageState, input: Exclude<PlanInput, { readonly kind: 'module' }>): TaskSource[][] {
  if (input.kind === 'stage') {
    const count = stage.job.stages[input.stage]?.tasks.length ?? 0;
    const tasks = Math.min(count, input.tasks ?? count);
    const edge = (i: number): number => Math.floor((i * count) / tasks);
    return Array.from({ length: tasks }, (_, i) => {
      return [groupOf(stage, input.stage, input.columns, { first: edge(i), end: edge(i + 1) })];
    });
  }
  const { source } = input;
  const runs = cutRuns(source, runLengthFor(core, source));
  // Even when min/max rules out every chunk, one task must say so: count(*) of nothing is a row.
  if (runs.length === 0) runs.push({ first: 0, end: 0, chunks: [] });
  return runs.map((run) => residentOrNeeded(core, source, run).map((way) => chunksSource(source, way)));
}

/** All upstream blocks or some neighbouring ones, and of each all buckets. */
export function groupOf(
  stage: StageState,
  upstream: number,
  columns: readonly PlanColumn[],
  only?: { readonly first: number; readonly end: number },
): GroupSource {
  const tasks = stage.job.stages[upstream]?.tasks ?? [];
  const producers = tasks.slice(only?.first ?? 0, only?.end ?? tasks.length);
  const missing = new Set<Task>(producers.filter((producer) => producer.state !== 'done'));
  const group: InputGroup = { producers, missing, users: new Set(), consumers: 0 };
  return {
    kind: 'group',
    group,
    columns,
    buckets: allBuckets(bucketCountOf(stage, upstream)),
    ...(only && { part: { first: only.first, end: only.end } }),
  };
}

export function chunksSource(source: ScanSource, cut: CutRun): TaskSource {
  return new ScanRun(source, cut);
}

class ScanRun {
  readonly kind = 'chunks';
  readonly cut: CutRun;
  readonly bytes: number;
  readonly #source: ScanSource;

  constructor(source: ScanSource, cut: CutRun) {
    this.#source = source;
    this.cut = cut;
    this.bytes = cutBytes(source, cut);
  }

  get run(): ChunkRun {
    return chunkRun(this.#source, this.cut);
  }

  get residentKey(): string {
    return residentKey(this.#source.version, this.cut);
  }
}

/** A run that a slot has loaded is read whole; else only its needed chunks are loaded. */
function residentOrNeeded(core: Core, source: ScanSource, run: CutRun): CutRun[] {
  const whole = wholeRun(run);
  if (whole.chunks.length === run.chunks.length) return [whole];
  const isLoaded = isResidentSomewhere(core, residentKey(source.version, whole), source.ordinals);
  return isLoaded ? [whole, run] : [run, whole];
}

/**
 * Cut for all chunks (what earlier queries will have loaded) or for the needed ones: whichever leaves less to load, and
 * when that is equal, the even share of what is needed.
 */
function runLengthFor(core: Core, source: ScanSource): number {
  const bytes = engineBytesPerChunk(source);
  const work = source.chunks.map((chunk) => chunk.rows);
  const bounds = {
    bytesMax: runBytesMax(core),
    slots: core.liveSlots,
    runsPerSlotMin: hasUnequalSlots(core) ? UNEQUAL_RUNS_PER_SLOT : 1,
  };
  const forAll = runLength({ ...bounds, work, bytes });
  if (source.needed.length === source.chunks.length) return forAll;
  const needed = new Set(source.needed);
  const only = (figures: readonly number[]): number[] => figures.map((n, i) => (needed.has(i) ? n : 0));
  const forNeeded = runLength({ ...bounds, work: only(work), bytes: only(bytes) });
  if (forAll === forNeeded) return forNeeded;
  return bytesNotLoaded(core, source, forAll) < bytesNotLoaded(core, source, forNeeded) ? forAll : forNeeded;
}

function bytesNotLoaded(core: Core, source: ScanSource, length: number): number {
  let bytes = 0;
  for (const run of cutRuns(source, length)) {
    const [way] = residentOrNeeded(core, source, run);
    if (way && isResidentSomewhere(core, residentKey(source.version, way), source.ordinals)) continue;
    for (const chunk of run.chunks) bytes += chunkBytes(source, chunk);
  }
  return bytes;
}

function runBytesMax(core: Core): number {
  return leastMemory(core) * LIMITS.residentShare * RUN_RESIDENT_PART;
}

/** Bytes that a slot may use, of the worker that gives least. */
function leastMemory(core: Core): number {
  let least = Number.POSITIVE_INFINITY;
  for (const worker of core.workers.values()) {
    if (isEligible(worker) && worker.traits.slots > 0) least = Math.min(least, worker.traits.memoryPerSlotBytes);
  }
  return least;
}

/** Tabs that give different shares of their processors, or of which some are in the background, are not equally fast. */
function hasUnequalSlots(core: Core): boolean {
  let first: WorkerTraits | undefined;
  for (const worker of core.workers.values()) {
    if (!isEligible(worker) || worker.traits.slots === 0) continue;
    first ??= worker.traits;
    if (worker.traits.share !== first.share || worker.traits.visibility !== first.visibility) return true;
  }
  return false;
}
