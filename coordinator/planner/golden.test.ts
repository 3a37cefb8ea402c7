/**
 * Plans as text, one file an operator: a new DuckDB, or a change here, shows as a difference to read.
 * MUSTER_UPDATE_GOLDEN=1 writes them anew.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Planner } from './planner.ts';
import { bundledChild } from './testing/bundle-child.ts';
import { planText } from './testing/plan-text.ts';
import { DISTRIBUTED, FALLING_BACK } from './testing/queries.ts';
import { TABLES } from './testing/tables.ts';
import { inflated, makeWorld, type World } from './testing/world.ts';

const FOLDER = new URL('./golden/', import.meta.url);
const UPDATE = process.env.MUSTER_UPDATE_GOLDEN === '1';

/** One or two of each operator. */
const GOLDEN = new Set([
  'project',
  'filter dates',
  'filter none left',
  'values',
  'range',
  'decimal arithmetic',
  'count',
  'aggregates with filter',
  'variance',
  'extremes',
  'first of few',
  'list',
  'hugeint',
  'count distinct',
  'distinct of several',
  'rollup',
  'distinct rows',
  'distinct on',
  'top n offset',
  'limit',
  'offset',
  'union all then group',
  'union',
  'join then group',
  'join of big sides',
  'left join with residual',
  'right join',
  'exists',
  'not in with null inside',
  'any and all',
  'correlated scalar',
  'correlated aggregate',
  'scalar subquery',
  'asof join',
  'shared expression',
  'shared rows',
  'distinct on of a union',
  'named query',
  'named groups',
  'count of a union',
  'unnest',
  'enum and time zone',
  'sort',
  'window',
  'median',
  'except',
  'full join',
  'limit percent',
  'recursive',
  'qualified names',
]);

/** Over datasets that are said to be big: exchanges by hash and range, and what may be done instead. */
const GOLDEN_OF_MANY = new Set([
  'int and bigint keys',
  'expression keys',
  'decimal keys of two scales',
  'big left join',
  'big right join',
  'big full join',
  'big semi',
  'big anti',
  'big not in, null inside',
  'correlated mark',
  'correlated row of big sides',
  'asof with keys',
  'few left join many',
  'many right join few',
  'few semi many',
  'few anti many',
  'nothing join many',
  'join then group by key',
  'three by one key',
  'self join of a shared query',
  'union all of joins',
  'join, then top rows',
  'sort',
  'sort of a join',
  'window',
  'windows of two keys',
  'except',
  'intersect all',
  'union',
  'distinct of many',
  'distinct on many',
  'aggregates of decimals',
  'group by many',
  'count distinct of many',
  'count distinct of many by few',
  'count distinct of several by many',
  'median by many',
  'rollup of many',
  'window with and without keys',
]);

let world: World;
let planner: Planner;

beforeAll(async () => {
  world = await makeWorld(TABLES);
  planner = await Planner.start({ childEntry: await bundledChild() });
  mkdirSync(FOLDER, { recursive: true });
});

afterAll(() => planner?.close());

const ALL = [...DISTRIBUTED, ...FALLING_BACK].map(([name, sql]) => [name, sql] as const);
const chosen = (names: ReadonlySet<string>) => ALL.filter(([name]) => names.has(name));

async function compare(name: string, sql: string, datasets: typeof world.datasets): Promise<void> {
  const outcome = await planner.plan({ sql, datasets, nowMs: Date.UTC(2024, 0, 1) });
  if (!outcome.ok) throw new Error(outcome.error.detail);
  const text = planText(sql, outcome.plan);
  const file = new URL(`${name.replaceAll(/[^a-z]+/g, '-')}.golden.txt`, FOLDER);
  if (UPDATE) writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, 'utf8'));
}

it('every name is a query', () => {
  const names = new Set(ALL.map(([n]) => n));
  expect([...GOLDEN, ...GOLDEN_OF_MANY].filter((n) => !names.has(n))).toEqual([]);
});

it.each(chosen(GOLDEN))('%s', (name, sql) => compare(name, sql, world.datasets));

it.each(chosen(GOLDEN_OF_MANY))('%s, of many rows', (name, sql) =>
  compare(`${name} of many rows`, sql, inflated(world.datasets, 10_000)),
);
