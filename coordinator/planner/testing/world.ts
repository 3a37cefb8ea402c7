/** Small data in native DuckDB, and dataset records over it with true chunk statistics: what planner tests plan and run against. */
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { wireTypeOf } from '../../../shared/arrow/types.ts';
import type { BlockId, DatasetVersion, Digest } from '../../../shared/ids.ts';
import type { Bound } from '../../../shared/plan/statistics.ts';
import type { ChunkColumnRecord, ChunkRecord, DatasetRecord } from '../../catalog/types.ts';
import { quoteName } from '../literals.ts';
import type { SimulationEngine } from './simulate.ts';

export interface World {
  readonly connection: DuckDBConnection;
  readonly datasets: readonly DatasetRecord[];
}

/** The native engine as a simulation's; rows as JSON values. */
export function nativeEngine(connection: DuckDBConnection): SimulationEngine {
  return {
    run: (sql) => connection.run(sql),
    rows: async (sql) => (await connection.runAndReadAll(sql)).getRowsJson(),
  };
}

/** Tables in schema `main`; dataset chunks are runs of `chunkRows` row ids. */
export async function makeWorld(tables: readonly { name: string; sql: string; chunkRows: number }[]): Promise<World> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  const datasets: DatasetRecord[] = [];
  for (const t of tables) {
    await connection.run(`CREATE TABLE ${quoteName(t.name)} AS ${t.sql}`);
    datasets.push(await recordOf(connection, t.name, t.chunkRows));
  }
  return { connection, datasets };
}

/** The same data, said to be so much bigger; of how many different values, is told only where that is wanted. */
export function inflated(
  datasets: readonly DatasetRecord[],
  factor: number,
  keep: { readonly distinct?: boolean } = {},
): readonly DatasetRecord[] {
  return datasets.map((d) => ({
    ...d,
    columns: keep.distinct ? d.columns : d.columns.map(({ name, type, wire }) => ({ name, type, wire })),
    rows: d.rows * factor,
    bytes: d.bytes * factor,
    chunks: d.chunks.map((c) => ({
      rows: c.rows * factor,
      columns: c.columns.map((x) => ({ ...x, nulls: x.nulls * factor, bytes: x.bytes * factor })),
    })),
  }));
}

function boundSql(type: string, column: string): { kind: Bound['k']; sql: string } | undefined {
  if (/^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/.test(type)) return { kind: 'i', sql: `CAST(${column} AS VARCHAR)` };
  if (type === 'DATE') return { kind: 'i', sql: `CAST(${column} - DATE '1970-01-01' AS VARCHAR)` };
  if (type === 'TIMESTAMP') return { kind: 'i', sql: `CAST(epoch_us(${column}) AS VARCHAR)` };
  if (type === 'BOOLEAN') return { kind: 'i', sql: `CAST(CAST(${column} AS INTEGER) AS VARCHAR)` };
  if (type.startsWith('DECIMAL')) return { kind: 'i', sql: `replace(CAST(${column} AS VARCHAR), '.', '')` };
  if (type === 'FLOAT' || type === 'DOUBLE') return { kind: 'f', sql: `CAST(CAST(${column} AS DOUBLE) AS VARCHAR)` };
  return type === 'VARCHAR' ? { kind: 's', sql: column } : undefined;
}

async function recordOf(c: DuckDBConnection, name: string, chunkRows: number): Promise<DatasetRecord> {
  const described = (await c.runAndReadAll(`DESCRIBE ${quoteName(name)}`)).getRows();
  const columns = [];
  for (const r of described) {
    const counted = await c.runAndReadAll(`SELECT count(DISTINCT ${quoteName(String(r[0]))}) FROM ${quoteName(name)}`);
    const distinct = Number(counted.getRows()[0]?.[0]);
    columns.push({ name: String(r[0]), type: String(r[1]), wire: wireTypeOf(String(r[1])), distinct });
  }
  const rows = Number((await c.runAndReadAll(`SELECT count(*) FROM ${quoteName(name)}`)).getRows()[0]?.[0] ?? 0);
  const chunks: ChunkRecord[] = [];
  for (let at = 0; at < rows; at += chunkRows) {
    const count = Math.min(chunkRows, rows - at);
    const records: ChunkColumnRecord[] = [];
    for (const [i, col] of columns.entries()) records.push(await statisticsOf(c, name, col, at, count, `${name}-${at}-${i}`));
    chunks.push({ rows: count, columns: records });
  }
  const version = `version-${name}` as DatasetVersion;
  return {
    name,
    version,
    owner: 'test',
    format: 'parquet',
    columns,
    rows,
    bytes: rows * columns.length * 8,
    chunks,
    createdAtMs: 0,
  };
}

async function statisticsOf(
  c: DuckDBConnection,
  table: string,
  column: { name: string; type: string },
  at: number,
  count: number,
  id: string,
): Promise<ChunkColumnRecord> {
  const q = quoteName(column.name);
  const from = `FROM ${quoteName(table)} WHERE rowid >= ${at} AND rowid < ${at + count}`;
  const base = {
    blockId: id as BlockId,
    digest: id as Digest,
    bytes: count * (column.type === 'VARCHAR' ? 16 : 8),
    storedBytes: count,
  };
  const nulls = Number((await c.runAndReadAll(`SELECT count(*) - count(${q}) ${from}`)).getRows()[0]?.[0] ?? 0);
  const bound = boundSql(column.type, 'x');
  if (!bound) return { ...base, nulls };
  const nan = bound.kind === 'f' ? `bool_or(isnan(${q}))` : 'bool_or(false)';
  const sql = `SELECT (SELECT ${bound.sql} FROM (SELECT min(${q}) x ${from})), (SELECT ${bound.sql} FROM (SELECT max(${q}) x ${from})), (SELECT ${nan} ${from})`;
  const [low, high, odd] = (await c.runAndReadAll(sql)).getRows()[0] ?? [];
  if (odd === true || low === null || high === null || low === undefined || high === undefined) return { ...base, nulls };
  const make = (v: unknown): Bound => (bound.kind === 'f' ? { k: 'f', v: Number(v) } : { k: bound.kind, v: String(v) });
  return { ...base, nulls, min: make(low), max: make(high) };
}
