/** Small plans for tests: stages over made-up datasets, with fragments that nobody runs. */
import { sha256Hex } from '../../../shared/hash.ts';
import type { BlockId, DatasetVersion, Digest } from '../../../shared/ids.ts';
import type {
  Branch,
  Determinacy,
  PhysicalPlan,
  PlanColumn,
  PlanInput,
  ScanSource,
  Stage,
} from '../../../shared/plan/physical.ts';

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
  const chunk = (i: number): ScanSource['chunks'][number] => ({
    rows: 122_880,
    columns: ordinals.map((ordinal) => ({
      blockId: sha256Hex(`chunk ${dataset} ${i} ${ordinal}`) as BlockId,
      digest: sha256Hex(`bytes ${dataset} ${i} ${ordinal}`) as Digest,
      bytes: chunkBytes,
    })),
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
export const gather = (stage: number): PlanInput => ({
  kind: 'stage',
  stage,
  columns: [COLUMN],
  exchange: 'gather',
  read: 'all',
});
export const broadcast = (stage: number): PlanInput => ({
  kind: 'stage',
  stage,
  columns: [COLUMN],
  exchange: 'broadcast',
  read: 'all',
});
export const forward = (stage: number): PlanInput => ({
  kind: 'stage',
  stage,
  columns: [COLUMN],
  exchange: 'forward',
  read: 'partition',
});

/** The fragment's digest is that of `sql`: equal text over equal inputs makes equal blocks. */
export function branch(sql: string, ...inputs: PlanInput[]): Branch {
  return { fragment: { steps: [{ kind: 'sql', sql }], digest: sha256Hex(sql), output: [COLUMN] }, inputs };
}

export function planOf(
  ...stages: (readonly Branch[] | { readonly branches: readonly Branch[]; readonly determinacy: Determinacy })[]
): PhysicalPlan {
  return {
    stages: stages.map((given, index): Stage => {
      const { branches, determinacy } = 'branches' in given ? given : { branches: given, determinacy: 'determinate' as const };
      const title = branches.map((b) => b.fragment.steps[0]?.sql ?? '').join(' | ');
      return {
        index,
        title,
        branches,
        output: { columns: [COLUMN], partitioning: { kind: 'single' } },
        determinacy,
        operators: [],
      };
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
