/**
 * Runs a physical plan on native DuckDB as isolated tasks: each sees only its own inputs, as tables in0..inN with wire types, made
 * as a slot makes them. Rows of a stage are appended in the order of its tasks.
 */
import type { Branch, PhysicalPlan, PlanColumn, PlanInput, ScanSource } from '../../../shared/plan/physical.ts';
import { quoteName } from '../literals.ts';

/** What a simulation needs of an engine, so that both the native one and the tabs' can play it. */
export interface SimulationEngine {
  run(sql: string): Promise<unknown>;
  rows(sql: string): Promise<readonly (readonly unknown[])[]>;
}

export interface Simulation {
  /** JSON rows, with result column types as DuckDB names them after the last stage. */
  readonly rows: readonly (readonly unknown[])[];
  readonly tasks: number;
}

export interface SimulationOptions {
  readonly chunkRows: number;
  /** Also runs every n-th task's chunks as runs of this many; 1 is one chunk a task. */
  readonly runChunks?: number;
  /** Result rows as text, for engines whose values differ in form. */
  readonly asText?: boolean;
}

/** The chunk runs of a branch's tasks; one task of everything where nothing is partitioned. */
function runsOf(input: PlanInput | undefined, runChunks: number, upstreamTasks: (stage: number) => number): number[][] {
  if (!input || input.read === 'all') return [[]];
  if (input.kind === 'stage') return Array.from({ length: upstreamTasks(input.stage) }, (_, i) => [i]);
  const runs: number[][] = [];
  for (let at = 0; at < input.source.chunks.length; at += runChunks) {
    const run = input.source.needed.filter((i) => i >= at && i < at + runChunks);
    if (run.length > 0) runs.push(run);
  }
  return runs;
}

class Simulator {
  private readonly connection: SimulationEngine;
  private readonly plan: PhysicalPlan;
  private readonly options: SimulationOptions;
  /** Per stage, the names of its tasks' output tables in order. */
  private readonly outputs: string[][] = [];
  tasks = 0;

  constructor(connection: SimulationEngine, plan: PhysicalPlan, options: SimulationOptions) {
    this.connection = connection;
    this.plan = plan;
    this.options = options;
  }

  private async columnNames(source: ScanSource): Promise<string[]> {
    return (await this.connection.rows(`DESCRIBE main.${quoteName(source.dataset)}`)).map((r) => String(r[0]));
  }

  private async scanSql(source: ScanSource, chunks: readonly number[]): Promise<string> {
    const names = await this.columnNames(source);
    const list = source.ordinals
      .map((o, i) => `CAST(${quoteName(names[o] ?? '')} AS ${source.columns[i]?.wire}) AS c${o}`)
      .join(', ');
    const { chunkRows } = this.options;
    const where = chunks.map((k) => `(rowid >= ${k * chunkRows} AND rowid < ${(k + 1) * chunkRows})`).join(' OR ') || 'false';
    return `SELECT ${list} FROM main.${quoteName(source.dataset)} WHERE ${where} ORDER BY rowid`;
  }

  private stageSql(columns: readonly PlanColumn[], tables: readonly string[]): string {
    if (tables.length === 0) return `SELECT ${columns.map((c, i) => `CAST(NULL AS ${c.wire}) AS c${i}`).join(', ')} WHERE false`;
    return tables.map((t) => `SELECT * FROM ${t}`).join(' UNION ALL ');
  }

  private async runTask(schema: string, branch: Branch, run: readonly number[], columns: readonly PlanColumn[]): Promise<string> {
    const c = this.connection;
    await c.run(`CREATE SCHEMA ${schema}`);
    for (const [i, input] of branch.inputs.entries()) {
      const chunks = input.read === 'partition' ? run : input.kind === 'scan' ? input.source.needed : [];
      const sql =
        input.kind === 'scan'
          ? await this.scanSql(input.source, chunks)
          : this.stageSql(
              input.columns,
              input.read === 'partition'
                ? run.map((k) => this.outputs[input.stage]?.[k] ?? '')
                : (this.outputs[input.stage] ?? []),
            );
      await c.run(`CREATE TABLE ${schema}.in${i} AS ${sql}`);
    }
    // Only the task's own tables: main's datasets have other names, and a fragment that reaches for one fails.
    await c.run(`SET schema = '${schema}'`);
    try {
      for (const step of branch.fragment.steps) await c.run(`CREATE TABLE ${schema}.out AS ${step.sql}`);
    } finally {
      await c.run("SET schema = 'main'");
    }
    await this.checkTypes(schema, columns);
    this.tasks += 1;
    return `${schema}.out`;
  }

  private async checkTypes(schema: string, columns: readonly PlanColumn[]): Promise<void> {
    const found = await this.connection.rows(`DESCRIBE ${schema}.out`);
    columns.forEach((c, i) => {
      const [name, type] = found[i] ?? [];
      if (name !== `c${i}` || String(type) !== c.wire)
        throw new Error(`column ${i} is ${String(name)} ${String(type)}, planned c${i} ${c.wire}`);
    });
    if (found.length !== columns.length) throw new Error(`${found.length} columns, planned ${columns.length}`);
  }

  async run(): Promise<readonly string[]> {
    for (const stage of this.plan.stages) {
      const tables: string[] = [];
      for (const [b, branch] of stage.branches.entries()) {
        const partitioned = branch.inputs.filter((i) => i.read === 'partition');
        if (partitioned.length > 1) throw new Error(`stage ${stage.index} has two partitioned inputs`);
        const runs = runsOf(partitioned[0], this.options.runChunks ?? 1, (s) => this.outputs[s]?.length ?? 0);
        for (const [t, run] of runs.entries())
          tables.push(await this.runTask(`w_${stage.index}_${b}_${t}`, branch, run, stage.output.columns));
      }
      this.outputs[stage.index] = tables;
    }
    return this.outputs.at(-1) ?? [];
  }

  async cleanUp(): Promise<void> {
    const found = await this.connection.rows(
      "SELECT schema_name FROM duckdb_schemas() WHERE schema_name LIKE 'w\\_%' ESCAPE '\\'",
    );
    for (const [name] of found) await this.connection.run(`DROP SCHEMA IF EXISTS ${String(name)} CASCADE`);
  }
}

export async function simulate(
  connection: SimulationEngine,
  plan: PhysicalPlan,
  options: SimulationOptions,
): Promise<Simulation> {
  const simulator = new Simulator(connection, plan, options);
  try {
    const tables = await simulator.run();
    if (tables.length === 0) return { rows: [], tasks: simulator.tasks };
    const own = (c: PlanColumn, i: number): string => (c.type === c.wire ? `c${i}` : `CAST(c${i} AS ${c.type})`);
    const back = plan.columns
      .map((c, i) => `${options.asText ? `CAST(${own(c, i)} AS VARCHAR)` : own(c, i)} AS c${i}`)
      .join(', ');
    const sql = tables.map((t) => `SELECT ${back} FROM ${t}`).join(' UNION ALL ');
    return { rows: await connection.rows(sql), tasks: simulator.tasks };
  } finally {
    await simulator.cleanUp();
  }
}
