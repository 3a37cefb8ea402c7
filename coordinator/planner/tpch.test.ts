/** All of TPC-H, planned as for scale factor 1 and run over tiny tables. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PhysicalPlan, PlanInput } from '../../shared/plan/physical.ts';
import type { DatasetRecord } from '../catalog/types.ts';
import { Planner } from './planner.ts';
import { bundledChild } from './testing/bundle-child.ts';
import { difference } from './testing/compare.ts';
import { simulate } from './testing/simulate.ts';
import { TPCH_QUERIES } from './testing/tpch-queries.ts';
import { TPCH_TABLES } from './testing/tpch-tables.ts';
import { inflated, makeWorld, nativeEngine, type World } from './testing/world.ts';

const SHAPES = new URL('./golden/tpch.golden.txt', import.meta.url);
const UPDATE = process.env.MUSTER_UPDATE_GOLDEN === '1';
/** From 6,000 line items to 6 million. */
const FACTOR = 1000;

let world: World;
let big: readonly DatasetRecord[];
let planner: Planner;
const chunkRows = new Map(TPCH_TABLES.map((t) => [t.name as string, t.chunkRows as number]));

beforeAll(async () => {
  world = await makeWorld(TPCH_TABLES);
  const fixed = new Set(['region', 'nation']);
  big = inflated(world.datasets, FACTOR, { distinct: true }).map((d, i) => {
    const original = world.datasets[i];
    if (fixed.has(d.name) && original) return original;
    const isKey = d.columns.map((c) => c.name.endsWith('key') && !/nation|region/.test(c.name));
    const columns = d.columns.map((c, k) => ({ ...c, distinct: (c.distinct ?? 0) * (isKey[k] ? FACTOR : 1) }));
    // Between the bounds of tiny tables there are only so many keys.
    const chunks = d.chunks.map((c) => ({
      ...c,
      columns: c.columns.map(({ min, max, ...rest }, k) => ({
        ...rest,
        ...(min && max && !isKey[k] ? { min, max } : {}),
      })),
    }));
    return { ...d, columns, chunks };
  });
  planner = await Planner.start({ childEntry: await bundledChild() });
});

afterAll(() => planner?.close());

async function planOf(sql: string, datasets: readonly DatasetRecord[]): Promise<PhysicalPlan> {
  const outcome = await planner.plan({ sql, datasets, nowMs: 0 });
  if (!outcome.ok) throw new Error(outcome.error.detail);
  return outcome.plan;
}

describe('every query equals native', () => {
  it.each(TPCH_QUERIES)('%s', async (_name, sql) => {
    const want = (await world.connection.runAndReadAll(sql)).getRowsJson();
    expect(want.length).toBeGreaterThan(0);
    const plan = await planOf(sql, big);
    expect(plan.fallbacks).toEqual([]);
    for (const alternatives of ['never', 'forced'] as const) {
      const options = { chunkRows, runChunks: 3, runBuckets: 8, splitBuckets: true, alternatives };
      const { rows } = await simulate(nativeEngine(world.connection), plan, options);
      expect(difference(rows, want)).toBeUndefined();
    }
  });
});

/** How a plan moves data, without its SQL. */
function shapeOf(name: string, plan: PhysicalPlan): string {
  const reads = (input: PlanInput): string =>
    input.kind === 'scan'
      ? `${input.source.dataset}${input.read === 'all' ? ' whole' : ''}`
      : input.kind === 'module'
        ? 'a module'
        : `${input.stage} by ${input.exchange}`;
  const lines = plan.stages.map((s) => {
    const from = s.branches.map((b) => b.inputs.map(reads).join(' and ')).join('; ');
    const marks = [
      s.output.partitioning.kind === 'hash' ? `split into ${s.output.partitioning.count}` : '',
      s.startsAfter ? `after ${s.startsAfter.join(',')}` : '',
      ...(s.alternatives ?? []).map((a) => `or (${a.title})`),
    ].filter((m) => m !== '');
    return `  ${s.index}: ${from}${marks.map((m) => `, ${m}`).join('')}`;
  });
  return [name, ...lines].join('\n');
}

it('data moves as it did', async () => {
  const shapes: string[] = [];
  for (const [name, sql] of TPCH_QUERIES) shapes.push(shapeOf(name, await planOf(sql, big)));
  const text = `${shapes.join('\n')}\n`;
  if (UPDATE) writeFileSync(SHAPES, text);
  expect(text).toBe(readFileSync(SHAPES, 'utf8'));
});
