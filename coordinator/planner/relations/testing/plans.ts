/** Plans of several relations over the tables of planner tests, with little writing. */
import { afterAll, beforeAll } from 'vitest';
import type { Digest } from '../../../../shared/ids.ts';
import type { AuthorPlan, AuthorRelation } from '../../../../shared/plan/author-plan.ts';
import type { ModuleRecord } from '../../../modules/module-record.ts';
import { Planner, type PlanOutcome } from '../../planner.ts';
import { bundledChild } from '../../testing/bundle-child.ts';
import { TABLES } from '../../testing/tables.ts';
import { makeWorld, type World } from '../../testing/world.ts';

const recordOf = (
  digit: string,
  abi: ModuleRecord['abi'],
  functions: string[],
  more: Partial<ModuleRecord> = {},
): ModuleRecord => ({
  digest: digit.repeat(64) as Digest,
  owner: 'ada',
  abi,
  functions,
  bytes: 100,
  createdAtMs: 0,
  ...more,
});
export const BATCH = recordOf('a', 'batch', ['sum', 'twice'], { language: 'assemblyscript' });
export const STREAM = recordOf('b', 'stream', [], { name: 'wc' });

export type Relations = { readonly [name: string]: AuthorRelation };

function planOf(relations: Relations, options: Partial<AuthorPlan> = {}): AuthorPlan {
  const list = Object.entries(relations).map(([name, relation]) => ({ name, relation }));
  return { relations: list, result: list.at(-1)?.name ?? '', ...options };
}

export interface Room {
  readonly world: World;
  plan(relations: Relations, options?: Partial<AuthorPlan>, datasets?: World['datasets']): Promise<PlanOutcome>;
}

/** A planner for the tests of a file; to be used in tests only. */
export function planningRoom(): Room {
  let world: World | undefined;
  let planner: Planner | undefined;
  const open = <T>(one: T | undefined): T => {
    if (one === undefined) throw new Error('not open yet');
    return one;
  };
  beforeAll(async () => {
    world = await makeWorld(TABLES);
    planner = await Planner.start({ childEntry: await bundledChild() });
  });
  afterAll(() => planner?.close());
  return {
    get world() {
      return open(world);
    },
    plan(relations, options, datasets = open(world).datasets) {
      const modules = [BATCH, STREAM];
      const nowMs = Date.UTC(2024, 0, 1);
      return open(planner).plan({ sql: '', relations: planOf(relations, options), modules, datasets, nowMs });
    },
  };
}

export const sql = (text: string): AuthorRelation => ({ kind: 'sql', sql: text });
export const script = (name: string) => ({
  kind: 'script' as const,
  source: `export const ${name} = (row) => row;`,
  function: name,
});
export const batch = (name: string) => ({ kind: 'batch' as const, module: BATCH.digest, function: name });
export const N = [{ name: 'n', type: 'bigint' }];
export const map = (input: string, more: object = {}): AuthorRelation => ({
  kind: 'guest',
  operation: 'map',
  input,
  code: script('f'),
  schema: N,
  ...more,
});
