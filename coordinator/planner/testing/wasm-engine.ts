/** The tabs' engine in Node, locked down as in a slot: fragments must run there, not only on native DuckDB. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { SimulationEngine } from './simulate.ts';

interface Row {
  toJSON(): { readonly [name: string]: unknown };
}

interface Connection {
  query(sql: string): { toArray(): readonly Row[] };
}

interface Blocking {
  createDuckDB(
    bundles: object,
    logger: object,
    runtime: object,
  ): Promise<{ instantiate(progress: () => void): Promise<void>; connect(): Connection }>;
  VoidLogger: new () => object;
  NODE_RUNTIME: object;
}

export async function wasmEngine(): Promise<SimulationEngine> {
  const require = createRequire(import.meta.url);
  const dist = dirname(require.resolve('@duckdb/duckdb-wasm'));
  const duckdb = require(join(dist, 'duckdb-node-blocking.cjs')) as Blocking;
  const bundles = { mvp: { mainModule: join(dist, 'duckdb-mvp.wasm') }, eh: { mainModule: join(dist, 'duckdb-eh.wasm') } };
  const database = await duckdb.createDuckDB(bundles, new duckdb.VoidLogger(), duckdb.NODE_RUNTIME);
  await database.instantiate(() => {});
  const connection = database.connect();
  const engine: SimulationEngine = {
    run: async (sql) => connection.query(sql),
    rows: async (sql) =>
      connection
        .query(sql)
        .toArray()
        .map((r) => Object.values(r.toJSON())),
  };
  for (const setting of ['autoload_known_extensions', 'autoinstall_known_extensions', 'enable_external_access'])
    await engine.run(`SET ${setting} = false`);
  await engine.run('SET lock_configuration = true');
  return engine;
}
