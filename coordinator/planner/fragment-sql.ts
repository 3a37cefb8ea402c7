/** A tree of operators inside one stage -> one DuckDB SELECT. Columns of every level are c0..cn. */

import { InvariantError, unreachable } from '../../shared/assert.ts';
import { aggregateSql, type ColumnWriter, exprSql, orderSql } from './expression-sql.ts';
import type { Expr } from './expressions.ts';
import { quoteName } from './literals.ts';
import type { AggregateNode, JoinNode, LogicalNode } from './logical.ts';

/** How the leaves are written: the tables in0..inN. */
export type LeafWriter = (leaf: Extract<LogicalNode, { op: 'scan' | 'exchange' }>) => string;

const of =
  (alias: string): ColumnWriter =>
  (i) =>
    `${alias}.c${i}`;

/** `SELECT` needs a column, also where a relation has none. */
export function selectList(items: readonly string[]): string {
  return items.length > 0 ? items.map((x, i) => `${x} AS c${i}`).join(', ') : '1 AS c0';
}

export function nodeSql(n: LogicalNode, leaf: LeafWriter): string {
  const from = (x: LogicalNode, alias: string): string => `(${nodeSql(x, leaf)}) ${alias}`;
  switch (n.op) {
    case 'scan':
    case 'exchange':
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
      return joinSql(n, from(n.left, 'l'), from(n.right, 'r'));
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

function joinSql(n: JoinNode, left: string, right: string): string {
  const width = n.left.types.length;
  const leftColumns = n.left.types.map((_, i) => `l.c${i}`);
  const rightColumns = n.right.types.map((_, i) => `r.c${i}`);
  const both: ColumnWriter = (i) => (i < width ? `l.c${i}` : `r.c${i - width}`);
  const tests = [
    ...n.conditions.map((c) => `(${exprSql(c.left, of('l'))} ${c.op} ${exprSql(c.right, of('r'))})`),
    ...n.residual.map((e) => exprSql(e, both)),
  ];
  const on = tests.length > 0 ? tests.join(' AND ') : 'true';
  switch (n.kind) {
    case 'INNER':
    case 'LEFT':
    case 'RIGHT':
    case 'FULL':
      return `SELECT ${selectList([...leftColumns, ...rightColumns])} FROM ${left} ${n.asof ? 'ASOF ' : ''}${n.kind} JOIN ${right} ON ${on}`;
    case 'SEMI':
    case 'ANTI':
      return `SELECT * FROM ${left} ${n.kind} JOIN ${right} ON ${on}`;
    case 'RIGHT_SEMI':
    case 'RIGHT_ANTI':
      return `SELECT * FROM ${right} ${n.kind.slice(6)} JOIN ${left} ON ${on}`;
    case 'MARK':
      return `SELECT ${selectList([...leftColumns, markSql(n, right, on)])} FROM ${left}`;
    case 'SINGLE':
      return singleSql(n, left, right, on);
  }
}

/**
 * IN, ANY and EXISTS keep SQL's three values: the one comparison that is not identity is the subquery's own, and becomes
 * `x op ANY (...)`; identities are its correlation. With none, the mark is EXISTS and never NULL.
 */
function markSql(n: JoinNode, right: string, on: string): string {
  const own = n.conditions.filter((c) => c.op !== 'IS NOT DISTINCT FROM');
  const [mark] = own;
  if (!mark || n.residual.length > 0) return `EXISTS (SELECT 1 FROM ${right} WHERE ${on})`;
  if (own.length > 1) throw new InvariantError('a mark join with several comparisons');
  const correlation = n.conditions
    .filter((c) => c !== mark)
    .map((c) => `(${exprSql(c.left, of('l'))} ${c.op} ${exprSql(c.right, of('r'))})`);
  const where = correlation.length > 0 ? ` WHERE ${correlation.join(' AND ')}` : '';
  const inner = `SELECT ${exprSql(mark.right, of('r'))} FROM ${right}${where}`;
  return mark.op === '='
    ? `(${exprSql(mark.left, of('l'))} IN (${inner}))`
    : `(${exprSql(mark.left, of('l'))} ${mark.op} ANY (${inner}))`;
}

/** A scalar subquery: DuckDB itself fails when it gives more than one row. */
function singleSql(n: JoinNode, left: string, right: string, on: string): string {
  const fields = n.right.types.map((_, i) => `'c${i}': r.c${i}`).join(', ');
  const columns = [...n.left.types.map((_, i) => `s.c${i}`), ...n.right.types.map((_, i) => `s.v.c${i}`)];
  return `SELECT ${selectList(columns)} FROM (SELECT l.*, (SELECT {${fields}} FROM ${right} WHERE ${on}) AS v FROM ${left}) s`;
}
