/** Small plans for tests: stages over made-up datasets, with fragments that fake tabs run. */
import { sha256Hex } from '../../../shared/hash.ts';
import type { BlockId, DatasetVersion, Digest } from '../../../shared/ids.ts';
import type {
  Branch,
  CacheLevel,
  PhysicalPlan,
  PlanColumn,
  PlanInput,
  ScanSource,
  Stage,
} from '../../../shared/plan/physical.ts';
import type { OutputPartitioning } from '../../../shared/plan/recipe.ts';
import { filterOf, knowChunk } from './fake-engine.ts';

export const COLUMN: PlanColumn = { type: 'BIGINT', wire: 'BIGINT' };

export interface SourceShape {
  readonly dataset: string;
  readonly chunks: number;
  readonly ordinals?: readonly number[];
  /** Default: all chunks. */
  readonly needed?: readonly number[];
  readonly chunkBytes?: number;
}

/** A dataset whose chunk ids depend on its name, the chunk and the column alone. */
export function sourceOf({ dataset, chunks, ordinals = [0, 1], needed, chunkBytes = 1_000_000 }: SourceShape): ScanSource {
  const column = (i: number, ordinal: number): ScanSource['chunks'][number]['columns'][number] => {
    const blockId = sha256Hex(`chunk ${dataset} ${i} ${ordinal}`) as BlockId;
    knowChunk(blockId, dataset, i);
    return { blockId, digest: sha256Hex(`bytes ${dataset} ${i} ${ordinal}`) as Digest, bytes: chunkBytes };
  };
  const chunk = (i: number): ScanSource['chunks'][number] => ({
    rows: 122_880,
    columns: ordinals.map((ordinal) => column(i, ordinal)),
  });
  return {
    dataset,
    version: sha256Hex(`version ${dataset}`) as DatasetVersion,
    ordinals,
    columns: ordinals.map(() => COLUMN),
    chunks: Array.from({ length: chunks }, (_, i) => chunk(i)),
    needed: needed ?? Array.from({ length: chunks }, (_, i) => i),
  };
}

export const scan = (shape: SourceShape, read: 'partition' | 'all' = 'partition'): PlanInput => ({
  kind: 'scan',
  source: sourceOf(shape),
  read,
});
type Exchange = Extract<PlanInput, { readonly kind: 'stage' }>['exchange'];

const fromStage = (stage: number, exchange: Exchange, read: 'partition' | 'all'): PlanInput => ({
  kind: 'stage',
  stage,
  columns: [COLUMN],
  exchange,
  read,
});
export const gather = (stage: number): PlanInput => fromStage(stage, 'gather', 'all');
export const broadcast = (stage: number): PlanInput => fromStage(stage, 'broadcast', 'all');
export const forward = (stage: number): PlanInput => fromStage(stage, 'forward', 'partition');
export const hash = (stage: number): PlanInput => fromStage(stage, 'hash', 'partition');
export const range = (stage: number): PlanInput => fromStage(stage, 'range', 'partition');

/**
 * The fragment's digest is that of its text: equal text over equal inputs makes equal blocks. The first word says what it does:
 * `join`, `sum`, or else the rows of all inputs together (fake-engine.ts).
 */
export function branch(sql: string, ...inputs: PlanInput[]): Branch {
  const filters = inputs.flatMap((input) => (input.kind === 'scan' ? filterOf(input.source) : []));
  const steps = [sql, ...filters].map((text) => ({ kind: 'sql' as const, sql: text }));
  return { fragment: { steps, digest: sha256Hex([sql, ...filters].join(';')), output: [COLUMN] }, inputs };
}

export type StageShape = Pick<Stage, 'branches'> &
  Partial<Pick<Stage, 'determinacy' | 'alternatives' | 'startsAfter'>> & {
    readonly partitioning?: OutputPartitioning;
  };

export function planOf(...stages: (readonly Branch[] | StageShape)[]): PhysicalPlan {
  return {
    stages: stages.map((given, index): Stage => {
      const shape = 'branches' in given ? given : { branches: given };
      const { partitioning = { kind: 'single' }, ...rest } = shape;
      const title = shape.branches
        .map((b) => b.fragment.steps.map((step) => (step.kind === 'sql' ? step.sql : step.action))[0] ?? '')
        .join(' | ');
      return { determinacy: 'determinate', ...rest, index, title, output: { columns: [COLUMN], partitioning }, operators: [] };
    }),
    columns: [{ ...COLUMN, name: 'n' }],
    logical: { op: 'test', detail: '', inputs: [] },
    fallbacks: [],
    datasets: [],
    chunks: { total: 0, needed: 0 },
  };
}

/** A scan in runs and one gathered task: the shape of every aggregate here. */
export function aggregatePlan(shape: SourceShape, literal = 1): PhysicalPlan {
  return planOf([branch(`partial ${literal}`, scan(shape))], [branch(`final ${literal}`, gather(0))]);
}

/** A stage whose rows go into buckets by their key. */
export function hashed(count: number, ...branches: Branch[]): StageShape {
  return { branches, partitioning: { kind: 'hash', keys: [0], count } };
}

/** Two scans that meet in a join of their buckets; the left one's may be split. */
export function joinPlan(left: SourceShape, right: SourceShape, count = 8): PhysicalPlan {
  return planOf(
    hashed(count, branch('left', scan(left))),
    hashed(count, branch('right', scan(right))),
    [{ ...branch('join', hash(0), hash(1)), splittable: [0] }],
    [branch('final', gather(2))],
  );
}

/** Rows go to ranges of keys, and each run of ranges is sorted. */
export function sortPlan(shape: SourceShape, count = 8): PhysicalPlan {
  return planOf({ branches: [branch('split', scan(shape))], partitioning: { kind: 'range', count } }, [
    { ...branch('sort', range(0)), ordered: true },
  ]);
}

/** As joinPlan, but the left side waits until the right one has proved small, and is then not shuffled; or not read at all. */
export function adaptivePlan(left: SourceShape, right: SourceShape, rowsMax: number): PhysicalPlan {
  const when = { stage: 0, rowsMax };
  return planOf(
    hashed(8, branch('right', scan(right))),
    { ...hashed(8, branch('left', scan(left))), startsAfter: [0] },
    {
      branches: [{ ...branch('join', hash(1), hash(0)), splittable: [0] }],
      alternatives: [
        { when: { stage: 0, rowsMax: 0 }, title: 'right is empty', branches: [branch('nothing')], operators: [] },
        { when, title: 'right is small', branches: [branch('join', scan(left), broadcast(0))], operators: [] },
      ],
    },
    [branch('final', gather(2))],
  );
}

/** Both sides are shuffled at once, and the first that proves small spares the other's shuffle. */
export function racingPlan(left: SourceShape, right: SourceShape): PhysicalPlan {
  const small = (stage: number, other: SourceShape) => ({
    when: { stage, bytesMax: 1_000_000_000 },
    title: `stage ${stage} is small`,
    branches: [branch('join', scan(other), broadcast(stage))],
    operators: [],
  });
  return planOf(
    hashed(8, branch('left', scan(left))),
    hashed(8, branch('right', scan(right))),
    { branches: [branch('join', hash(0), hash(1))], alternatives: [small(0, right), small(1, left)] },
    [branch('final', gather(2))],
  );
}

/** The rows of `stage` are a relation to be kept; its name is its key. */
export function caching(plan: PhysicalPlan, stage: number, name: string, level: CacheLevel = 'tabs'): PhysicalPlan {
  return { ...plan, cached: [...(plan.cached ?? []), { name, level, stage, key: name }] };
}

/** A scan, its buckets summed and kept, and one task that reads them: `literal` makes the last stage another one. */
export function cachedSumsPlan(shape: SourceShape, literal = 1, level: CacheLevel = 'tabs'): PhysicalPlan {
  const plan = planOf(hashed(8, branch('left', scan(shape))), [branch('sum', hash(0))], [branch(`rows ${literal}`, gather(1))]);
  return caching(plan, 1, `sums of ${shape.dataset}`, level);
}
