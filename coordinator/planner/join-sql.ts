/** Joins as SQL that DuckDB runs by hash. */
import { InvariantError } from '../../shared/assert.ts';
import { type ColumnWriter, exprSql } from './expression-sql.ts';
import { type Expr, refsOf, shiftRefs, walk } from './expressions.ts';
import { VOLATILE_FUNCTIONS } from './functions.ts';
import type { JoinCondition, JoinNode } from './logical.ts';
import { selectList } from './select-list.ts';

const of =
  (alias: string): ColumnWriter =>
  (i) =>
    `${alias}.c${i}`;

/** `left` and `right`: subqueries in parentheses, without a name. */
export function joinSql(n: JoinNode, left: string, right: string): string {
  if (n.kind === 'MARK') {
    const mark = markSql(n, `${right} r`, conditionSql(n.conditions, n.residual, n));
    return `SELECT ${selectList([...columnsOf(n, 'l'), mark])} FROM ${left} l`;
  }
  if (n.kind === 'SINGLE') return singleSql(n, `${left} l`, `${right} r`, conditionSql(n.conditions, n.residual, n));
  const { conditions, residual } = folded(n);
  const keyed = conditions.some((c) => c.op === '=' || c.op === 'IS NOT DISTINCT FROM');
  if (n.kind !== 'INNER' && keyed && !n.asof && residual.some((e) => !isComparison(e, n))) return byRowSql(n, left, right);
  const on = conditionSql(conditions, residual, n);
  switch (n.kind) {
    case 'SEMI':
    case 'ANTI':
      return `SELECT * FROM ${left} l ${n.kind} JOIN ${right} r ON ${on}`;
    case 'RIGHT_SEMI':
    case 'RIGHT_ANTI':
      return `SELECT * FROM ${right} r ${n.kind.slice(6)} JOIN ${left} l ON ${on}`;
    default: {
      const columns = [...columnsOf(n, 'l'), ...columnsOf(n, 'r')];
      return `SELECT ${selectList(columns)} FROM ${left} l ${n.asof ? 'ASOF ' : ''}${n.kind} JOIN ${right} r ON ${on}`;
    }
  }
}

type Side = 'l' | 'r';

function columnsOf(n: JoinNode, side: Side): readonly string[] {
  return (side === 'l' ? n.left : n.right).types.map((_, i) => `${side}.c${i}`);
}

function conditionSql(conditions: readonly JoinCondition[], residual: readonly Expr[], n: JoinNode): string {
  const width = n.left.types.length;
  const both: ColumnWriter = (i) => (i < width ? `l.c${i}` : `r.c${i - width}`);
  const tests = [
    ...conditions.map((c) => `(${exprSql(c.left, of('l'))} ${c.op} ${exprSql(c.right, of('r'))})`),
    ...residual.map((e) => exprSql(e, both)),
  ];
  return tests.length > 0 ? tests.join(' AND ') : 'true';
}

/** The side that an expression over both looks at, if it is one. */
function sideOf(e: Expr, width: number): Side | undefined {
  const refs = [...refsOf(e)];
  if (refs.length === 0) return undefined;
  if (refs.every((i) => i < width)) return 'l';
  return refs.every((i) => i >= width) ? 'r' : undefined;
}

/** A comparison of one side with the other, which DuckDB tests while it looks up the keys. */
function isComparison(e: Expr, n: JoinNode): boolean {
  const width = n.left.types.length;
  if (e.kind !== 'compare') return false;
  const [a, b] = [sideOf(e.left, width), sideOf(e.right, width)];
  return a !== undefined && b !== undefined && a !== b;
}

/**
 * With a condition on one side alone, DuckDB compares every row of an outer join with every other. Such a condition goes into an equal
 * key: where it is not true the key is NULL, and NULL equals nothing.
 */
function folded(n: JoinNode): Pick<JoinNode, 'conditions' | 'residual'> {
  const at = n.conditions.findIndex((c) => c.op === '=');
  const key = n.conditions[at];
  if (!key || n.kind === 'INNER') return n;
  const width = n.left.types.length;
  const foldable = (e: Expr): Side | undefined => (isVolatileExpr(e) ? undefined : sideOf(e, width));
  const own = (side: Side): readonly Expr[] => n.residual.filter((e) => foldable(e) === side);
  if (own('l').length + own('r').length === 0) return n;
  const when = (value: Expr, side: Side): Expr => {
    const tests = own(side).map((e) => shifted(e, side === 'r' ? width : 0));
    if (tests.length === 0) return value;
    const text = ['CASE WHEN ', ...tests.slice(1).map(() => ' AND '), ' THEN ', ' END'];
    return { kind: 'template', text, args: [...tests, value], type: value.type };
  };
  const conditions = n.conditions.map((c, i) => (i === at ? { ...c, left: when(c.left, 'l'), right: when(c.right, 'r') } : c));
  return { conditions, residual: n.residual.filter((e) => foldable(e) === undefined) };
}

function isVolatileExpr(e: Expr): boolean {
  let found = false;
  walk(e, (x) => {
    if (x.kind === 'template' && x.fn !== undefined && VOLATILE_FUNCTIONS.has(x.fn)) found = true;
  });
  return found;
}

function shifted(e: Expr, by: number): Expr {
  return by === 0 ? e : shiftRefs(e, -by);
}

/**
 * An outer join by keys with a condition that is no comparison of the two sides: DuckDB would compare every row with every other. So
 * the matches are joined by key and filtered, and rows without one are found by their number.
 */
function byRowSql(n: JoinNode, left: string, right: string): string {
  const numbered = (side: Side, sql: string): string =>
    `${side} AS MATERIALIZED (SELECT ${side}.*, row_number() OVER () AS n FROM ${sql} ${side})`;
  const columns = [...columnsOf(n, 'l'), ...columnsOf(n, 'r')];
  const matches = `m AS MATERIALIZED (SELECT ${selectList([...columns, 'l.n', 'r.n'])} FROM l INNER JOIN r ON ${conditionSql(n.conditions, n.residual, n)})`;
  const number = { l: `m.c${columns.length}`, r: `m.c${columns.length + 1}` };
  const nulls = (side: Side): readonly string[] => (side === 'l' ? n.left : n.right).types.map((t) => `CAST(NULL AS ${t})`);
  const byNumber = (side: Side, word: 'SEMI' | 'ANTI', list: readonly string[]): string =>
    `SELECT ${selectList(list)} FROM ${side} ${word} JOIN m ON ${side}.n = ${number[side]}`;
  const parts: string[] = [];
  if (n.kind === 'LEFT' || n.kind === 'RIGHT' || n.kind === 'FULL') {
    parts.push(`SELECT ${selectList(columns.map((_, i) => `m.c${i}`))} FROM m`);
    if (n.kind !== 'RIGHT') parts.push(byNumber('l', 'ANTI', [...columnsOf(n, 'l'), ...nulls('r')]));
    if (n.kind !== 'LEFT') parts.push(byNumber('r', 'ANTI', [...nulls('l'), ...columnsOf(n, 'r')]));
  } else {
    const side = n.kind.startsWith('RIGHT') ? 'r' : 'l';
    parts.push(byNumber(side, n.kind.endsWith('SEMI') ? 'SEMI' : 'ANTI', columnsOf(n, side)));
  }
  return `WITH ${[numbered('l', left), numbered('r', right), matches].join(', ')} ${parts.join(' UNION ALL ')}`;
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
