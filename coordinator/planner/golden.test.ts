/**
 * Plans as text, one file an operator: a new DuckDB, or a change here, shows as a difference to read.
 * MUSTER_UPDATE_GOLDEN=1 writes them anew.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { PhysicalPlan, PlanInput } from '../../shared/plan/physical.ts';
import { Planner } from './planner.ts';
import { bundledChild } from './testing/bundle-child.ts';
import { DISTRIBUTED, FALLING_BACK } from './testing/queries.ts';
import { TABLES } from './testing/tables.ts';
import { makeWorld, type World } from './testing/world.ts';

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

let world: World;
let planner: Planner;

beforeAll(async () => {
  world = await makeWorld(TABLES);
  planner = await Planner.start({ childEntry: await bundledChild() });
  mkdirSync(FOLDER, { recursive: true });
});

afterAll(() => planner?.close());

function inputText(input: PlanInput, index: number): string {
  const what =
    input.kind === 'scan'
      ? `scan ${input.source.dataset} columns ${input.source.ordinals.join(',')}, ${input.source.needed.length} of ${input.source.chunks.length} chunks`
      : `stage ${input.stage} by ${input.exchange}`;
  return `    in${index}: ${what}, read ${input.read}`;
}

function planText(sql: string, plan: PhysicalPlan): string {
  const lines = [
    sql,
    `columns: ${plan.columns.map((c) => `${c.name} ${c.type}${c.wire === c.type ? '' : ` as ${c.wire}`}`).join(', ')}`,
  ];
  for (const f of plan.fallbacks) lines.push(`fallback (${f.scope}) at ${f.operator}: ${f.why}`);
  for (const s of plan.stages) {
    lines.push(
      '',
      `stage ${s.index}: ${s.title} [${s.determinacy}]${s.fallback ? ' FALLBACK' : ''}`,
      ...s.operators.map((o) => `  ${o}`),
    );
    s.branches.forEach((b, i) => {
      lines.push(`  branch ${i}: ${b.fragment.steps.map((x) => x.sql).join('; ')}`, ...b.inputs.map(inputText));
    });
  }
  return `${lines.join('\n')}\n`;
}

it('every name is a query', () => {
  const names = new Set([...DISTRIBUTED, ...FALLING_BACK].map(([n]) => n));
  expect([...GOLDEN].filter((n) => !names.has(n))).toEqual([]);
});

it.each([...DISTRIBUTED, ...FALLING_BACK].filter(([n]) => GOLDEN.has(n)).map(([n, s]) => [n, s] as const))(
  '%s',
  async (name, sql) => {
    const outcome = await planner.plan({ sql, datasets: world.datasets, nowMs: Date.UTC(2024, 0, 1) });
    if (!outcome.ok) throw new Error(outcome.error.detail);
    const text = planText(sql, outcome.plan);
    const file = new URL(`${name.replaceAll(/[^a-z]+/g, '-')}.golden.txt`, FOLDER);
    if (UPDATE) writeFileSync(file, text);
    expect(text).toBe(readFileSync(file, 'utf8'));
  },
);
