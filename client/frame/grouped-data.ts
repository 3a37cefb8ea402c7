/** Rows in groups: what groupBy gives, until agg says what to know of each. */
import { sqlNode } from '../plan/relation-node.ts';
import type { Value } from '../run/cell-values.ts';
import { identifierSql } from '../sql/literals.ts';
import { type Expression, textOf } from '../sql/sql-tag.ts';
import type { DataFrame } from './data-frame.ts';

/** Expressions by the names of the columns that they make. */
export type Expressions = Readonly<Record<string, Expression>>;

export const selected = (columns: Expressions): string[] =>
  Object.entries(columns).map(([name, expression]) => `${textOf(expression)} AS ${identifierSql(name)}`);

export const textsOf = (columns: Expressions): string[] => Object.values(columns).map(textOf);

export class GroupedData<Keys extends object> {
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

  /** How many rows each group has, as `n`. */
  count(): DataFrame<Keys & { readonly n: bigint }> {
    return this.agg({ n: 'count(*)' }) as DataFrame<never>;
  }
}
