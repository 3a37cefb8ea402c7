/** Rows with named columns, made lazily on the grid. */
import type { CacheLevel } from '../../shared/plan/physical.ts';
import type { NoBroadcasts } from '../functions/context.ts';
import { ModuleCode } from '../functions/modules.ts';
import { coalesced, indexed, repartitioned, sampled } from '../plan/placed.ts';
import { dataset, keptNode, type Source, sqlNode } from '../plan/relation-node.ts';
import type { Columns, RowOf } from '../plan/schema.ts';
import type { Rdd } from '../rdd/rdd.ts';
import type { AnyRow, Value } from '../run/cell-values.ts';
import { releaseKept } from '../run/kept-relations.ts';
import { type ActionOptions, saveRows } from '../run/run-plan.ts';
import { identifierSql } from '../sql/literals.ts';
import { type Expression, textOf } from '../sql/sql-tag.ts';
import { FrameActions, limitSql, rowCount } from './frame-actions.ts';
import { type Expressions, GroupedData, selected, textsOf } from './grouped-data.ts';
import {
  type BothOptions,
  type CogroupFunction,
  cogroupStep,
  type GivenOptions,
  type GuestOperation,
  guestStep,
  type ModuleOptions,
  type RowContext,
  type RowOptions,
  type StepOptions,
} from './guest-step.ts';
import { type JoinType, joinNode } from './join.ts';

/**
 * Lazy and immutable: each method gives a new frame, and nothing runs until an action asks. `Row` is what the author says of its rows.
 */
export class DataFrame<Row extends object = AnyRow> extends FrameActions<Row> {
  /** The same rows under another type; nothing is checked. */
  as<Other extends object>(): DataFrame<Other> {
    return new DataFrame(this.session, this.source);
  }

  /** Columns by name, or SQL by the name of the column that it makes: select('origin'), select({ late: 'delay > 15' }). */
  select<Name extends keyof Row & string>(...names: readonly Name[]): DataFrame<Pick<Row, Name>>;
  select<Columns extends Expressions>(columns: Columns): DataFrame<{ readonly [Name in keyof Columns]: Value }>;
  select(...columns: readonly (string | Expressions)[]): DataFrame<never> {
    const list = columns.flatMap((one) => (typeof one === 'string' ? [identifierSql(one)] : selected(one)));
    const texts = columns.flatMap((one) => (typeof one === 'string' ? [] : textsOf(one)));
    if (list.length === 0) throw new TypeError('select needs at least one column.');
    return this.#sql('select', (input) => `SELECT ${list.join(', ')} FROM ${input}`, texts);
  }

  /** Rows for which the SQL is true. */
  where(condition: Expression): DataFrame<Row> {
    const text = textOf(condition);
    return this.#sql('where', (input) => `SELECT * FROM ${input} WHERE ${text}`, [text]);
  }

  /** Rows for which the SQL, or the function, is true. */
  filter<Params = undefined, Broadcasts extends object = NoBroadcasts>(
    condition: Expression | ModuleCode | ((row: Row, ctx: RowContext<Params, Broadcasts>) => unknown),
    options?: StepOptions<Params, Broadcasts>,
  ): DataFrame<Row> {
    if (typeof condition !== 'function' && !(condition instanceof ModuleCode)) return this.where(condition);
    return this.#guest('filter', condition, options);
  }

  /** With one more column, or another in place of one of that name; it comes last. */
  withColumn<Name extends string, Type = Value>(
    name: Name,
    expression: Expression,
  ): DataFrame<Omit<Row, Name> & { readonly [Column in Name]: Type }> {
    const text = textOf(expression);
    const own = `lower('${name.replaceAll("'", "''")}')`;
    const sql = `COLUMNS(lambda c: lower(c) <> ${own}), ${text} AS ${identifierSql(name)}`;
    return this.#sql('withColumn', (input) => `SELECT ${sql} FROM ${input}`, [text]);
  }

  /** Without these columns. */
  drop<Name extends keyof Row & string>(...names: readonly Name[]): DataFrame<Omit<Row, Name>> {
    const list = names.map(identifierSql).join(', ');
    return this.#sql('drop', (input) => `SELECT * EXCLUDE (${list}) FROM ${input}`);
  }

  /** Columns under other names: rename({ iata: 'origin' }). */
  rename<Names extends { readonly [Old in keyof Row]?: string }>(
    names: Names,
  ): DataFrame<{ readonly [Old in keyof Row as Names[Old] extends string ? Names[Old] : Old]: Row[Old] }> {
    const pairs = Object.entries(names as Readonly<Record<string, string>>);
    const list = pairs.map(([old, name]) => `${identifierSql(old)} AS ${identifierSql(name)}`).join(', ');
    return this.#sql('rename', (input) => `SELECT * RENAME (${list}) FROM ${input}`);
  }

  /** Groups by columns, or by SQL under names: groupBy('origin'), groupBy({ hour: 'hour(time)' }). Without keys all rows are one group. */
  groupBy<Name extends keyof Row & string>(...names: readonly Name[]): GroupedData<Pick<Row, Name>, Row>;
  groupBy<Columns extends Expressions>(columns: Columns): GroupedData<{ readonly [Name in keyof Columns]: Value }, Row>;
  groupBy(...keys: readonly (string | Expressions)[]): GroupedData<never, never> {
    const named = keys.map((key): Expressions => (typeof key === 'string' ? { [key]: identifierSql(key) } : key));
    return new GroupedData(this, Object.assign({}, ...named));
  }

  /** One row of SQL aggregates over all rows. */
  agg<Columns extends Expressions>(columns: Columns): DataFrame<{ readonly [Name in keyof Columns]: Value }> {
    return this.groupBy().agg(columns);
  }

  /** In the order of SQL terms: orderBy('n DESC', 'word'). The order holds for what reads it next: collect, take, limit, an index. */
  orderBy(...terms: readonly Expression[]): DataFrame<Row> {
    if (terms.length === 0) throw new TypeError('orderBy needs at least one term.');
    const texts = terms.map(textOf);
    return this.#sql('orderBy', (input) => `SELECT * FROM ${input} ORDER BY ${texts.join(', ')}`, texts);
  }

  /** The first so many rows: of an orderBy just before in its order, else any. Throws TypeError for what is no whole number. */
  limit(rows: number): DataFrame<Row> {
    return new DataFrame(this.session, this.firstRows(rowCount(rows, 'limit')));
  }

  /**
   * Rows of both that belong together. `on`: names of columns that both have, or SQL over `l` and `r`, e.g. 'l.origin = r.iata'; then the
   * columns of both must have different names. `semi` and `anti` keep columns and rows of this frame only.
   */
  join<Other extends object>(
    other: DataFrame<Other>,
    on: readonly (keyof Row & keyof Other & string)[] | Expression,
    how: 'semi' | 'anti',
  ): DataFrame<Row>;
  join<Other extends object>(
    other: DataFrame<Other>,
    on: readonly (keyof Row & keyof Other & string)[] | Expression,
    how?: JoinType,
  ): DataFrame<Row & Other>;
  join(other: DataFrame<object>, on: readonly string[] | Expression, how: JoinType = 'inner'): DataFrame<never> {
    return new DataFrame(this.session, joinNode(this.source, this.#ofHere(other, 'join').source, on, how));
  }

  /** Each row with each of the other's. */
  crossJoin<Other extends object>(other: DataFrame<Other>): DataFrame<Row & Other> {
    return new DataFrame(this.session, joinNode(this.source, this.#ofHere(other, 'crossJoin').source, [], 'cross'));
  }

  /** Rows of both, equal ones too; columns meet by name. */
  union(other: DataFrame<Row>): DataFrame<Row> {
    const inputs = [this.source, this.#ofHere(other, 'union').source];
    const write = ([a, b]: readonly string[]) => `SELECT * FROM ${a} UNION ALL BY NAME SELECT * FROM ${b}`;
    return new DataFrame(this.session, sqlNode('union', inputs, write));
  }

  /** Each row once. */
  distinct(): DataFrame<Row> {
    return this.#sql('distinct', (input) => `SELECT DISTINCT * FROM ${input}`);
  }

  /** A row for each row. JavaScript runs in QuickJS in the tab: its source is sent, so it sees its arguments only. */
  map<Out extends object, Params = undefined, Broadcasts extends object = NoBroadcasts>(
    fn: (row: Row, ctx: RowContext<Params, Broadcasts>) => Out,
    options: RowOptions<Out, Params, Broadcasts>,
  ): DataFrame<Out>;
  /** The same by a module: the schema says what its rows are. */
  map<const Given extends Columns>(code: ModuleCode, options: ModuleOptions<Given>): DataFrame<RowOf<Given>>;
  map(fn: unknown, options: GivenOptions): DataFrame<never> {
    return this.#guest('map', fn, options);
  }

  /** Any number of rows for each row: the function returns an array, or is a generator. */
  flatMap<Out extends object, Params = undefined, Broadcasts extends object = NoBroadcasts>(
    fn: (row: Row, ctx: RowContext<Params, Broadcasts>) => Iterable<Out>,
    options: RowOptions<Out, Params, Broadcasts>,
  ): DataFrame<Out>;
  /** The same by a module: the schema says what its rows are. */
  flatMap<const Given extends Columns>(code: ModuleCode, options: ModuleOptions<Given>): DataFrame<RowOf<Given>>;
  flatMap(fn: unknown, options: GivenOptions): DataFrame<never> {
    return this.#guest('flatMap', fn, options);
  }

  /** Rows for a partition's rows, which the function pulls one by one. A partition is what one task reads. */
  mapPartitions<Out extends object, Params = undefined, Broadcasts extends object = NoBroadcasts>(
    fn: (rows: Iterable<Row>, ctx: RowContext<Params, Broadcasts>) => Iterable<Out>,
    options: RowOptions<Out, Params, Broadcasts>,
  ): DataFrame<Out>;
  /** The same by a module: the schema says what its rows are. */
  mapPartitions<const Given extends Columns>(code: ModuleCode, options: ModuleOptions<Given>): DataFrame<RowOf<Given>>;
  mapPartitions(fn: unknown, options: GivenOptions): DataFrame<never> {
    return this.#guest('mapPartitions', fn, options);
  }

  /**
   * The function is called once for each key that either frame has: with the key's columns, this frame's rows and the other's, which may be
   * none; its rows are the result. Keys have the same names in both frames; the rows of a task must fit in its memory.
   */
  cogroup<
    Other extends object,
    Key extends keyof Row & keyof Other & string,
    Out extends object,
    Params = undefined,
    Broadcasts extends object = NoBroadcasts,
  >(
    other: DataFrame<Other>,
    keys: readonly Key[],
    fn: CogroupFunction<Row, Other, Key, Out, Params, Broadcasts>,
    options: BothOptions<Out, Params, Broadcasts>,
  ): DataFrame<Out>;
  /** The same by a module, which sees this frame's rows of a task, and the other's as its side 0, both in the order of the keys. */
  cogroup<Other extends object, const Given extends Columns>(
    other: DataFrame<Other>,
    keys: readonly (keyof Row & keyof Other & string)[],
    code: ModuleCode,
    options: { readonly schema: Given },
  ): DataFrame<RowOf<Given>>;
  cogroup(other: DataFrame<object>, keys: readonly string[], fn: unknown, options: GivenOptions): DataFrame<never> {
    return this.session.frame(cogroupStep([this.source, this.#ofHere(other, 'cogroup').source], keys, fn, options));
  }

  /** The same rows in just so many partitions, each a task of what follows; with keys, rows with equal keys meet. */
  repartition(partitions: number, ...keys: readonly (keyof Row & string)[]): DataFrame<Row> {
    return this.session.frame(repartitioned(this.source, partitions, keys));
  }

  /** At most so many partitions: neighbours are read together. */
  coalesce(partitions: number): DataFrame<Row> {
    return this.session.frame(coalesced(this.source, partitions));
  }

  /** With each row's place among all, from 0 on, as a BIGINT: in the order of partitions, or of an orderBy just before. */
  zipWithIndex<Name extends string = 'index'>(column?: Name): DataFrame<Row & { readonly [Column in Name]: bigint }> {
    return this.session.frame(indexed(this.source, column ?? 'index'));
  }

  /** Each row with the probability `fraction`, by itself. The same rows for the same seed and partitions. */
  sample(fraction: number, seed = 0): DataFrame<Row> {
    return this.session.frame(sampled(this.source, fraction, seed));
  }

  /** persist('memory'). */
  cache(): DataFrame<Row> {
    return this.persist('memory');
  }

  /** This step's blocks are kept for later jobs that read the frame which this gives, once a job has made them; docs/client.md has the levels. */
  persist(level: CacheLevel = 'tabs'): DataFrame<Row> {
    return this.session.frame(keptNode(this.source, level));
  }

  /** persist('coordinator'): also on the coordinator's disk, so that closed tabs lose nothing. */
  checkpoint(): DataFrame<Row> {
    return this.persist('coordinator');
  }

  /**
   * Lets go what is kept of this step, by this connection or another one of yours: the same step over the same data. True when something
   * was; false when nothing is kept of it. The frame can be read on: its blocks are made again then.
   */
  unpersist(): Promise<boolean> {
    return releaseKept(this.session.http, this.source);
  }

  /**
   * Runs the job, keeps its rows as a dataset, and gives the dataset's frame. Rejects with ProblemError `dataset-exists` when the name is
   * in use with other content.
   */
  async saveAsDataset(name: string, options?: ActionOptions): Promise<DataFrame<Row>> {
    return this.session.frame(dataset((await saveRows(this.session, this.source, name, options)).name));
  }

  /** Its rows as elements. */
  rdd(): Rdd<Row> {
    return this.session.rdd({ session: this.session, source: this.source, form: 'rows', steps: [] });
  }

  firstRows(n: number): Source {
    return sqlNode('limit', [this.source], limitSql(n));
  }

  #sql(step: string, write: (input: string) => string, texts: readonly string[] = []): DataFrame<never> {
    return new DataFrame(
      this.session,
      sqlNode(step, [this.source], ([input = '']) => write(input), texts),
    );
  }

  #ofHere<Frame extends DataFrame<object>>(other: Frame, step: string): Frame {
    if (other.session === this.session) return other;
    throw new TypeError(`${step} needs a DataFrame of the same connection.`);
  }

  #guest(operation: GuestOperation, fn: unknown, options: GivenOptions | undefined): DataFrame<never> {
    const sides = options?.sides?.map((side) => this.#ofHere(side, operation).source) ?? [];
    return new DataFrame(this.session, guestStep(operation, [this.source, ...sides], fn, options));
  }
}
