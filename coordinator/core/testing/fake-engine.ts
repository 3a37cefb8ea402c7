/**
 * What fake tabs compute: rows are [key, n], fragments do what their first word says, and digests come from the rows. So a test
 * can tell whether an answer is right, whatever was cut, split, lost and made again on the way.
 */
import { invariant } from '../../../shared/assert.ts';
import type { Accumulators } from '../../../shared/guest/accumulators.ts';
import { sha256Hex } from '../../../shared/hash.ts';
import type { BlockId, Digest } from '../../../shared/ids.ts';
import type { Branch, Fragment, PhysicalPlan, ScanSource } from '../../../shared/plan/physical.ts';
import type { OutputPartitioning } from '../../../shared/plan/recipe.ts';
import type { BucketInfo, TaskSpec } from '../../../shared/plan/task.ts';

export type FakeRow = readonly [key: number, n: number];

export interface FakeBlock {
  readonly digest: Digest;
  readonly buckets: readonly BucketInfo[];
  readonly rows: readonly (readonly FakeRow[])[];
  /** Of fragments whose first word is `count`. */
  readonly accumulators?: Accumulators;
}

/** Keys are below this; a range partitioning cuts them evenly. */
export const KEYS = 24;
/** The key that most rows of a dataset have whose name begins with `skewed`. */
const HEAVY = 5;
const ROWS_PER_CHUNK = 5;
const STREAM_BYTES = 300;

/** Which chunk of which dataset a column chunk belongs to. */
const chunks = new Map<BlockId, { readonly dataset: string; readonly chunk: number }>();

export function knowChunk(blockId: BlockId, dataset: string, chunk: number): void {
  chunks.set(blockId, { dataset, chunk });
}

const rowsKnown = new Map<string, readonly FakeRow[]>();

function chunkRows(dataset: string, chunk: number): readonly FakeRow[] {
  const name = `${dataset} ${chunk}`;
  const known = rowsKnown.get(name) ?? makeRows(dataset, chunk);
  rowsKnown.set(name, known);
  return known;
}

/** What the fragment's filter lets pass of a column chunk. */
export function rowsOfChunk(fragment: Pick<Fragment, 'steps'>, blockId: BlockId): readonly FakeRow[] {
  const { dataset, chunk } = chunks.get(blockId) ?? fail(blockId);
  return passes(fragment, dataset, chunk) ? chunkRows(dataset, chunk) : [];
}

function makeRows(dataset: string, chunk: number): FakeRow[] {
  return Array.from({ length: ROWS_PER_CHUNK }, (_, i) => {
    const random = Number.parseInt(sha256Hex(`${dataset} ${chunk} ${i}`).slice(0, 8), 16);
    const isHeavy = dataset.startsWith('skewed') && i > 0;
    return [isHeavy ? HEAVY : random % KEYS, 1 + (random % 7)] as const;
  });
}

/** The step that says which chunks pass the fragment's filter, as a real one would by their values. */
export function filterOf({ dataset, chunks: all, needed }: ScanSource): string[] {
  return needed.length === all.length ? [] : [`needed ${dataset} ${[...needed].join()}`];
}

function passes(fragment: Pick<Fragment, 'steps'>, dataset: string, chunk: number): boolean {
  const filter = sqlOf(fragment)
    .map((sql) => sql.split(' '))
    .find(([word, name]) => word === 'needed' && name === dataset);
  return !filter || (filter[2] ?? '').split(',').includes(`${chunk}`);
}

/** Guests do nothing here. */
export const sqlOf = ({ steps }: Pick<Fragment, 'steps'>): string[] =>
  steps.flatMap((step) => (step.kind === 'sql' ? [step.sql] : []));

/** Its guests count the rows that they make. */
export const isCounting = (fragment: Pick<Fragment, 'steps'>): boolean => sqlOf(fragment)[0]?.startsWith('count ') === true;

export const byKey = (a: FakeRow, b: FakeRow): number => a[0] - b[0] || a[1] - b[1];

export function evaluate(fragment: Pick<Fragment, 'steps'>, inputs: readonly (readonly FakeRow[])[]): FakeRow[] {
  const [word] = sqlOf(fragment)[0]?.split(' ') ?? [];
  if (inputs.length === 0) return word === 'nothing' ? [] : [[0, 1]];
  if (word === 'join')
    return inputs.reduce<FakeRow[]>((left, right, i) => (i === 0 ? [...right] : pairs(left, right)), []).sort(byKey);
  const all = inputs.flat();
  if (word !== 'sum') return all.sort(byKey);
  const sums = new Map<number, number>();
  for (const [key, n] of all) sums.set(key, (sums.get(key) ?? 0) + n);
  return [...sums].sort(byKey);
}

function pairs(left: readonly FakeRow[], right: readonly FakeRow[]): FakeRow[] {
  return left.flatMap(([key, n]) => right.flatMap(([other, m]) => (other === key ? [[key, n * m] as const] : [])));
}

export function bucketOf([key]: FakeRow, partitioning: OutputPartitioning): number {
  if (partitioning.kind === 'single') return 0;
  return partitioning.kind === 'hash' ? key % partitioning.count : Math.floor((key * partitioning.count) / KEYS);
}

/** Contents by digest: what any copy with that digest holds. */
export class FakeEngine {
  readonly rowBytes: number;
  readonly blocks = new Map<Digest, FakeBlock>();
  readonly #slices = new Map<Digest, readonly FakeRow[]>();

  constructor(rowBytes: number) {
    this.rowBytes = rowBytes;
  }

  /** `variant`: the same rows in another order for what is unordered, other rows for what is indeterminate. */
  run(task: TaskSpec, variant = ''): FakeBlock {
    const rows = evaluate(task, this.#inputsOf(task));
    if (variant !== '' && /indeterminate/.test(task.title)) rows.push([variant.length % KEYS, 100]);
    const { partitioning } = task.output;
    const buckets = Array.from({ length: partitioning.kind === 'single' ? 1 : partitioning.count }, (): FakeRow[] => []);
    for (const row of rows) buckets[bucketOf(row, partitioning)]?.push(row);
    return { ...this.#store(buckets, variant), ...(isCounting(task) && { accumulators: { blocks: 1, rows: rows.length } }) };
  }

  #inputsOf(task: TaskSpec): FakeRow[][] {
    return task.inputs.map((input) => {
      if (input.kind === 'slices') return input.slices.flatMap(({ digest }) => [...(this.#slices.get(digest) ?? fail(digest))]);
      if (input.kind === 'module') return [];
      const [column] = input.run.columns;
      return (column?.slices ?? []).flatMap(({ blockId }) => rowsOfChunk(task, blockId));
    });
  }

  #store(rows: readonly FakeRow[][], variant: string): FakeBlock {
    const buckets = rows.map((bucket): BucketInfo => {
      const digest = `bucket-${sha256Hex(JSON.stringify(bucket)).slice(0, 16)}${bucket.length > 0 ? variant : ''}` as Digest;
      this.#slices.set(digest, bucket);
      return { rows: bucket.length, bytes: STREAM_BYTES + bucket.length * this.rowBytes, digest };
    });
    const digest = `digest-${sha256Hex(buckets.map((bucket) => bucket.digest).join()).slice(0, 16)}${variant}` as Digest;
    const block = { digest, buckets, rows };
    this.blocks.set(digest, block);
    return block;
  }

  /** The rows of a result, in the order of its blocks. */
  rowsOf(blocks: readonly { readonly digest: Digest }[]): FakeRow[] {
    return blocks.flatMap(({ digest }) => this.blocks.get(digest)?.rows.flat() ?? fail(digest));
  }
}

function fail(name: string): never {
  throw new Error(`a fake tab read ${name}, which nobody made`);
}

/** The plan's answer by its first branches, every input read whole: in no order. */
export function answerOf(plan: PhysicalPlan): FakeRow[] {
  return rowsOfStages(plan).at(-1) ?? [];
}

/** How many rows the plan's guests count; undefined: none counts. */
export function countOf(plan: PhysicalPlan): number | undefined {
  const made = rowsOfStages(plan);
  const counts = plan.stages.flatMap(({ branches }, i) =>
    branches.every(({ fragment }) => isCounting(fragment)) ? [made[i]?.length ?? 0] : [],
  );
  return counts.length > 0 ? counts.reduce((sum, count) => sum + count) : undefined;
}

/** The rows of each stage, all of its tasks together. */
function rowsOfStages(plan: PhysicalPlan): FakeRow[][] {
  const made: FakeRow[][] = [];
  const rowsOf = ({ fragment, inputs }: Branch): FakeRow[] =>
    evaluate(
      fragment,
      inputs.map((input) => {
        if (input.kind === 'stage') return made[input.stage] ?? [];
        if (input.kind === 'module') return [];
        const { source } = input;
        return source.needed.flatMap((chunk) => chunkRows(source.dataset, chunk));
      }),
    );
  for (const stage of plan.stages) made.push(stage.branches.flatMap(rowsOf));
  return made;
}

/** Are these rows the plan's answer, and in order where the last stage says so? */
export function checkAnswer(plan: PhysicalPlan, rows: readonly FakeRow[]): void {
  if (plan.stages.some((stage) => stage.determinacy === 'indeterminate')) return;
  const [given, wanted] = [rows, answerOf(plan)].map((list) => JSON.stringify(list.toSorted(byKey)));
  invariant(given === wanted, `the answer is ${given} instead of ${wanted}`);
  if (!plan.stages.at(-1)?.branches.every((branch) => branch.ordered)) return;
  invariant(JSON.stringify(rows) === given, `the answer is not sorted: ${JSON.stringify(rows)}`);
}
