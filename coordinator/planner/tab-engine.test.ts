import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLOCKS } from './functions.ts';
import { quoteName } from './literals.ts';
import { Planner } from './planner.ts';
import { missingInTabs } from './tab-functions.ts';
import { bundledChild } from './testing/bundle-child.ts';
import { difference } from './testing/compare.ts';
import { DISTRIBUTED, FALLING_BACK } from './testing/queries.ts';
import { JOINS } from './testing/queries-joins.ts';
import { SHUFFLES } from './testing/queries-shuffles.ts';
import { type SimulationEngine, simulate } from './testing/simulate.ts';
import { CHUNK_ROWS, TABLES } from './testing/tables.ts';
import { wasmEngine } from './testing/wasm-engine.ts';
import { inflated, makeWorld, type World } from './testing/world.ts';

let world: World;
let planner: Planner;
let wasm: SimulationEngine;

beforeAll(async () => {
  [world, planner, wasm] = await Promise.all([
    makeWorld(TABLES),
    Planner.start({ childEntry: await bundledChild() }),
    wasmEngine(),
  ]);
  for (const t of TABLES) await wasm.run(`CREATE TABLE ${quoteName(t.name)} AS ${t.sql}`);
}, 60_000);

afterAll(() => planner?.close());

/** Text is the one form that both engines give alike; doubles are numbers again. */
function readable(rows: readonly (readonly unknown[])[], types: readonly string[]): unknown[][] {
  return rows.map((row) => row.map((v, i) => (types[i] === 'DOUBLE' && typeof v === 'string' ? Number(v) : v)));
}

const MANY = 100_000;

describe('fragments run in the tabs’ engine and give the same', () => {
  it.each([
    ...[...DISTRIBUTED, ...FALLING_BACK].map(([n, s]) => [n, s, 1] as const),
    ...[...JOINS.filter(([n]) => n.startsWith('big ')), ...SHUFFLES].map(([n, s]) => [n, s, MANY] as const),
  ])('%s', async (name, sql, factor) => {
    const datasets = factor === 1 ? world.datasets : inflated(world.datasets, factor);
    const outcome = await planner.plan({ sql, datasets, nowMs: Date.UTC(2024, 1, 2) });
    if (!outcome.ok) throw new Error(outcome.error.detail);
    const types = outcome.plan.columns.map((c) => c.type);
    const { rows } = await simulate(wasm, outcome.plan, { chunkRows: CHUNK_ROWS, runChunks: 2, runBuckets: 8, asText: true });
    if (name === 'clocks' || name === 'qualified names') return;
    const names = types.map((_, i) => `c${i}`).join(', ');
    const list = types.map((_, i) => `CAST(c${i} AS VARCHAR)`).join(', ');
    const native = await world.connection.runAndReadAll(`SELECT ${list} FROM (${sql}) t(${names})`);
    expect(difference(readable(rows, types), readable(native.getRowsJson(), types))).toBeUndefined();
  });
});

describe('functions that tabs lack', () => {
  const SQL = "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type IN ('scalar', 'aggregate', 'macro')";

  it('are the ones on the list, or clocks', async () => {
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const native = (await connection.runAndReadAll(SQL)).getRows().map((r) => String(r[0]));
    const inTabs = new Set((await wasm.rows(SQL)).map((r) => String(r[0])));
    const unlisted = native.filter((f) => !inTabs.has(f) && !missingInTabs(f) && !CLOCKS.has(f));
    expect(unlisted).toEqual([]);
  });

  it.each(['json_extract', 'to_json', 'timezone', 'icu_collate_de', 'JSON_VALID'])('%s', (name) => {
    expect(missingInTabs(name)).toBe(true);
  });

  it('are refused by name, whichever rung the query is on', async () => {
    for (const sql of [
      "SELECT json_extract(origin, '$.a') FROM flights",
      "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 3) SELECT json_extract(origin, '$.a') FROM flights, r",
    ]) {
      const outcome = await planner.plan({ sql, datasets: world.datasets, nowMs: 0 });
      expect(outcome).toMatchObject({
        ok: false,
        error: { code: 'sql-unsupported', title: 'json_extract() is not available in tabs' },
      });
    }
  });
});
