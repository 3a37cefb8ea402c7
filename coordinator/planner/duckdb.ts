/** The DuckDB instance that plans: a locked-down catalogue of tables without data (runs in the child process only). */
import {
  type DuckDBConnection,
  DuckDBInstance,
  type DuckDBPreparedStatement,
  DuckDBTableFunction,
  type DuckDBType,
  VARCHAR,
} from '@duckdb/node-api';
import type { ChildPlan, ChildRequest, ChildTable } from './child-protocol.ts';
import { CLOCK_WORDS } from './clocks.ts';
import { SCAN_FUNCTION } from './duckdb-operators.ts';
import { CLOCKS, REVIEWED_OPTIMIZERS } from './functions.ts';
import { quoteName, quoteText } from './literals.ts';
import { objectOf, parseLossless } from './lossless-json.ts';
import { type KnownNames, RefusedSql, refusal, sqlErrorOf } from './sql-errors.ts';
import { checkStatement } from './statement.ts';

interface Entry {
  readonly table: ChildTable;
  readonly types: readonly DuckDBType[];
}

/** DuckDB failed inside itself: the instance must not be used again. */
export class PoisonedEngine extends Error {
  override name = 'PoisonedEngine';
}

/** A query without one needs no clock. Words in texts and longer names do no harm. */
const CLOCK_WORD = new RegExp(CLOCK_WORDS.join('|'), 'i');

/**
 * One query of the usual form, which may be bound before it has been checked: binding reads the catalogue only, and the instance is
 * locked against files, extensions and settings. Whatever else it is, is checked first; so are long ones, of which three at work
 * would share the memory, and the failed one would wait for the others.
 */
const PLAIN_SELECT = /^\s*(SELECT|WITH|FROM|VALUES)\b[^;]*;?\s*$/i;
const PLAIN_CHARS = 20_000;

function settledValue<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === 'rejected') throw settled.reason;
  return settled.value;
}

export class PlanningDatabase {
  private readonly connection: DuckDBConnection;
  /** Describes results, and a third one parses, while the first one plans. */
  private readonly second: DuckDBConnection;
  private readonly third: DuckDBConnection;
  /** The statements of every query, prepared once. */
  private readonly statements = new Map<string, Promise<DuckDBPreparedStatement>>();
  /** By handle; the table function looks up here while it binds. */
  private readonly entries = new Map<string, Entry>();
  /** By lower-case name, as the views are. */
  private readonly names = new Map<string, ChildTable>();

  /** By lower-case name: why a dataset could not be defined. */
  private readonly broken = new Map<string, string>();

  private constructor(connection: DuckDBConnection, second: DuckDBConnection, third: DuckDBConnection) {
    this.connection = connection;
    this.second = second;
    this.third = third;
  }

  static async open(memoryLimitBytes: number): Promise<PlanningDatabase> {
    const instance = await DuckDBInstance.create(':memory:', {
      threads: '1',
      memory_limit: `${Math.floor(memoryLimitBytes / 1024)}KiB`,
    });
    const connection = await instance.connect();
    const database = new PlanningDatabase(connection, await instance.connect(), await instance.connect());
    database.registerScan();
    await database.lockDown();
    return database;
  }

  /** Binding calls back into JavaScript, so only the asynchronous calls of node-api may bind. */
  private registerScan(): void {
    this.connection.registerTableFunction(
      DuckDBTableFunction.create({
        name: SCAN_FUNCTION,
        parameterTypes: [VARCHAR],
        supportsProjectionPushdown: true,
        bindFunction: (bind) => {
          const entry = this.entries.get(String(bind.getParameter(0)));
          if (!entry) throw new Error('no such dataset');
          entry.table.columns.forEach((c, i) => {
            const type = entry.types[i];
            if (type) bind.addResultColumn(c.name, type);
          });
          if (entry.table.rows !== undefined) bind.setCardinality(entry.table.rows, false);
        },
        initFunction: () => {},
        mainFunction: (_info, output) => {
          output.rowCount = 0;
        },
      }),
    );
  }

  private async lockDown(): Promise<void> {
    const rows = await this.rows('SELECT name FROM duckdb_optimizers()');
    const off = rows.map((r) => String(r[0])).filter((name) => !REVIEWED_OPTIMIZERS.has(name));
    const settings = [
      `SET disabled_optimizers = ${quoteText(off.join(','))}`,
      "SET TimeZone = 'UTC'",
      'SET autoload_known_extensions = false',
      'SET autoinstall_known_extensions = false',
      'SET allow_community_extensions = false',
      "SET temp_directory = ''",
      'SET enable_external_access = false',
    ];
    for (const s of settings) await this.connection.run(s);
    for (const c of [this.connection, this.second]) await c.run('SET VARIABLE muster_now = CAST(0 AS BIGINT)');
    for (const [name, sql] of CLOCKS) await this.connection.run(`CREATE MACRO ${name}() AS ${sql}`);
    await this.connection.run('SET lock_configuration = true');
  }

  private async rows(sql: string, values: string[] = []): Promise<unknown[][]> {
    return (await this.connection.runAndReadAll(sql, values)).getRows() as unknown[][];
  }

  /** The one value, a text, of a statement with one parameter. */
  private async text(connection: DuckDBConnection, statement: string, parameter: string): Promise<string> {
    let prepared = this.statements.get(statement);
    if (!prepared) {
      prepared = connection.prepare(statement);
      this.statements.set(statement, prepared);
    }
    const ready = await prepared;
    ready.bindVarchar(1, parameter);
    // The result is here already: fetching it piece by piece would go through DuckDB's threads twice more.
    const result = await ready.run();
    return result.rowCount === 0 ? '' : String(result.getChunk(0).getColumnVector(0).getItem(0) ?? '');
  }

  private async define(table: ChildTable): Promise<void> {
    const list = table.columns.map((c) => `CAST(NULL AS ${c.type}) AS ${quoteName(c.name)}`).join(', ');
    const empty = await this.connection.run(`SELECT ${list} LIMIT 0`);
    const types = table.columns.map((_, i) => empty.columnType(i));
    const before = this.names.get(table.name.toLowerCase());
    if (before) this.entries.delete(before.handle);
    this.entries.set(table.handle, { table, types });
    await this.connection.run(
      `CREATE OR REPLACE VIEW ${quoteName(table.name)} AS FROM ${SCAN_FUNCTION}(${quoteText(table.handle)})`,
    );
    this.names.set(table.name.toLowerCase(), table);
  }

  /** One dataset that cannot be described must not keep the others from being queried: it is unknown, with the reason kept. */
  private async tryDefine(table: ChildTable): Promise<void> {
    this.broken.delete(table.name.toLowerCase());
    try {
      await this.define(table);
    } catch (thrown) {
      this.entries.delete(table.handle);
      this.broken.set(table.name.toLowerCase(), thrown instanceof Error ? (thrown.message.split('\n')[0] ?? '') : String(thrown));
    }
  }

  private async drop(name: string): Promise<void> {
    const known = this.names.get(name.toLowerCase());
    if (!known) return;
    this.names.delete(name.toLowerCase());
    this.entries.delete(known.handle);
    await this.connection.run(`DROP VIEW IF EXISTS ${quoteName(known.name)}`);
  }

  /** Throws RefusedSql for what the author got wrong. */
  async plan(request: ChildRequest): Promise<ChildPlan> {
    for (const name of request.drop) await this.drop(name);
    for (const table of request.create) await this.tryDefine(table);
    const { macros = [] } = request;
    const made: string[] = [];
    try {
      for (const { name, sql } of macros) {
        await this.refuseOwnName(name);
        await this.connection.run(sql);
        made.push(name);
      }
      return await this.planned(request);
    } finally {
      for (const name of made) await this.connection.run(`DROP MACRO ${quoteName(name)}`);
    }
  }

  /** A macro would hide the function. */
  private async refuseOwnName(name: string): Promise<void> {
    const known = await this.rows('SELECT 1 FROM duckdb_functions() WHERE function_name = lower($1) LIMIT 1', [name]);
    if (known.length === 0) return;
    throw refusal(`${name}() is a function of SQL already`, 'Call yours something else.');
  }

  private async planned(request: ChildRequest): Promise<ChildPlan> {
    const { sql } = request;
    if (CLOCK_WORD.test(sql)) {
      await this.connection.run(`SET VARIABLE muster_now = CAST('${BigInt(request.nowUs)}' AS BIGINT)`);
    }
    const parsing = this.parse(sql);
    if (sql.length > PLAIN_CHARS || !PLAIN_SELECT.test(sql)) this.checkSyntax(await parsing, sql);
    // All three on threads of their own. The result's names and types come from a second binding; only types depend on it, so the
    // clock there may stand still. Syntax errors are told first, then the plan's, which say more than those of the second binding.
    const [ast, plan, columns] = await Promise.allSettled([
      parsing,
      this.text(this.connection, 'SELECT json_serialize_plan($1::VARCHAR, optimize := true)', sql),
      this.resultColumns(sql),
    ]);
    this.checkSyntax(settledValue(ast), sql);
    const written = this.checkPlan(settledValue(plan), sql) ? settledValue(plan) : '';
    return { ast: settledValue(ast), plan: written, columns: settledValue(columns) };
  }

  private parse(sql: string): Promise<string> {
    return this.text(this.third, 'SELECT json_serialize_sql($1::VARCHAR)', sql);
  }

  /** Throws RefusedSql for what is no query, or one that reaches beyond datasets. */
  private checkSyntax(ast: string, sql: string): void {
    const tree = parseLossless(ast);
    const parsed = objectOf(tree, 'statement');
    if (parsed.error === true && parsed.error_type === 'parser') throw new RefusedSql(sqlErrorOf(parsed, sql, this.known()));
    checkStatement(tree, sql);
  }

  private known(): KnownNames {
    const tables = [...this.names.values()];
    return { tables: tables.map((t) => t.name), columns: tables.flatMap((t) => t.columns.map((c) => c.name)) };
  }

  /** False where DuckDB planned the query but cannot write the plan down. */
  private checkPlan(plan: string, sql: string): boolean {
    if (plan === '') return false;
    if (!plan.startsWith('{"error":true')) return true;
    const raw = objectOf(parseLossless(plan), 'plan');
    if (raw.error_type === 'not implemented' || raw.error_type === 'serialization' || raw.error_type === 'invalid input')
      return false;
    // Our optimizers without the others may leave a plan that DuckDB itself cannot resolve; the query is sound.
    if (raw.error_type === 'internal' && String(raw.error_message).startsWith('Failed to bind column reference')) return false;
    if (raw.error_type === 'internal' || raw.error_type === 'fatal') throw new PoisonedEngine(String(raw.error_message));
    const error = sqlErrorOf(raw, sql, this.known());
    const why = error.code === 'sql-unknown-table' ? this.broken.get(String(raw.name).toLowerCase()) : undefined;
    throw new RefusedSql(
      why === undefined ? error : { ...error, detail: `The planner cannot read the schema of "${String(raw.name)}": ${why}` },
    );
  }

  /** node-api quotes field names and sets spaces differently from DuckDB itself. */
  private async ownSpelling(type: string): Promise<string> {
    if (!/["(]/.test(type) || type.startsWith('DECIMAL')) return type;
    return String((await this.rows(`SELECT typeof(CAST(NULL AS ${type}))`))[0]?.[0] ?? type);
  }

  private async resultColumns(sql: string): Promise<{ name: string; type: string }[]> {
    const statements = await this.second.extractStatements(sql);
    const prepared = await statements.prepare(0);
    try {
      const columns: { name: string; type: string }[] = [];
      for (let i = 0; i < prepared.columnCount; i++) {
        columns.push({ name: prepared.columnName(i), type: await this.ownSpelling(String(prepared.columnType(i))) });
      }
      return columns;
    } finally {
      prepared.destroySync();
    }
  }
}
