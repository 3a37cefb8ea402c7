/** DuckDB's optimised plan in JSON -> our logical plan. Unknown nodes throw UnsupportedPlan. */
import { compareOp, exprOf, sortKeyOf } from './duckdb-expressions.ts';
import { aggregateNodeOf, limitOf, sampleOf, scanOf } from './duckdb-operators.ts';
import { windowOf } from './duckdb-windows.ts';
import { conjuncts, type Expr, refsOf, shiftRefs } from './expressions.ts';
import { literalSql, typeSql } from './literals.ts';
import { type DelimSource, type JoinCondition, type JoinKind, joinTypes, type LogicalNode, pick, SharedPlan } from './logical.ts';
import { intOf, type Json, type JsonObject, listOf, objectOf, textOf, UnsupportedPlan } from './lossless-json.ts';

interface Scope {
  readonly shared: Map<string, SharedPlan>;
  readonly delims: readonly DelimSource[];
}

const JOIN_KINDS: { readonly [name: string]: JoinKind } = {
  INNER: 'INNER',
  LEFT: 'LEFT',
  RIGHT: 'RIGHT',
  OUTER: 'FULL',
  FULL: 'FULL',
  SEMI: 'SEMI',
  ANTI: 'ANTI',
  MARK: 'MARK',
  SINGLE: 'SINGLE',
  RIGHT_SEMI: 'RIGHT_SEMI',
  RIGHT_ANTI: 'RIGHT_ANTI',
};

export function logicalOf(json: Json): LogicalNode {
  return nodeOf(json, { shared: new Map(), delims: [] });
}

function nodeOf(json: Json | undefined, scope: Scope): LogicalNode {
  const o = objectOf(json, 'operator');
  const name = textOf(o.type, 'operator type').replace('LOGICAL_', '');
  const child = (): LogicalNode => nodeOf(listOf(o.children)[0], scope);
  switch (name) {
    case 'GET':
      return scanOf(o);
    case 'PROJECTION': {
      const exprs = listOf(o.expressions).map((e) => exprOf(e));
      return { op: 'project', input: child(), exprs, types: exprs.map((e) => e.type) };
    }
    case 'FILTER': {
      const input = child();
      const predicates = listOf(o.expressions).flatMap((e) => conjuncts(exprOf(e)));
      const filtered: LogicalNode = predicates.length === 0 ? input : { op: 'filter', input, predicates, types: input.types };
      const map = listOf(o.projection_map);
      return map.length === 0
        ? filtered
        : pick(
            filtered,
            map.map((i) => intOf(i, 'projection')),
          );
    }
    case 'AGGREGATE_AND_GROUP_BY':
      return aggregateNodeOf(o, child());
    case 'COMPARISON_JOIN':
    case 'DELIM_JOIN':
    case 'ASOF_JOIN':
    case 'ANY_JOIN':
    case 'CROSS_PRODUCT':
      return joinOf(name, o, scope);
    case 'DELIM_GET': {
      const source = scope.delims.at(-1);
      if (!source) throw new UnsupportedPlan('delim get', 'a correlated subquery of a shape that is not known here');
      return { op: 'delimGet', source, types: listOf(o.chunk_types).map(typeSql) };
    }
    case 'UNION':
    case 'EXCEPT':
    case 'INTERSECT': {
      const inputs = listOf(o.children).map((c) => nodeOf(c, scope));
      return { op: 'setop', word: name, all: o.setop_all === true, inputs, types: inputs[0]?.types ?? [] };
    }
    case 'MATERIALIZED_CTE': {
      const [definition, rest] = listOf(o.children);
      const plan = nodeOf(definition, scope);
      const key = String(o.table_index);
      scope.shared.set(key, new SharedPlan(typeof o.ctename === 'string' ? o.ctename : 'shared', plan));
      return nodeOf(rest, scope);
    }
    case 'CTE_REF': {
      const shared = scope.shared.get(String(o.cte_index));
      if (!shared || o.is_recurring === true) throw new UnsupportedPlan('recursive CTE', 'recursive queries run in one task');
      return { op: 'shared', shared, types: shared.plan.types };
    }
    default:
      return unaryOf(name, o, child);
  }
}

function unaryOf(name: string, o: JsonObject, child: () => LogicalNode): LogicalNode {
  switch (name) {
    case 'ORDER_BY': {
      const input = child();
      const sorted: LogicalNode = { op: 'sort', input, keys: listOf(o.orders).map(sortKeyOf), types: input.types };
      const map = listOf(o.projections ?? o.projection_map);
      return map.length === 0
        ? sorted
        : pick(
            sorted,
            map.map((i) => intOf(i, 'projection')),
          );
    }
    case 'TOP_N': {
      const input = child();
      const keys = listOf(o.orders).map(sortKeyOf);
      const offset = o.offset === null || o.offset === undefined ? 0 : intOf(o.offset, 'offset');
      return {
        op: 'limit',
        input,
        keys,
        limit: intOf(o.limit, 'limit'),
        percent: undefined,
        offset,
        phase: 'whole',
        types: input.types,
      };
    }
    case 'LIMIT':
      return limitOf(o, child());
    case 'DISTINCT': {
      const input = child();
      const on = o.distinct_type === 'DISTINCT_ON' ? listOf(o.distinct_targets).map((e) => exprOf(e)) : undefined;
      const keys = o.order_by ? listOf(objectOf(o.order_by, 'order').orders).map(sortKeyOf) : [];
      return { op: 'distinct', input, on, keys, phase: 'whole', types: input.types };
    }
    case 'WINDOW': {
      const input = child();
      const windows = listOf(o.expressions).map(windowOf);
      const exprs = windows.map((w) => w.expr);
      const types = [...input.types, ...exprs.map((e) => e.type)];
      return { op: 'window', input, exprs, partitions: windows.map((w) => w.partitions), types };
    }
    case 'UNNEST': {
      const input = child();
      const exprs = listOf(o.expressions).map((e) => exprOf(e));
      return { op: 'unnest', input, exprs, types: [...input.types, ...exprs.map((e) => e.type)] };
    }
    case 'SAMPLE':
      return sampleOf(o, child());
    default:
      return leafOf(name, o);
  }
}

function leafOf(name: string, o: JsonObject): LogicalNode {
  switch (name) {
    case 'DUMMY_SCAN':
      return { op: 'values', rows: [[{ kind: 'const', sql: '1', type: 'INTEGER' }]], types: ['INTEGER'] };
    case 'EXPRESSION_GET':
      return {
        op: 'values',
        rows: listOf(o.expressions).map((row) => listOf(row).map((e) => exprOf(e))),
        types: listOf(o.expr_types).map(typeSql),
      };
    case 'CHUNK_GET': {
      const types = listOf(o.chunk_types).map(typeSql);
      const columns = listOf(objectOf(o.collection, 'collection').values).map((c) => listOf(c));
      const rows = (columns[0] ?? []).map((_, r) =>
        columns.map((c, i): Expr => ({ kind: 'const', sql: literalSql(c[r]), type: types[i] ?? '' })),
      );
      return { op: 'values', rows, types };
    }
    case 'EMPTY_RESULT':
      return { op: 'values', rows: [], types: listOf(o.return_types).map(typeSql) };
    default:
      throw new UnsupportedPlan(name.toLowerCase().replaceAll('_', ' '), `no distributed form of ${name} is known here`);
  }
}

function joinOf(name: string, o: JsonObject, scope: Scope): LogicalNode {
  const [first, second] = listOf(o.children);
  const left = nodeOf(first, scope);
  if (o.delim_flipped === true) throw new UnsupportedPlan('delim join', 'a flipped correlated join');
  const delim: DelimSource | undefined =
    name === 'DELIM_JOIN' ? { columns: listOf(o.duplicate_eliminated_columns).map((e) => exprOf(e)) } : undefined;
  const right = nodeOf(second, delim ? { ...scope, delims: [...scope.delims, delim] } : scope);
  if (listOf(o.left_projection_map).length > 0 || listOf(o.right_projection_map).length > 0)
    throw new UnsupportedPlan('join', 'a join with a projection map');
  const kind = JOIN_KINDS[typeof o.join_type === 'string' ? o.join_type : 'INNER'];
  if (!kind) throw new UnsupportedPlan('join', `the join type ${String(o.join_type)} is unknown here`);
  const conditions: JoinCondition[] = listOf(o.conditions).map((c) => {
    const q = objectOf(c, 'condition');
    return { left: exprOf(q.left), right: exprOf(q.right), op: compareOp(q.comparison) };
  });
  const rest: Expr[] = [];
  for (const p of [o.condition, o.predicate]) {
    if (p) for (const e of conjuncts(exprOf(p))) splitCondition(e, left.types.length, conditions, rest);
  }
  if (kind === 'MARK' && conditions.filter((c) => c.op !== 'IS NOT DISTINCT FROM').length > 1) {
    throw new UnsupportedPlan('mark join', 'a subquery compared by several columns at once');
  }
  const types = joinTypes(kind, left.types, right.types);
  return {
    op: 'join',
    kind,
    asof: name === 'ASOF_JOIN',
    left,
    right,
    conditions,
    residual: rest,
    types,
    ...(delim ? { delim } : {}),
  };
}

/** A conjunct over both sides becomes an equality condition where it is one, else stays a residual. */
function splitCondition(e: Expr, width: number, conditions: JoinCondition[], rest: Expr[]): void {
  const side = (x: Expr): 'left' | 'right' | 'both' => {
    const found = [...refsOf(x)];
    if (found.length > 0 && found.every((i) => i < width)) return 'left';
    return found.length > 0 && found.every((i) => i >= width) ? 'right' : 'both';
  };
  if (e.kind === 'compare' && (e.op === '=' || e.op === 'IS NOT DISTINCT FROM')) {
    if (side(e.left) === 'left' && side(e.right) === 'right') {
      conditions.push({ left: e.left, right: shiftRefs(e.right, -width), op: e.op });
      return;
    }
    if (side(e.left) === 'right' && side(e.right) === 'left') {
      conditions.push({ left: e.right, right: shiftRefs(e.left, -width), op: e.op });
      return;
    }
  }
  rest.push(e);
}
