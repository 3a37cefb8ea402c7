import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PhysicalPlan } from '../../shared/plan/physical.ts';
import { Planner } from './planner.ts';
import { bundledChild } from './testing/bundle-child.ts';
import { difference } from './testing/compare.ts';
import { DISTRIBUTED, FALLING_BACK } from './testing/queries.ts';
import { type SimulationOptions, simulate } from './testing/simulate.ts';
import { CHUNK_ROWS, TABLES } from './testing/tables.ts';
import { inflated, makeWorld, nativeEngine, type World } from './testing/world.ts';

const NOW_MS = Date.UTC(2024, 4, 6, 7, 8, 9);
let world: World;
let planner: Planner;

beforeAll(async () => {
  world = await makeWorld(TABLES);
  planner = await Planner.start({ childEntry: await bundledChild() });
});

afterAll(() => planner?.close());

async function planOf(sql: string, datasets = world.datasets): Promise<PhysicalPlan> {
  const outcome = await planner.plan({ sql, datasets, nowMs: NOW_MS });
  if (!outcome.ok) throw new Error(`${outcome.error.code}: ${outcome.error.title}: ${outcome.error.detail}`);
  return outcome.plan;
}

const RUNS = [{ runChunks: 1 }, { runChunks: 3 }];
/** As split and as joined as the core may run it, then with everything that alternatives leave out left out. */
const SHUFFLED_RUNS = [
  { alternatives: 'never', splitBuckets: true, runBuckets: 5 },
  { alternatives: 'forced', runChunks: 2, runBuckets: 16 },
] as const;

async function expectEqual(sql: string, plan: PhysicalPlan, runs: readonly Partial<SimulationOptions>[] = RUNS): Promise<void> {
  const reference = await world.connection.runAndReadAll(sql);
  for (const options of runs) {
    const { rows } = await simulate(nativeEngine(world.connection), plan, { chunkRows: CHUNK_ROWS, ...options });
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

describe('the same over what is said to be a hundred thousand times more', () => {
  it.each(DISTRIBUTED)('%s', async (name, sql) => {
    const plan = await planOf(sql, inflated(world.datasets, 100_000));
    expect(plan.fallbacks).toEqual([]);
    if (name !== 'clocks') await expectEqual(sql, plan, SHUFFLED_RUNS);
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
