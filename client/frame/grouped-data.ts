/** Rows in groups: what groupBy gives, until agg says what to know of each. */
import type { FunctionContext, FunctionOptions, NoBroadcasts } from '../functions/context.ts';
import { functionSource } from '../functions/function-source.ts';
import { ModuleCode } from '../functions/modules.ts';
import { groupScript } from '../functions/script.ts';
import { depthOver, guestNode, sqlNode, stepLabel } from '../plan/relation-node.ts';
import { type Columns, columnsOf, type RowOf, type Schema } from '../plan/schema.ts';
import type { AnyRow, Value } from '../run/cell-values.ts';
import { identifierSql } from '../sql/literals.ts';
import { type Expression, textOf } from '../sql/sql-tag.ts';
import type { DataFrame } from './data-frame.ts';

/** Expressions by the names of the columns that they make. */
export type Expressions = Readonly<Record<string, Expression>>;

export const selected = (columns: Expressions): string[] =>
  Object.entries(columns).map(([name, expression]) => `${textOf(expression)} AS ${identifierSql(name)}`);

export const textsOf = (columns: Expressions): string[] => Object.values(columns).map(textOf);

/** An aggregate in JavaScript. Functions may change and return the state that they get. */
export interface GroupFunctions<Row, Keys, State, Params, Broadcasts extends object> {
  /** The state of a group without rows. */
  readonly zero: (ctx: FunctionContext<Params, Broadcasts>) => State;
  /** The state with one more row. */
  readonly add: (state: State, row: Row, ctx: FunctionContext<Params, Broadcasts>) => State;
  /** One state of two, of rows that were added in different places. */
  readonly merge: (a: State, b: State, ctx: FunctionContext<Params, Broadcasts>) => State;
  /** The columns beside the keys; without it the state is what has them. */
  readonly finish?: (state: State, keys: Keys, ctx: FunctionContext<Params, Broadcasts>) => object;
}

/** Options of `aggregate`. */
export interface GroupOptions<Out extends object, Params, Broadcasts extends object> extends FunctionOptions<Params, Broadcasts> {
  /** All columns of the output, keys first. */
  readonly schema: Schema<Out>;
  /** Of a module: the columns of a partial state, which begin with the keys. */
  readonly state?: Readonly<Record<string, string>>;
}

function groupSources(functions: Readonly<Partial<Record<'zero' | 'add' | 'merge' | 'finish', unknown>>>, label: string) {
  const { zero, add, merge, finish } = functions;
  return {
    zero: functionSource(zero, label),
    add: functionSource(add, label),
    merge: functionSource(merge, label),
    finish: finish === undefined ? 'undefined' : functionSource(finish, label),
  };
}

/** Rows in groups of equal keys: say what to know of each with `agg`, `count` or `aggregate`. */
export class GroupedData<Keys extends object, Row extends object = AnyRow> {
  readonly #frame: DataFrame<object>;
  readonly #keys: Expressions;

  /** @internal */
  constructor(frame: DataFrame<object>, keys: Expressions) {
    this.#frame = frame;
    this.#keys = keys;
  }

  /** One row a group: the keys, and an SQL aggregate for each name: `{ n: 'count(*)', late: 'avg(delay)' }`. */
  agg<Columns extends Expressions>(columns: Columns): DataFrame<Keys & { readonly [Name in keyof Columns]: Value }> {
    const { session, source } = this.#frame;
    const keys = selected(this.#keys);
    const list = [...keys, ...selected(columns)].join(', ');
    const by = keys.length === 0 ? '' : ` GROUP BY ${keys.map((_, i) => i + 1).join(', ')}`;
    const texts = [...textsOf(this.#keys), ...textsOf(columns)];
    return session.frame(sqlNode('agg', [source], ([input]) => `SELECT ${list} FROM ${input}${by}`, texts));
  }

  /**
   * One row a group, by functions: states where the rows lie, merged where equal keys meet, and finished to a row. `schema` are all columns
   * of the output, keys first; a group's keys are put into its row. A module says the columns of its `state` as well.
   */
  aggregate<Out extends object, State = unknown, Params = undefined, Broadcasts extends object = NoBroadcasts>(
    code: GroupFunctions<Row, Keys, State, Params, Broadcasts>,
    options: GroupOptions<Out, Params, Broadcasts>,
  ): DataFrame<Out>;
  /** The same by a module, which says the columns of its `state` as well; they begin with the keys. */
  aggregate<const Given extends Columns>(
    code: ModuleCode,
    options: { readonly schema: Given; readonly state: Columns },
  ): DataFrame<RowOf<Given>>;
  aggregate(
    code: ModuleCode | Parameters<typeof groupSources>[0],
    options: GroupOptions<Readonly<Record<string, unknown>>, unknown, object>,
  ): DataFrame<never> {
    const { session, source } = this.#frame;
    const keys = Object.keys(this.#keys);
    const isPlain = keys.every((key) => textOf(this.#keys[key] ?? '') === identifierSql(key));
    if (!isPlain) throw new TypeError('aggregate groups by columns: make those that SQL computes with withColumn before.');
    const label = stepLabel('aggregate', depthOver([source]));
    const state = options.state && columnsOf(options.state, 'aggregate');
    const schema = columnsOf(options.schema, 'aggregate');
    const written = code instanceof ModuleCode ? code.code : groupScript(label, groupSources(code, label), options);
    return session.frame(
      guestNode('aggregate', [source], ([input = '']) => {
        return { kind: 'aggregate', input, keys, code: written, schema, ...(state && { state }) };
      }),
    );
  }

  /** How many rows each group has, as `n`. */
  count(): DataFrame<Keys & { readonly n: bigint }> {
    return this.agg({ n: 'count(*)' }) as DataFrame<never>;
  }
}
