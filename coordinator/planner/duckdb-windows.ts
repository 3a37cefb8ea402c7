/** Window expressions of DuckDB's plan -> SQL templates. */
import { exprOf, sortKeyOf } from './duckdb-expressions.ts';
import type { Expr } from './expressions.ts';
import { quoteName, typeSql } from './literals.ts';
import { type Json, listOf, objectOf, textOf, UnsupportedPlan } from './lossless-json.ts';

/** Collects text and arguments of a template piece by piece. */
class TemplateBuilder {
  private readonly text: string[] = [''];
  private readonly args: Expr[] = [];

  add(text: string): this {
    this.text[this.text.length - 1] += text;
    return this;
  }

  arg(e: Expr): this {
    this.args.push(e);
    this.text.push('');
    return this;
  }

  list(items: readonly Expr[]): this {
    items.forEach((e, i) => {
      if (i > 0) this.add(', ');
      this.arg(e);
    });
    return this;
  }

  orders(json: Json | undefined): this {
    listOf(json)
      .map(sortKeyOf)
      .forEach((k, i) => {
        this.add(i > 0 ? ', ' : ' ORDER BY ').arg(k.expr);
        this.add(` ${k.descending ? 'DESC' : 'ASC'} NULLS ${k.nullsFirst ? 'FIRST' : 'LAST'}`);
      });
    return this;
  }

  done(type: string, fn: string): Expr {
    return { kind: 'template', text: this.text, args: this.args, type, fn };
  }
}

const FIXED_BOUNDS: { readonly [name: string]: string } = {
  UNBOUNDED_PRECEDING: 'UNBOUNDED PRECEDING',
  UNBOUNDED_FOLLOWING: 'UNBOUNDED FOLLOWING',
  CURRENT_ROW_RANGE: 'CURRENT ROW',
  CURRENT_ROW_ROWS: 'CURRENT ROW',
  CURRENT_ROW_GROUPS: 'CURRENT ROW',
};

function addBound(b: TemplateBuilder, name: string, expr: Json | undefined): void {
  const fixed = FIXED_BOUNDS[name];
  if (fixed !== undefined) b.add(fixed);
  else b.arg(exprOf(expr)).add(name.includes('PRECEDING') ? ' PRECEDING' : ' FOLLOWING');
}

function functionName(type: string, name: Json | undefined): string {
  if (type === 'WINDOW_AGGREGATE') return textOf(name, 'window function');
  const plain = type.replace('WINDOW_', '').toLowerCase();
  return plain === 'rank_dense' ? 'dense_rank' : plain;
}

/** A part that is not written out would change the answer silently. */
const KNOWN_PARTS = new Set(
  (
    'expression_class type alias query_location return_type children name arguments original_arguments catalog_name schema_name has_serialize ' +
    'function_data partitions orders filters ignore_nulls start end start_expr end_expr offset_expr default_expr exclude_clause distinct arg_orders'
  ).split(' '),
);

export interface WindowExpr {
  readonly expr: Expr;
  readonly partitions: readonly Expr[];
}

export function windowOf(json: Json): WindowExpr {
  const e = objectOf(json, 'window');
  const empty = (v: Json | undefined): boolean =>
    v === null || v === undefined || v === '' || v === false || (Array.isArray(v) && v.length === 0);
  const odd = Object.keys(e).find((k) => !KNOWN_PARTS.has(k) && !empty(e[k]));
  if (odd !== undefined) throw new UnsupportedPlan('window', `a window function with ${odd}`);
  const data = e.function_data;
  if (data !== null && data !== undefined && Object.keys(objectOf(data, 'data')).length > 0) {
    throw new UnsupportedPlan('window', 'a window function keeps arguments where the plan cannot show them');
  }
  const name = functionName(textOf(e.type, 'window type'), e.name);
  const args = listOf(e.children).map((c) => exprOf(c));
  for (const extra of [e.offset_expr, e.default_expr]) if (extra) args.push(exprOf(extra));
  const b = new TemplateBuilder();
  b.add(`${quoteName(name === 'count_star' ? 'count' : name)}(${e.distinct === true ? 'DISTINCT ' : ''}`);
  if (name === 'count_star') b.add('*');
  b.list(args)
    .orders(e.arg_orders)
    .add(e.ignore_nulls === true ? ' IGNORE NULLS)' : ')');
  if (e.filters) b.add(' FILTER (WHERE ').arg(exprOf(e.filters)).add(')');
  b.add(' OVER (');
  const partitions = listOf(e.partitions).map((p) => exprOf(p));
  if (partitions.length > 0) b.add('PARTITION BY ').list(partitions);
  b.orders(e.orders);
  const start = textOf(e.start, 'frame start');
  const end = textOf(e.end, 'frame end');
  const both = start + end;
  b.add(` ${both.includes('_ROWS') ? 'ROWS' : both.includes('_GROUPS') ? 'GROUPS' : 'RANGE'} BETWEEN `);
  addBound(b, start, e.start_expr);
  b.add(' AND ');
  addBound(b, end, e.end_expr);
  const exclude = e.exclude_clause;
  if (typeof exclude === 'string' && exclude !== 'NO_OTHER') b.add(` EXCLUDE ${exclude.replace('_', ' ')}`);
  return { expr: b.add(')').done(typeSql(e.return_type), name), partitions };
}
