/** Where chains begin: datasets, queries and values of a connection. */
import { DataFrame } from './frame/data-frame.ts';
import { type Modules, makeModules } from './functions/modules.ts';
import type { Http } from './http.ts';
import { dataset, sqlNode } from './plan/relation-node.ts';
import { inlineValues } from './rdd/parallelize.ts';
import { Rdd } from './rdd/rdd.ts';
import { type Accumulator, AccumulatorCell } from './run/accumulator.ts';
import { Broadcast } from './run/broadcast.ts';
import type { AnyRow } from './run/cell-values.ts';
import type { Session } from './run/session.ts';
import { identifierSql, type SqlLiteral } from './sql/literals.ts';
import { type SqlExpression, sqlTemplate } from './sql/sql-tag.ts';

/** What may stand in grid.sql`...`. */
export type TemplateValue = SqlLiteral | SqlExpression | DataFrame<object>;

/** Where chains begin. */
export interface Grid {
  /** A dataset as a lazy frame. `Row` is what its columns are: nothing is asked of the coordinator before an action. */
  table<Row extends object = AnyRow>(name: string): DataFrame<Row>;
  /** The same as `table`. */
  dataset<Row extends object = AnyRow>(name: string): DataFrame<Row>;
  query<Row extends object = AnyRow>(texts: TemplateStringsArray, ...values: readonly TemplateValue[]): DataFrame<Row>;
  /**
   * Values as elements, in so many partitions; one if nothing is said. They travel in the plan. Throws TypeError for what cannot be an
   * element, RangeError for more than a plan can carry.
   */
  parallelize<T>(values: readonly T[], options?: { readonly partitions?: number }): Rdd<T>;
  /** The texts of a dataset's column, as elements. */
  textFile(name: string, options?: { readonly column?: string }): Rdd<string>;
  /** The elements that Rdd.saveAsDataset kept. */
  savedRdd<T>(name: string): Rdd<T>;
  /** A value that functions read: named in the options of their step, seen through ctx.broadcast(name). */
  broadcast<V>(value: V): Broadcast<V>;
  /** The sum that functions add to with ctx.add(name, n). The same name gives the same accumulator. */
  accumulator(name: string, initial?: number): Accumulator;
  /** WASM modules: uploaded, or compiled from AssemblyScript. */
  readonly modules: Modules;
}

const DEFAULT_COLUMN = 'line';

export function makeGrid(http: Http): Grid {
  const accumulators = new Map<string, AccumulatorCell>();
  const session: Session = {
    http,
    accumulators,
    frame: (source) => new DataFrame(session, source),
    rdd: (state) => new Rdd(state),
  };
  const sourceOf = (value: unknown) => {
    if (!(value instanceof DataFrame)) return undefined;
    if (value.session === session) return value.source;
    throw new TypeError('This DataFrame is of another connection.');
  };
  const table = <Row extends object>(name: string): DataFrame<Row> => {
    identifierSql(name);
    return new DataFrame(session, dataset(name));
  };
  return {
    table,
    dataset: table,
    query: (texts, ...values) => {
      const { inputs, write, texts: own } = sqlTemplate(texts, values, sourceOf);
      return new DataFrame(session, sqlNode('sql', inputs, write, own));
    },
    parallelize: <T>(values: readonly T[], { partitions }: { readonly partitions?: number } = {}) => {
      const rdd = new Rdd<T>({ session, source: inlineValues(values), form: 'values', steps: [] });
      return partitions === undefined ? rdd : rdd.repartition(partitions);
    },
    textFile: (name, { column = DEFAULT_COLUMN } = {}) => {
      const lines = sqlNode('textFile', [dataset(name)], ([input]) => `SELECT ${identifierSql(column)} AS v FROM ${input}`);
      return new Rdd({ session, source: lines, form: 'text', steps: [] });
    },
    savedRdd: (name) => new Rdd({ session, source: dataset(name), form: 'values', steps: [] }),
    broadcast: (value) => new Broadcast(value),
    accumulator: (name, initial = 0) => {
      const known = accumulators.get(name) ?? new AccumulatorCell(name, initial);
      accumulators.set(name, known);
      return known;
    },
    modules: makeModules(http),
  };
}
