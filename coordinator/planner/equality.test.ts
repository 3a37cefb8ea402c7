import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PhysicalPlan } from '../../shared/plan/physical.ts';
import { Planner } from './planner.ts';
import { bundledChild } from './testing/bundle-child.ts';
import { difference } from './testing/compare.ts';
import { DISTRIBUTED, FALLING_BACK } from './testing/queries.ts';
import { simulate } from './testing/simulate.ts';
import { CHUNK_ROWS, TABLES } from './testing/tables.ts';
import { makeWorld, nativeEngine, type World } from './testing/world.ts';

const NOW_MS = Date.UTC(2024, 4, 6, 7, 8, 9);
let world: World;
let planner: Planner;

beforeAll(async () => {
  world = await makeWorld(TABLES);
  planner = await Planner.start({ childEntry: await bundledChild() });
});

afterAll(() => planner?.close());

async function planOf(sql: string): Promise<PhysicalPlan> {
  const outcome = await planner.plan({ sql, datasets: world.datasets, nowMs: NOW_MS });
  if (!outcome.ok) throw new Error(`${outcome.error.code}: ${outcome.error.title}: ${outcome.error.detail}`);
  return outcome.plan;
}

async function expectEqual(sql: string, plan: PhysicalPlan): Promise<void> {
  const reference = await world.connection.runAndReadAll(sql);
  for (const runChunks of [1, 3]) {
    const { rows } = await simulate(nativeEngine(world.connection), plan, { chunkRows: CHUNK_ROWS, runChunks });
    expect(difference(rows, reference.getRowsJson())).toBeUndefined();
  }
  const described = await world.connection.runAndReadAll(`DESCRIBE ${sql}`);
  expect(plan.columns.map((c) => [c.name, c.type])).toEqual(described.getRows().map((r) => [r[0], r[1]]));
}

describe('distributed queries equal plain DuckDB and gather nothing', () => {
  it.each(DISTRIBUTED)('%s', async (name, sql) => {
    const plan = await planOf(sql);
    expect(plan.fallbacks).toEqual([]);
    if (name !== 'clocks') await expectEqual(sql, plan);
  });
});

describe('queries that fall back equal plain DuckDB and say so', () => {
  it.each(FALLING_BACK)('%s', async (_name, sql, scope) => {
    const plan = await planOf(sql);
    expect(plan.fallbacks.map((f) => f.scope)).toContain(scope);
    expect(plan.stages.some((s) => s.fallback !== undefined)).toBe(true);
    await expectEqual(sql, plan);
  });
});
