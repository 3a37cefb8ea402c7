/** DuckDB's bound expressions in JSON -> ours. What is not known here is refused, never guessed. */
import type { Aggregate, CompareOp, Expr, SortKey } from './expressions.ts';
import { template } from './expressions.ts';
import { boundOf, literalSql, quoteName, quoteText, structFields, typeSql } from './literals.ts';
import { intOf, type Json, type JsonObject, listOf, objectOf, textOf, UnsupportedPlan } from './lossless-json.ts';
import { castInUtc, withoutZone } from './utc.ts';

const COMPARE: { readonly [type: string]: CompareOp } = {
  COMPARE_EQUAL: '=',
  COMPARE_NOTEQUAL: '<>',
  COMPARE_LESSTHAN: '<',
  COMPARE_GREATERTHAN: '>',
  COMPARE_LESSTHANOREQUALTO: '<=',
  COMPARE_GREATERTHANOREQUALTO: '>=',
  COMPARE_DISTINCT_FROM: 'IS DISTINCT FROM',
  COMPARE_NOT_DISTINCT_FROM: 'IS NOT DISTINCT FROM',
};

export function compareOp(json: Json | undefined): CompareOp {
  const op = COMPARE[textOf(json, 'comparison')];
  if (op === undefined) throw new UnsupportedPlan('comparison', `the comparison ${String(json)} is unknown`);
  return op;
}

/** References inside a lambda's body: its own parameters, then captured values. */
type RefReader = (index: number, type: string) => Expr;

export function exprOf(json: Json | undefined, column?: RefReader): Expr {
  const e = objectOf(json, 'expression');
  const go = (x: Json | undefined): Expr => exprOf(x, column);
  const kids = (): Expr[] => listOf(e.children).map(go);
  switch (e.expression_class) {
    case 'BOUND_REF': {
      const index = intOf(e.index, 'column');
      const type = typeSql(e.return_type);
      return column ? column(index, type) : { kind: 'ref', index, type };
    }
    case 'BOUND_CONSTANT': {
      const bound = boundOf(e.value);
      const type = typeSql(objectOf(e.value, 'value').type);
      return { kind: 'const', sql: literalSql(e.value), type, ...(bound ? { bound } : {}) };
    }
    case 'BOUND_CAST':
      return castInUtc(go(e.child), typeSql(e.return_type), e.try_cast === true);
    case 'BOUND_COMPARISON':
      return { kind: 'compare', op: compareOp(e.type), left: go(e.left), right: go(e.right), type: 'BOOLEAN' };
    case 'BOUND_CONJUNCTION':
      return { kind: 'junction', word: e.type === 'CONJUNCTION_AND' ? 'AND' : 'OR', args: kids(), type: 'BOOLEAN' };
    case 'BOUND_BETWEEN':
      return {
        kind: 'between',
        arg: go(e.input),
        low: go(e.lower),
        high: go(e.upper),
        lowOp: e.lower_inclusive === true ? '>=' : '>',
        highOp: e.upper_inclusive === true ? '<=' : '<',
        type: 'BOOLEAN',
      };
    case 'BOUND_CASE': {
      const args: Expr[] = [];
      const text = ['CASE WHEN '];
      const checks = listOf(e.case_checks).map((c) => objectOf(c, 'case'));
      checks.forEach((c, i) => {
        args.push(go(c.when_expr), go(c.then_expr));
        text.push(' THEN ', i + 1 < checks.length ? ' WHEN ' : ' ELSE ');
      });
      return { kind: 'template', text: [...text, ' END'], args: [...args, go(e.else_expr)], type: typeSql(e.return_type) };
    }
    case 'BOUND_OPERATOR':
      return operatorOf(e, kids());
    case 'BOUND_FUNCTION':
      return functionOf(e, kids());
    case 'BOUND_UNNEST':
      return template(typeSql(e.return_type), 'unnest')`unnest(${go(e.child)})`;
    default:
      throw new UnsupportedPlan('expression', `the expression ${String(e.expression_class)} is unknown to the planner`);
  }
}

function list(before: string, args: readonly Expr[], between: string, after: string, type: string, fn?: string): Expr {
  const text = args.length === 0 ? [before + after] : [before, ...args.slice(1).map(() => between), after];
  return { kind: 'template', text, args, type, ...(fn === undefined ? {} : { fn }) };
}

function operatorOf(e: JsonObject, kids: readonly Expr[]): Expr {
  const [first, ...rest] = kids;
  if (!first) throw new UnsupportedPlan('operator', 'an operator without operands');
  const type = typeSql(e.return_type);
  switch (e.type) {
    case 'OPERATOR_NOT':
      return template('BOOLEAN')`(NOT ${first})`;
    case 'OPERATOR_IS_NULL':
      return template('BOOLEAN')`(${first} IS NULL)`;
    case 'OPERATOR_IS_NOT_NULL':
      return template('BOOLEAN')`(${first} IS NOT NULL)`;
    case 'COMPARE_IN':
    case 'COMPARE_NOT_IN':
      return { kind: 'in', arg: first, items: rest, negated: e.type === 'COMPARE_NOT_IN', type: 'BOOLEAN' };
    case 'OPERATOR_COALESCE':
      return list('COALESCE(', kids, ', ', ')', type);
    case 'OPERATOR_TRY':
      return template(type)`TRY(${first})`;
    default:
      throw new UnsupportedPlan('operator', `the operator ${String(e.type)} is unknown to the planner`);
  }
}

/** What a function's bind step may keep aside without our having to put it back: it follows from the arguments. */
const HARMLESS_DATA = new Set(['check_overflow', 'return_type', 'arguments', 'variable_return_type', 'bind_data', 'stype']);
/** Their result depends on the names of their arguments, which the plan lacks. */
const NEEDS_NAMES = new Set(['alias', 'struct_insert', 'struct_update', 'union_value']);

function functionOf(e: JsonObject, args: readonly Expr[]): Expr {
  const fn = textOf(e.name, 'function');
  const type = typeSql(e.return_type);
  const data = e.function_data === null || e.function_data === undefined ? undefined : objectOf(e.function_data, 'function data');
  if (data?.lambda_expr) return lambdaCall(fn, type, data, args);
  if (NEEDS_NAMES.has(fn)) throw new UnsupportedPlan(fn, `${fn}() depends on the names of its arguments`);
  const odd = Object.keys(data ?? {}).find((k) => !HARMLESS_DATA.has(k));
  if (odd !== undefined || listOf(e.original_arguments).length > args.length) {
    throw new UnsupportedPlan(fn, `${fn}() keeps arguments where the plan cannot show them`);
  }
  if (fn === 'struct_pack') {
    const info = objectOf(objectOf(e.return_type, 'type').type_info, 'struct');
    const names = structFields(info).map((f) => quoteText(f.name));
    const text = [`{${names[0] ?? ''}: `, ...names.slice(1).map((n) => `, ${n}: `), '}'];
    return { kind: 'template', text, args, type };
  }
  const call = withoutZone(fn, args, type, (a, t) =>
    /^[^a-zA-Z_]+$/.test(fn) ? symbolCall(fn, a, t) : list(`${quoteName(fn)}(`, a, ', ', ')', t, fn),
  );
  // Decimal arithmetic is bound to the optimiser's idea of width; the tab's own binding may differ.
  return type.startsWith('DECIMAL') ? { kind: 'cast', arg: call, type, safe: false } : call;
}

function symbolCall(fn: string, args: readonly Expr[], type: string): Expr {
  const [a, b] = args;
  if (a && b && args.length === 2) return { kind: 'template', text: ['(', ` ${fn} `, ')'], args: [a, b], type, fn };
  if (a && args.length === 1)
    return fn === '!__postfix'
      ? list('(', [a], '', '!)', type, fn)
      : { kind: 'template', text: [`(${fn} `, ')'], args: [a], type, fn };
  throw new UnsupportedPlan(fn, `the operator ${fn} has ${args.length} operands`);
}

function lambdaCall(fn: string, type: string, data: JsonObject, args: readonly Expr[]): Expr {
  const [source, ...captured] = args;
  if (!source || data.has_index === true || data.has_initial === true || fn === 'list_reduce') {
    throw new UnsupportedPlan(fn, `${fn}() with more than one lambda parameter`);
  }
  const name = `x${nestingOf(data.lambda_expr)}`;
  const inner: RefReader = (index, t) => {
    if (index === 0) return { kind: 'template', text: [name], args: [], type: t };
    const value = captured[index - 1];
    if (!value) throw new UnsupportedPlan(fn, `${fn}() captures what the plan does not show`);
    return value;
  };
  const body = exprOf(data.lambda_expr, inner);
  return { kind: 'template', text: [`${quoteName(fn)}(`, `, lambda ${name}: `, ')'], args: [source, body], type, fn };
}

/** Names lambda parameters by how many lambdas are inside, so that nested ones differ and equal queries give equal text. */
function nestingOf(json: Json | undefined): number {
  if (Array.isArray(json)) return Math.max(0, ...json.map(nestingOf));
  if (typeof json !== 'object' || json === null) return 0;
  const o = json as JsonObject;
  const below = Math.max(0, ...Object.values(o).map(nestingOf));
  return o.lambda_expr ? below + 1 : below;
}

export function sortKeyOf(json: Json): SortKey {
  const o = objectOf(json, 'sort key');
  return {
    expr: exprOf(o.expression),
    descending: o.type === 'DESCENDING',
    nullsFirst: textOf(o.null_order, 'null order').replace('_', ' ') === 'NULLS FIRST',
  };
}

function quantileSql(q: Json): string {
  return typeof q === 'object' && q !== null ? literalSql(q) : String(q);
}

/** Arguments that bind took away from the argument list. */
function hiddenArguments(name: string, data: JsonObject | undefined, type: string): string[] {
  if (!data) return [];
  if (Array.isArray(data.quantiles)) {
    // median() and mad() are quantiles inside, but their names say which.
    if (!name.includes('quantile')) return [];
    const all = data.quantiles.map(quantileSql);
    const scalar = all.length === 1 && !type.endsWith('[]');
    const signed = data.desc === true ? all.map((q) => `-(${q})`) : all;
    return [scalar ? (signed[0] ?? '') : `[${signed.join(', ')}]`];
  }
  if (typeof data.separator === 'string') return [quoteText(data.separator)];
  const odd = Object.keys(data).find((k) => !HARMLESS_DATA.has(k));
  if (odd !== undefined) throw new UnsupportedPlan(name, `${name}() keeps arguments where the plan cannot show them`);
  return [];
}

export function aggregateOf(json: Json): Aggregate {
  const e = objectOf(json, 'aggregate');
  const bound = textOf(e.name, 'aggregate');
  // The optimiser's own spelling, which SQL may not use.
  const name = bound === 'sum_no_overflow' ? 'sum' : bound;
  const type = typeSql(e.return_type);
  const data = e.function_data === null || e.function_data === undefined ? undefined : objectOf(e.function_data, 'function data');
  const orders =
    e.order_bys === null || e.order_bys === undefined ? [] : listOf(objectOf(e.order_bys, 'order').orders).map(sortKeyOf);
  const args = listOf(e.children).map((c) => exprOf(c));
  const extra = hiddenArguments(name, data, type);
  if (listOf(e.original_arguments).length > args.length + extra.length) {
    throw new UnsupportedPlan(name, `${name}() keeps arguments where the plan cannot show them`);
  }
  return {
    name,
    args,
    distinct: e.aggregate_type === 'DISTINCT',
    orders,
    extra,
    type,
    ...(e.filter ? { filter: exprOf(e.filter) } : {}),
  };
}
