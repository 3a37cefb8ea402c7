/**
 * The dependence shapes of Task Bench (Slaughter et al., SC 2020) as plans: `width` points a step, each a task of its own, and each reads
 * just the outputs of the step before that its shape says. A point is a guest over one row that gets those outputs as its sides.
 */
import type { AuthorPlan, AuthorRelation } from '../client/index.ts';
import { Prng } from '../shared/prng.ts';

export type Shape = 'trivial' | 'stencil' | 'fft' | 'tree' | 'random';

export const SHAPES: readonly Shape[] = ['trivial', 'stencil', 'fft', 'tree', 'random'];

export interface TaskGraph {
  readonly shape: Shape;
  /** A power of two, 16 at most: a guest has no more sides. */
  readonly width: number;
  readonly steps: number;
}

const COLUMNS = [{ name: 'x', type: 'BIGINT' }];
const SEED = 11;
/** What a point of the random shape reads, itself included, at most. */
const RANDOM_MOST = 3;

/** How many points step `step` has: a tree doubles from one to `width`. */
export function pointsOf({ shape, width }: TaskGraph, step: number): number {
  return shape === 'tree' ? Math.min(width, 2 ** step) : width;
}

export function tasksOf(graph: TaskGraph): number {
  let tasks = 0;
  for (let step = 0; step < graph.steps; step++) tasks += pointsOf(graph, step);
  return tasks;
}

/** Points of step - 1 that a point reads, each once. */
export function readsOf(graph: TaskGraph, step: number, point: number): readonly number[] {
  const { shape, width } = graph;
  if (step === 0) return [];
  const before = pointsOf(graph, step - 1);
  switch (shape) {
    case 'trivial':
      return [];
    case 'stencil':
      return [point - 1, point, point + 1].filter((at) => at >= 0 && at < width);
    case 'fft': {
      const other = point ^ (2 ** ((step - 1) % Math.log2(width)));
      return [point, other];
    }
    case 'tree':
      return [before < pointsOf(graph, step) ? Math.floor(point / 2) : point];
    case 'random': {
      const random = new Prng(SEED * 1_000_003 + step * width + point);
      // Itself too: a point that nobody reads would not be made.
      const read = new Set([point, ...Array.from({ length: random.below(RANDOM_MOST) }, () => random.below(before))]);
      return [...read].sort((a, b) => a - b);
    }
  }
}

/** As a plan whose result is of no interest. */
export function planOfGraph(graph: TaskGraph): AuthorPlan {
  return graph.shape === 'trivial' ? trivialPlan(graph) : sidesPlan(graph);
}

const query = (sql: string): AuthorRelation => ({ kind: 'sql', sql });
const SEEDS = query('SELECT i AS x FROM range(256) AS t(i)');

/** Partitions of one relation: nobody reads anybody. */
function trivialPlan(graph: TaskGraph): AuthorPlan {
  const relations = [
    { name: 'seeds', relation: SEEDS },
    { name: 'dealt', relation: { kind: 'repartition', input: 'seeds', partitions: tasksOf(graph) } as const },
    { name: 'points', relation: pointOf('dealt', 0, []) },
    { name: 'all_points', relation: query('SELECT count(*) AS n FROM points') },
  ];
  return { relations, result: 'all_points' };
}

/** One relation a point, and the last step's points together. */
function sidesPlan(graph: TaskGraph): AuthorPlan {
  const relations: { name: string; relation: AuthorRelation }[] = [
    { name: 'seeds', relation: SEEDS },
    { name: 'one', relation: { kind: 'repartition', input: 'seeds', partitions: 1 } },
  ];
  for (let step = 0; step < graph.steps; step++) {
    for (let point = 0; point < pointsOf(graph, step); point++) {
      const sides = readsOf(graph, step, point).map((at) => `p${step - 1}_${at}`);
      relations.push({ name: `p${step}_${point}`, relation: pointOf('one', step * graph.width + point, sides) });
    }
  }
  const last = Array.from({ length: pointsOf(graph, graph.steps - 1) }, (_, i) => `p${graph.steps - 1}_${i}`);
  relations.push({ name: 'all_points', relation: pointOf('one', 0, last) });
  return { relations, result: 'all_points' };
}

function pointOf(input: string, at: number, sides: readonly string[]): AuthorRelation {
  const code = { kind: 'script' as const, source: SOURCE, function: 'point', params: { at } };
  return {
    kind: 'guest',
    operation: 'mapPartitions',
    input,
    code,
    schema: COLUMNS,
    ...(sides.length > 0 && { sides: [...sides] }),
  };
}

const SOURCE = 'export const point = (rows, ctx) => [{ x: BigInt(ctx.params.at) }];';
