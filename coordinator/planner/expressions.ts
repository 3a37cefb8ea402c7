/**
 * Bound scalar expressions. Columns are positions in the input (of a join: left's columns, then right's). Only what the
 * planner looks into has a shape of its own; everything else is a template of SQL text around its arguments.
 */
import type { Bound } from '../../shared/plan/statistics.ts';

export type CompareOp = '=' | '<>' | '<' | '>' | '<=' | '>=' | 'IS DISTINCT FROM' | 'IS NOT DISTINCT FROM';

export type Expr =
  | { readonly kind: 'ref'; readonly index: number; readonly type: string }
  | { readonly kind: 'const'; readonly sql: string; readonly type: string; readonly bound?: Bound }
  | { readonly kind: 'cast'; readonly arg: Expr; readonly type: string; readonly safe: boolean }
  | { readonly kind: 'compare'; readonly op: CompareOp; readonly left: Expr; readonly right: Expr; readonly type: 'BOOLEAN' }
  | {
      readonly kind: 'between';
      readonly arg: Expr;
      readonly low: Expr;
      readonly high: Expr;
      readonly lowOp: '>' | '>=';
      readonly highOp: '<' | '<=';
      readonly type: 'BOOLEAN';
    }
  | {
      readonly kind: 'in';
      readonly arg: Expr;
      readonly items: readonly Expr[];
      readonly negated: boolean;
      readonly type: 'BOOLEAN';
    }
  | { readonly kind: 'junction'; readonly word: 'AND' | 'OR'; readonly args: readonly Expr[]; readonly type: 'BOOLEAN' }
  /** `text` has one more element than `args`; argument i stands between text i and text i+1. */
  | {
      readonly kind: 'template';
      readonly text: readonly string[];
      readonly args: readonly Expr[];
      readonly type: string;
      readonly fn?: string;
      readonly means?: Meaning;
    };

/** Of a template that the planner wrote itself, what its text computes: MergedColumn's words, of its arguments in order. */
export type Meaning = 'count' | 'mean';

export interface SortKey {
  readonly expr: Expr;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

export interface Aggregate {
  /** DuckDB's name, `count_star` for count(*). */
  readonly name: string;
  readonly args: readonly Expr[];
  readonly distinct: boolean;
  readonly filter?: Expr;
  readonly orders: readonly SortKey[];
  /** Arguments that DuckDB keeps outside the argument list (separators, quantiles), as SQL. */
  readonly extra: readonly string[];
  readonly type: string;
  /** Made by the planner, which uses its value in a way that the order of rows cannot change. */
  readonly orderFree?: true;
}

export function ref(index: number, type: string): Expr {
  return { kind: 'ref', index, type };
}

/** `sql` template tag: expr('BIGINT')`coalesce(${a}, 0)`. */
export function template(type: string, fn?: string, means?: Meaning): (text: TemplateStringsArray, ...args: Expr[]) => Expr {
  const known = { ...(fn !== undefined && { fn }), ...(means !== undefined && { means }) };
  return (text, ...args) => ({ kind: 'template', text: [...text], args, type, ...known });
}

export function castTo(arg: Expr, type: string): Expr {
  return arg.type === type ? arg : { kind: 'cast', arg, type, safe: false };
}

export function childrenOf(e: Expr): readonly Expr[] {
  switch (e.kind) {
    case 'ref':
    case 'const':
      return [];
    case 'cast':
      return [e.arg];
    case 'compare':
      return [e.left, e.right];
    case 'between':
      return [e.arg, e.low, e.high];
    case 'in':
      return [e.arg, ...e.items];
    case 'junction':
    case 'template':
      return e.args;
  }
}

/** Visits an expression and all below it. */
export function walk(e: Expr, visit: (e: Expr) => void): void {
  visit(e);
  for (const c of childrenOf(e)) walk(c, visit);
}

export function mapRefs(e: Expr, f: (index: number, type: string) => Expr): Expr {
  const go = (x: Expr): Expr => mapRefs(x, f);
  switch (e.kind) {
    case 'ref':
      return f(e.index, e.type);
    case 'const':
      return e;
    case 'cast':
      return { ...e, arg: go(e.arg) };
    case 'compare':
      return { ...e, left: go(e.left), right: go(e.right) };
    case 'between':
      return { ...e, arg: go(e.arg), low: go(e.low), high: go(e.high) };
    case 'in':
      return { ...e, arg: go(e.arg), items: e.items.map(go) };
    case 'junction':
    case 'template':
      return { ...e, args: e.args.map(go) };
  }
}

export function shiftRefs(e: Expr, by: number): Expr {
  return mapRefs(e, (i, t) => ref(i + by, t));
}

export function refsOf(e: Expr): Set<number> {
  const found = new Set<number>();
  walk(e, (x) => {
    if (x.kind === 'ref') found.add(x.index);
  });
  return found;
}

/** The parts of nested ANDs. */
export function conjuncts(e: Expr): readonly Expr[] {
  return e.kind === 'junction' && e.word === 'AND' ? e.args.flatMap(conjuncts) : [e];
}

/** Every expression inside an aggregate. */
export function partsOf(a: Aggregate): readonly Expr[] {
  return [...a.args, ...(a.filter ? [a.filter] : []), ...a.orders.map((o) => o.expr)];
}
