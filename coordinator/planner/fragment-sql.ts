/**
 * A tree of operators inside one stage -> one DuckDB SELECT. Columns of every level are c0..cn. What can stand in one SELECT does: each level
 * more is parsed and bound anew by every slot in every query.
 */

import { InvariantError, unreachable } from '../../shared/assert.ts';
import { aggregateSql, type ColumnWriter, exprSql, orderSql } from './expression-sql.ts';
import { type Expr, partsOf, refsOf } from './expressions.ts';
import { joinSql } from './join-sql.ts';
import { quoteName } from './literals.ts';
import type { AggregateNode, LogicalNode } from './logical.ts';
import { selectList } from './select-list.ts';

/** The columns of a leaf, of a table that is called t: in0..inN, and s0..sN that guests make. */
export interface LeafRows {
  readonly columns: readonly string[];
  readonly table: string;
}

export type LeafWriter = (leaf: Extract<LogicalNode, { op: 'scan' | 'exchange' | 'guest' }>) => LeafRows;

/** A SELECT before it is written; its relation is called t. */
interface Select {
  readonly columns: readonly string[];
  readonly from: string;
  readonly where: readonly string[];
}

const of =
  (alias: string): ColumnWriter =>
  (i) =>
    `${alias}.c${i}`;

export function nodeSql(n: LogicalNode, leaf: LeafWriter): string {
  const from = (x: LogicalNode, alias: string): string => `(${nodeSql(x, leaf)}) ${alias}`;
  switch (n.op) {
    case 'scan':
    case 'exchange':
    case 'guest':
    case 'project':
    case 'filter': {
      const select = selectOf(n, leaf);
      return `SELECT ${selectList(select.columns)}${sourceSql(select)}`;
    }
    case 'values':
      return valuesSql(n.rows, n.types);
    case 'tableFunction': {
      const names = Array.from({ length: n.width }, (_, i) => `k${i}`).join(', ');
      return `SELECT ${selectList(n.columns.map((i) => `f.k${i}`))} FROM ${quoteName(n.name)}(${n.args.join(', ')}) f(${names})`;
    }
    case 'aggregate':
      return aggregateNodeSql(n, baseOf(n.input, [...n.groups, ...n.aggregates.flatMap(partsOf)], leaf));
    case 'join':
      return joinSql(n, `(${nodeSql(n.left, leaf)})`, `(${nodeSql(n.right, leaf)})`);
    case 'sort':
      return `SELECT * FROM ${from(n.input, 't')} ORDER BY ${orderSql(n.keys, of('t'))}`;
    case 'limit': {
      const order = n.keys.length > 0 ? ` ORDER BY ${orderSql(n.keys, of('t'))}` : '';
      const limit = n.percent !== undefined ? ` LIMIT ${n.percent}%` : n.limit === undefined ? '' : ` LIMIT ${n.limit}`;
      return `SELECT * FROM ${from(n.input, 't')}${order}${limit}${n.offset > 0 ? ` OFFSET ${n.offset}` : ''}`;
    }
    case 'distinct': {
      const on = n.on ? ` ON (${n.on.map((e) => exprSql(e, of('t'))).join(', ')})` : '';
      const order = n.keys.length > 0 ? ` ORDER BY ${orderSql(n.keys, of('t'))}` : '';
      return `SELECT DISTINCT${on} * FROM ${from(n.input, 't')}${order}`;
    }
    case 'window':
    case 'unnest': {
      const width = n.input.types.length;
      const added = n.exprs.map((e, i) => `${exprSql(e, of('t'))} AS c${width + i}`);
      return `SELECT ${[...n.input.types.map((_, i) => `t.c${i}`), ...added].join(', ')} FROM ${from(n.input, 't')}`;
    }
    case 'sample':
      return `SELECT * FROM ${from(n.input, 't')} USING SAMPLE ${n.sql}`;
    case 'setop':
      return n.inputs.map((x) => `(SELECT * FROM ${from(x, 't')})`).join(` ${n.word}${n.all ? ' ALL' : ''} `);
    case 'shared':
    case 'delimGet':
    case 'repartition':
    case 'number':
    case 'draw':
      throw new InvariantError(`${n.op} reached a fragment`);
    default:
      return unreachable(n, 'operator');
  }
}

type SelectNode = Extract<LogicalNode, { op: 'scan' | 'exchange' | 'guest' | 'project' | 'filter' }>;

function selectOf(n: SelectNode, leaf: LeafWriter): Select {
  if (n.op === 'filter') {
    const base = baseOf(n.input, n.predicates, leaf);
    return { ...base, where: [...base.where, ...n.predicates.map((e) => exprSql(e, over(base)))] };
  }
  if (n.op === 'project') {
    const base = baseOf(n.input, n.exprs, leaf);
    return { ...base, columns: n.exprs.map((e) => exprSql(e, over(base))) };
  }
  const { columns, table } = leaf(n);
  return { columns, from: `${table} t`, where: [] };
}

const over =
  ({ columns }: Select): ColumnWriter =>
  (i) =>
    columns[i] ?? `t.c${i}`;

const COLUMN = /^t\.c\d+$/;

/** What `exprs` are written over: the input's own SELECT where they need only columns of it, never an expression twice; else a level below. */
function baseOf(input: LogicalNode, exprs: readonly Expr[], leaf: LeafWriter): Select {
  if (['scan', 'exchange', 'guest', 'project', 'filter'].includes(input.op)) {
    const select = selectOf(input as SelectNode, leaf);
    const used = exprs.flatMap((e) => [...refsOf(e)]);
    if (used.every((i) => COLUMN.test(select.columns[i] ?? ''))) return select;
    return below(input, `SELECT ${selectList(select.columns)}${sourceSql(select)}`);
  }
  return below(input, nodeSql(input, leaf));
}

const below = ({ types }: LogicalNode, sql: string): Select => ({
  columns: types.map((_, i) => `t.c${i}`),
  from: `(${sql}) t`,
  where: [],
});

const sourceSql = ({ from, where }: Select): string => ` FROM ${from}${where.length > 0 ? ` WHERE ${where.join(' AND ')}` : ''}`;

function valuesSql(rows: readonly (readonly Expr[])[], types: readonly string[]): string {
  const noColumns: ColumnWriter = () => {
    throw new InvariantError('VALUES refers to a column');
  };
  if (rows.length === 0) return `SELECT ${selectList(types.map((t) => `CAST(NULL AS ${t})`))} WHERE false`;
  return rows
    .map(
      (row) =>
        `SELECT ${selectList(row.map((e, i) => (e.type === types[i] ? exprSql(e, noColumns) : `CAST(${exprSql(e, noColumns)} AS ${types[i]})`)))}`,
    )
    .join(' UNION ALL ');
}

function aggregateNodeSql(n: AggregateNode, base: Select): string {
  const groups = n.groups.map((e) => exprSql(e, over(base)));
  const aggregates = n.aggregates.map((a) => aggregateSql(a, over(base)));
  const groupings = n.groupings.map((g) => `CAST(grouping(${g.map((i) => groups[i]).join(', ')}) AS BIGINT)`);
  const sets = n.sets?.map((s) => `(${s.map((i) => groups[i]).join(', ')})`).join(', ');
  const by = sets !== undefined ? ` GROUP BY GROUPING SETS (${sets})` : groups.length > 0 ? ` GROUP BY ${groups.join(', ')}` : '';
  return `SELECT ${selectList([...groups, ...aggregates, ...groupings])}${sourceSql(base)}${by}`;
}
