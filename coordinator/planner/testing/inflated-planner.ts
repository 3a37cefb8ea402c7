/** Plans over the tables of tests, said to be a hundred thousand times bigger than they are, and run natively. */
import { afterAll, beforeAll } from 'vitest';
import type { PhysicalPlan } from '../../../shared/plan/physical.ts';
import { Planner } from '../planner.ts';
import { bundledChild } from './bundle-child.ts';
import { type Simulation, type SimulationOptions, simulate } from './simulate.ts';
import { CHUNK_ROWS, TABLES } from './tables.ts';
import { inflated, makeWorld, nativeEngine, type World } from './world.ts';

export interface PlanOptions {
  readonly factor?: number;
  readonly distinct?: boolean;
  readonly slots?: number;
}

export interface InflatedPlanner {
  readonly world: () => World;
  readonly planOf: (sql: string, options?: PlanOptions) => Promise<PhysicalPlan>;
  readonly run: (plan: PhysicalPlan, options?: Partial<SimulationOptions>) => Promise<Simulation>;
  readonly native: (sql: string) => Promise<readonly (readonly unknown[])[]>;
}

/** Call it at the top of a test file: it starts and ends with the file's tests. */
export function inflatedPlanner(): InflatedPlanner {
  let world: World;
  let planner: Planner;
  beforeAll(async () => {
    world = await makeWorld(TABLES);
    planner = await Planner.start({ childEntry: await bundledChild() });
  });
  afterAll(() => planner?.close());
  return {
    world: () => world,
    async planOf(sql, { factor = 100_000, distinct = false, slots } = {}) {
      const datasets = inflated(world.datasets, factor, { distinct });
      const outcome = await planner.plan({ sql, datasets, nowMs: 0, ...(slots === undefined ? {} : { slots }) });
      if (!outcome.ok) throw new Error(outcome.error.detail);
      return outcome.plan;
    },
    run: (plan, options = {}) => simulate(nativeEngine(world.connection), plan, { chunkRows: CHUNK_ROWS, ...options }),
    native: async (sql) => (await world.connection.runAndReadAll(sql)).getRowsJson(),
  };
}
