/** Expressions as SQL text; the caller says how a column position is written. */
import type { Aggregate, Expr, SortKey } from './expressions.ts';
import { quoteName } from './literals.ts';

export type ColumnWriter = (index: number) => string;

export function exprSql(e: Expr, column: ColumnWriter): string {
  const go = (x: Expr): string => exprSql(x, column);
  switch (e.kind) {
    case 'ref':
      return column(e.index);
    case 'const':
      return e.sql;
    case 'cast':
      return `${e.safe ? 'TRY_CAST' : 'CAST'}(${go(e.arg)} AS ${e.type})`;
    case 'compare':
      return `(${go(e.left)} ${e.op} ${go(e.right)})`;
    case 'between':
      return `((${go(e.arg)} ${e.lowOp} ${go(e.low)}) AND (${go(e.arg)} ${e.highOp} ${go(e.high)}))`;
    case 'in':
      return `(${go(e.arg)} ${e.negated ? 'NOT IN' : 'IN'} (${e.items.map(go).join(', ')}))`;
    case 'junction':
      return `(${e.args.map(go).join(` ${e.word} `)})`;
    case 'template': {
      let sql = e.text[0] ?? '';
      e.args.forEach((a, i) => {
        sql += go(a) + (e.text[i + 1] ?? '');
      });
      return sql;
    }
  }
}

/** Direction and place of NULLs are always written out: the tab's defaults must not matter. */
export function orderSql(keys: readonly SortKey[], column: ColumnWriter): string {
  return keys
    .map((k) => `${exprSql(k.expr, column)} ${k.descending ? 'DESC' : 'ASC'} NULLS ${k.nullsFirst ? 'FIRST' : 'LAST'}`)
    .join(', ');
}

export function aggregateSql(a: Aggregate, column: ColumnWriter): string {
  const name = a.name === 'count_star' ? 'count' : a.name;
  const args = a.name === 'count_star' ? ['*'] : [...a.args.map((x) => exprSql(x, column)), ...a.extra];
  const order = a.orders.length > 0 ? ` ORDER BY ${orderSql(a.orders, column)}` : '';
  const filter = a.filter ? ` FILTER (WHERE ${exprSql(a.filter, column)})` : '';
  return `${quoteName(name)}(${a.distinct ? 'DISTINCT ' : ''}${args.join(', ')}${order})${filter}`;
}
