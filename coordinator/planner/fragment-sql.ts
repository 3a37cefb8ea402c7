/** A tree of operators inside one stage -> one DuckDB SELECT. Columns of every level are c0..cn. */

import { InvariantError, unreachable } from '../../shared/assert.ts';
import { aggregateSql, type ColumnWriter, exprSql, orderSql } from './expression-sql.ts';
import type { Expr } from './expressions.ts';
import { joinSql } from './join-sql.ts';
import { quoteName } from './literals.ts';
import type { AggregateNode, LogicalNode } from './logical.ts';
import { selectList } from './select-list.ts';

/** How the leaves are written: the tables in0..inN, and s0..sN that guests make. */
export type LeafWriter = (leaf: Extract<LogicalNode, { op: 'scan' | 'exchange' | 'guest' }>) => string;

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
      return leaf(n);
    case 'values':
      return valuesSql(n.rows, n.types);
    case 'tableFunction': {
      const names = Array.from({ length: n.width }, (_, i) => `k${i}`).join(', ');
      return `SELECT ${selectList(n.columns.map((i) => `f.k${i}`))} FROM ${quoteName(n.name)}(${n.args.join(', ')}) f(${names})`;
    }
    case 'project':
      return `SELECT ${selectList(n.exprs.map((e) => exprSql(e, of('t'))))} FROM ${from(n.input, 't')}`;
    case 'filter':
      return `SELECT * FROM ${from(n.input, 't')} WHERE ${n.predicates.map((e) => exprSql(e, of('t'))).join(' AND ')}`;
    case 'aggregate':
      return aggregateNodeSql(n, from(n.input, 't'));
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

function aggregateNodeSql(n: AggregateNode, from: string): string {
  const groups = n.groups.map((e) => exprSql(e, of('t')));
  const aggregates = n.aggregates.map((a) => aggregateSql(a, of('t')));
  const groupings = n.groupings.map((g) => `CAST(grouping(${g.map((i) => groups[i]).join(', ')}) AS BIGINT)`);
  const sets = n.sets?.map((s) => `(${s.map((i) => groups[i]).join(', ')})`).join(', ');
  const by = sets !== undefined ? ` GROUP BY GROUPING SETS (${sets})` : groups.length > 0 ? ` GROUP BY ${groups.join(', ')}` : '';
  return `SELECT ${selectList([...groups, ...aggregates, ...groupings])} FROM ${from}${by}`;
}
