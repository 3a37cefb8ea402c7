/**
 * Runs a physical plan on native DuckDB as isolated tasks: each sees only its own inputs, as tables in0..inN with wire types, made
 * as a slot makes them. Rows of a stage are appended in the order of its tasks. Buckets are split by the engine's own hash: any hash
 * will do that gives equal values of one type equal buckets. Stages run when one that is wanted reads them, so what an alternative
 * leaves out is not run.
 */

import { stepsOf } from '../../../shared/plan/partition-step.ts';
import type {
  Branch,
  PhysicalPlan,
  PlanColumn,
  PlanInput,
  ScanSource,
  Stage,
  UnsortedRows,
} from '../../../shared/plan/physical.ts';
import { quoteName } from '../literals.ts';
import { checkStage } from './check-plan.ts';
import { bucketTasks, type ReadBuckets } from './simulated-buckets.ts';

/** What a simulation needs of an engine, so that both the native one and the tabs' can play it. */
export interface SimulationEngine {
  run(sql: string): Promise<unknown>;
  rows(sql: string): Promise<readonly (readonly unknown[])[]>;
}

export interface Simulation {
  /** JSON rows, with result column types as DuckDB names them after the last stage. */
  readonly rows: readonly (readonly unknown[])[];
  readonly tasks: number;
  /** Of each task of the last stage, how many rows it made. */
  readonly parts: readonly number[];
  /** Indices of the stages that ran, ascending. */
  readonly stages: readonly number[];
  /** Titles of the alternatives that were taken. */
  readonly taken: readonly string[];
}

export interface SimulationOptions {
  /** Of all datasets, or of each by name. */
  readonly chunkRows: number | ReadonlyMap<string, number>;
  /** Also runs every n-th task's chunks as runs of this many; 1 is one chunk a task. */
  readonly runChunks?: number;
  /** Neighbouring buckets that one task reads. */
  readonly runBuckets?: number;
  /** Splits the first bucket of each branch that allows it along the upstream tasks. */
  readonly splitBuckets?: boolean;
  /** `forced` takes those for small sides whatever the sizes; those for empty ones only where it is true. */
  readonly alternatives?: 'bySize' | 'forced' | 'never';
  /** Result rows as text, for engines whose values differ in form. */
  readonly asText?: boolean;
}

/** What a task reads of one input. */
type Reading =
  | { readonly kind: 'chunks'; readonly chunks: readonly number[] }
  | { readonly kind: 'tables'; readonly tables: readonly string[] }
  | { readonly kind: 'buckets'; readonly read: ReadBuckets };

interface Place {
  /** Schema of the task's tables. */
  readonly name: string;
  /** Number of the task in its stage. */
  readonly partition: number;
}

class Simulator {
  private readonly connection: SimulationEngine;
  private readonly plan: PhysicalPlan;
  private readonly options: SimulationOptions;
  /** Per stage, the names of its tasks' output tables in order. */
  private readonly outputs = new Map<number, readonly string[]>();
  readonly taken: string[] = [];
  tasks = 0;

  constructor(connection: SimulationEngine, plan: PhysicalPlan, options: SimulationOptions) {
    this.connection = connection;
    this.plan = plan;
    this.options = options;
  }

  get stages(): readonly number[] {
    return [...this.outputs.keys()].sort((a, b) => a - b);
  }

  private stageAt(index: number): Stage {
    const stage = this.plan.stages[index];
    if (!stage) throw new Error(`there is no stage ${index}`);
    return stage;
  }

  private async columnNames(source: ScanSource): Promise<string[]> {
    return (await this.connection.rows(`DESCRIBE main.${quoteName(source.dataset)}`)).map((r) => String(r[0]));
  }

  private async scanSql(source: ScanSource, chunks: readonly number[]): Promise<string> {
    const names = await this.columnNames(source);
    const list = source.ordinals
      .map((o, i) => `CAST(${quoteName(names[o] ?? '')} AS ${source.columns[i]?.wire}) AS c${o}`)
      .join(', ');
    const { chunkRows: given } = this.options;
    const chunkRows = typeof given === 'number' ? given : (given.get(source.dataset) ?? 1);
    const where = chunks.map((k) => `(rowid >= ${k * chunkRows} AND rowid < ${(k + 1) * chunkRows})`).join(' OR ') || 'false';
    return `SELECT ${list} FROM main.${quoteName(source.dataset)} WHERE ${where} ORDER BY rowid`;
  }

  private stageSql(columns: readonly PlanColumn[], stage: number, reading: Reading): string {
    const list = columns.map((_, i) => `c${i}`).join(', ');
    const none = `SELECT ${columns.map((c, i) => `CAST(NULL AS ${c.wire}) AS c${i}`).join(', ')} WHERE false`;
    if (reading.kind === 'tables') return reading.tables.map((t) => `SELECT ${list} FROM ${t}`).join(' UNION ALL ') || none;
    if (reading.kind !== 'buckets') throw new Error('a stage is not read by chunks');
    const by = this.stageAt(stage).output.partitioning;
    const bucket =
      by.kind === 'hash'
        ? `hash(${by.keys.map((k) => `c${k}`).join(', ')}) % ${by.count}`
        : `CAST(c${columns.length} AS UBIGINT)`;
    const { buckets, tables } = reading.read;
    return (
      buckets.flatMap((b) => tables.map((t) => `SELECT ${list} FROM ${t} WHERE ${bucket} = ${b}`)).join(' UNION ALL ') || none
    );
  }

  private async runTask(stage: Stage, branch: Branch, at: Place, readings: readonly Reading[]): Promise<string> {
    const { name } = at;
    const c = this.connection;
    await c.run(`CREATE SCHEMA ${name}`);
    for (const [i, input] of branch.inputs.entries()) {
      const reading = readings[i];
      if (!reading) throw new Error(`input ${i} is not read`);
      if (input.kind === 'module') throw new Error('native DuckDB runs no guests');
      const sql =
        input.kind === 'scan'
          ? await this.scanSql(input.source, reading.kind === 'chunks' ? reading.chunks : [])
          : this.stageSql(input.columns, input.stage, reading);
      await c.run(`CREATE TABLE ${name}.in${i} AS ${sql}`);
    }
    // Only the task's own tables: main's datasets have other names, and a fragment that reaches for one fails.
    await c.run(`SET schema = '${name}'`);
    try {
      const steps = stepsOf(branch.fragment, at.partition);
      for (const [i, step] of steps.entries()) {
        if (step.kind !== 'sql') throw new Error('native DuckDB runs no guests');
        const isLast = i === steps.length - 1;
        // Every other task makes its rows as a slot does that sorts them itself.
        const sql = step.unsorted && at.partition % 2 === 0 ? sortedSql(step.unsorted, stage.output.columns.length) : step.sql;
        await c.run(isLast ? `CREATE TABLE ${name}.out AS ${wholeSample(sql)}` : sql.replace(' TEMP ', ' '));
      }
    } finally {
      await c.run("SET schema = 'main'");
    }
    await this.checkOutput(name, stage);
    this.tasks += 1;
    return `${name}.out`;
  }

  private async checkOutput(name: string, stage: Stage): Promise<void> {
    const found = await this.connection.rows(`DESCRIBE ${name}.out`);
    const { columns, partitioning: by } = stage.output;
    const wires = [...columns.map((c) => c.wire), ...(by.kind === 'range' ? ['INTEGER'] : [])];
    wires.forEach((wire, i) => {
      const [column, type] = found[i] ?? [];
      if (column !== `c${i}` || String(type) !== wire)
        throw new Error(`column ${i} is ${String(column)} ${String(type)}, planned c${i} ${wire}`);
    });
    if (found.length !== wires.length) throw new Error(`${found.length} columns, planned ${wires.length}`);
    if (by.kind !== 'range') return;
    const at = `c${columns.length}`;
    const wrong = await this.connection.rows(
      `SELECT count(*) FROM ${name}.out WHERE ${at} IS NULL OR ${at} < 0 OR ${at} >= ${by.count}`,
    );
    if (Number(wrong[0]?.[0]) > 0) throw new Error(`rows outside the ${by.count} buckets`);
  }

  private async rowsOf(stage: number): Promise<number> {
    let rows = 0;
    for (const t of await this.outputOf(stage)) rows += await this.rowsIn(t);
    return rows;
  }

  async rowsIn(table: string): Promise<number> {
    return Number((await this.connection.rows(`SELECT CAST(count(*) AS INTEGER) FROM ${table}`))[0]?.[0]);
  }

  private async branchesOf(stage: Stage): Promise<readonly Branch[]> {
    const { alternatives: mode = 'bySize' } = this.options;
    if (mode === 'never') return stage.branches;
    for (const { when, title, branches } of stage.alternatives ?? []) {
      const rows = await this.rowsOf(when.stage);
      const bytes = rows * 16 * this.stageAt(when.stage).output.columns.length;
      const isSmall = when.bytesMax === undefined || mode === 'forced' || bytes <= when.bytesMax;
      if ((when.rowsMax !== undefined && rows > when.rowsMax) || !isSmall) continue;
      this.taken.push(title);
      return branches;
    }
    return stage.branches;
  }

  /** What each task of a branch reads, input by input. */
  private async tasksOf(branch: Branch): Promise<readonly (readonly Reading[])[]> {
    const tables = new Map<number, readonly string[]>();
    for (const input of branch.inputs) if (input.kind === 'stage') tables.set(input.stage, await this.outputOf(input.stage));
    const whole = (input: PlanInput): Reading =>
      input.kind === 'scan'
        ? { kind: 'chunks', chunks: input.source.needed }
        : { kind: 'tables', tables: input.kind === 'stage' ? (tables.get(input.stage) ?? []) : [] };
    const partitioned = branch.inputs.flatMap((i) => (i.kind !== 'module' && i.read === 'partition' ? [i] : []));
    const [first] = partitioned;
    if (!first) return [branch.inputs.map(whole)];
    const spread = (own: Reading): Reading[] => branch.inputs.map((i) => (i === first ? own : whole(i)));
    if (first.kind === 'scan')
      return chunkRuns(first.source, this.options.runChunks ?? 1).map((chunks) => spread({ kind: 'chunks', chunks }));
    if (first.exchange === 'forward') {
      return neighbours(tables.get(first.stage) ?? [], first.tasks).map((own) => spread({ kind: 'tables', tables: own }));
    }
    const by = this.stageAt(first.stage).output.partitioning;
    const cut = bucketTasks(branch, by.kind === 'single' ? 1 : by.count, (stage) => tables.get(stage) ?? [], this.options);
    return cut.map((reads) =>
      branch.inputs.map((input, i): Reading => {
        const own = reads[i];
        return own ? { kind: 'buckets', read: own } : whole(input);
      }),
    );
  }

  /** Runs a stage and all that it needs, once. */
  async outputOf(index: number): Promise<readonly string[]> {
    const known = this.outputs.get(index);
    if (known) return known;
    const stage = this.stageAt(index);
    checkStage(this.plan, stage);
    const branches = await this.branchesOf(stage);
    const made: string[] = [];
    for (const [b, branch] of branches.entries()) {
      for (const [t, readings] of (await this.tasksOf(branch)).entries())
        made.push(await this.runTask(stage, branch, { name: `w_${index}_${b}_${t}`, partition: made.length }, readings));
    }
    this.outputs.set(index, made);
    return made;
  }

  async cleanUp(): Promise<void> {
    const found = await this.connection.rows(
      "SELECT schema_name FROM duckdb_schemas() WHERE schema_name LIKE 'w\\_%' ESCAPE '\\'",
    );
    for (const [name] of found) await this.connection.run(`DROP SCHEMA IF EXISTS ${String(name)} CASCADE`);
  }
}

/** The tables are so small that only all of their sort keys make a sample. */
function wholeSample(sql: string): string {
  return sql.includes('create_sort_key')
    ? sql.replace(/USING SAMPLE [\d.]+% \(bernoulli, 1\)/, 'USING SAMPLE 100% (bernoulli, 1)')
    : sql;
}

function sortedSql({ sql, extra, keys }: UnsortedRows, width: number): string {
  const order = keys.map((k) => `o.c${k.column} ${k.descending ? 'DESC' : 'ASC'} NULLS ${k.nullsFirst ? 'FIRST' : 'LAST'}`);
  const behind = extra.length > 0 ? ` EXCLUDE (${extra.map((_, i) => `c${width + i}`).join(', ')})` : '';
  return `SELECT *${behind} FROM (${sql}) o ORDER BY ${order.join(', ')}`;
}

/** One task a table, or a run of them for each of at most so many tasks. */
function neighbours(tables: readonly string[], most = tables.length): readonly (readonly string[])[] {
  const count = Math.min(most, tables.length);
  const edge = (i: number): number => Math.floor((i * tables.length) / count);
  return Array.from({ length: count }, (_, i) => tables.slice(edge(i), edge(i + 1)));
}

/** Aligned runs of the needed chunks; without any, one task still says what comes of nothing. */
function chunkRuns(source: ScanSource, runChunks: number): readonly (readonly number[])[] {
  const runs: number[][] = [];
  for (let at = 0; at < source.chunks.length; at += runChunks) {
    const run = source.needed.filter((i) => i >= at && i < at + runChunks);
    if (run.length > 0) runs.push(run);
  }
  return runs;
}

export async function simulate(
  connection: SimulationEngine,
  plan: PhysicalPlan,
  options: SimulationOptions,
): Promise<Simulation> {
  const simulator = new Simulator(connection, plan, options);
  try {
    const tables = await simulator.outputOf(plan.stages.length - 1);
    const { tasks, stages, taken } = simulator;
    const parts: number[] = [];
    for (const t of tables) parts.push(await simulator.rowsIn(t));
    if (tables.length === 0) return { rows: [], tasks, parts, stages, taken };
    const own = (c: PlanColumn, i: number): string => (c.type === c.wire ? `c${i}` : `CAST(c${i} AS ${c.type})`);
    const back = plan.columns
      .map((c, i) => `${options.asText ? `CAST(${own(c, i)} AS VARCHAR)` : own(c, i)} AS c${i}`)
      .join(', ');
    const sql = tables.map((t) => `SELECT ${back} FROM ${t}`).join(' UNION ALL ');
    return { rows: await connection.rows(sql), tasks, parts, stages, taken };
  } finally {
    await simulator.cleanUp();
  }
}
