/**
 * Guests as aggregates of SQL. DuckDB binds them as macros over an aggregate that it knows, marked by a separator, which keeps the
 * arguments as they are; in the plan that comes of it the marked aggregates are made guests.
 */
import type { ChildMacro } from '../child-protocol.ts';
import { type Aggregate, castTo, type Expr, ref } from '../expressions.ts';
import { quoteName, quoteText } from '../literals.ts';
import {
  type AggregateNode,
  columnsOf,
  inputsOf,
  type JoinCondition,
  type LogicalNode,
  SharedPlan,
  withInputs,
} from '../logical.ts';
import { expressionsOf, isVolatile } from '../properties.ts';
import { refusal } from '../sql-errors.ts';
import type { RelationColumn } from './schema.ts';

export interface GuestAggregate {
  readonly name: string;
  readonly args: readonly string[];
  readonly returns: RelationColumn;
  /** Over the keys, then the arguments. */
  readonly over: (input: LogicalNode, columns: readonly RelationColumn[], keys: number) => LogicalNode;
}

const markOf = (name: string): string => `muster guest ${name}`;

/** Through text and back: types that DuckDB can write and read. */
export function macroOf({ name, args, returns }: GuestAggregate): ChildMacro {
  const params = args.map((_, i) => `p${i}`);
  const rows = `CAST({${params.map((p) => `'${p}': ${p}`).join(', ')}} AS VARCHAR)`;
  const sql = `CAST(string_agg(${rows}, ${quoteText(markOf(name))}) AS ${returns.type})`;
  return { name, sql: `CREATE MACRO ${quoteName(name)}(${params.join(', ')}) AS ${sql}` };
}

type Aggregated = AggregateNode & { readonly types: readonly string[] };

/** Puts guests in the places of the marked aggregates. */
export function withGuestAggregates(root: LogicalNode, guests: readonly GuestAggregate[]): LogicalNode {
  if (guests.length === 0) return root;
  const byMark = new Map(guests.map((g) => [quoteText(markOf(g.name)), g]));
  const guestOf = (a: Aggregate): GuestAggregate | undefined =>
    a.name === 'string_agg' ? byMark.get(a.extra[0] ?? '') : undefined;
  const pass = (n: LogicalNode): LogicalNode => {
    if (n.op === 'shared') {
      n.shared.rewrite(pass);
      return n;
    }
    const done = withInputs(n, inputsOf(n).map(pass));
    return done.op === 'aggregate' && done.aggregates.some(guestOf) ? replaced(done, guestOf) : done;
  };
  return pass(root);
}

function replaced(n: Aggregated, guestOf: (a: Aggregate) => GuestAggregate | undefined): LogicalNode {
  const first = n.aggregates.map(guestOf).find((g) => g !== undefined);
  if (n.sets || n.groupings.length > 0)
    throw refusal(`${first?.name}() cannot be computed over grouping sets`, 'Use GROUP BY, one query a set, and UNION ALL.');
  const width = n.groups.length;
  const plain = n.aggregates.filter((a) => !guestOf(a));
  const several = n.aggregates.length > 1;
  // Each part reads the rows by itself; where they might differ from one time to the next, they are made once.
  const shared = several && !isRepeatable(n.input) ? new SharedPlan('rows', n.input) : undefined;
  const input: LogicalNode = shared ? { op: 'shared', shared, types: n.input.types } : n.input;
  const keyTypes = n.groups.map((g) => g.type);
  const parts: LogicalNode[] = [];
  if (plain.length > 0) parts.push({ ...n, input, aggregates: plain, types: [...keyTypes, ...plain.map((a) => a.type)] });
  const places: number[] = [];
  let column = width + plain.length;
  let plainAt = width;
  for (const a of n.aggregates) {
    const guest = guestOf(a);
    places.push(guest ? column++ : plainAt++);
    if (guest) parts.push(part(n, input, a, guest));
  }
  const [start, ...rest] = parts;
  if (!start) return n;
  const all = rest.reduce((left, right) => met(left, right, width), start);
  const at = [...n.groups.map((_, i) => i), ...places];
  return {
    op: 'project',
    input: all,
    exprs: at.map((c, i) => castTo(ref(c, all.types[c] ?? ''), n.types[i] ?? '')),
    types: n.types,
  };
}

function isRepeatable(n: LogicalNode): boolean {
  return n.op !== 'shared' && !isVolatile(n) && inputsOf(n).every(isRepeatable) && n.op !== 'guest';
}

/** Keys, then the guest's value as text, as the marked aggregate would have had it. */
function part(n: Aggregated, input: LogicalNode, a: Aggregate, guest: GuestAggregate): LogicalNode {
  const args = argumentsOf(a, n.input);
  const exprs = [...n.groups, ...args];
  const rows: LogicalNode = { op: 'project', input, exprs, types: exprs.map((e) => e.type) };
  const names = [...n.groups.map((_, i) => `key${i}`), ...guest.args];
  const columns = exprs.map((e, i) => ({ name: names[i] ?? '', type: e.type }));
  const made = guest.over(rows, columns, n.groups.length);
  const last = made.types.length - 1;
  const out = [...columnsOf(made).slice(0, last), castTo(ref(last, made.types[last] ?? ''), a.type)];
  return { op: 'project', input: made, exprs: out, types: out.map((e) => e.type) };
}

/** What the author gave: DuckDB may have computed the row of it below. */
function argumentsOf(a: Aggregate, input: LogicalNode): readonly Expr[] {
  const [row] = a.args;
  const found = row?.kind === 'cast' ? row.arg : undefined;
  if (found?.kind === 'template' && found.text[0] === "{'p0': ") return found.args;
  throw refusal(`The arguments of an aggregate cannot be found in the plan (${input.op})`, 'Compute them in a query below.');
}

function met(left: LogicalNode, right: LogicalNode, keys: number): LogicalNode {
  const conditions = Array.from({ length: keys }, (_, i): JoinCondition => {
    const type = left.types[i] ?? '';
    return { left: ref(i, type), right: ref(i, right.types[i] ?? ''), op: 'IS NOT DISTINCT FROM' };
  });
  const types = [...left.types, ...right.types];
  const join: LogicalNode = { op: 'join', kind: 'INNER', asof: false, left, right, conditions, residual: [], types };
  const kept = columnsOf(join).filter((_, i) => i < left.types.length || i >= left.types.length + keys);
  return { op: 'project', input: join, exprs: kept, types: kept.map((e) => e.type) };
}

/** A mark that is left would be computed as what it is. */
export function refuseMarks(root: LogicalNode, guests: readonly GuestAggregate[]): void {
  if (guests.length === 0) return;
  const visit = (n: LogicalNode): void => {
    const own = n.op === 'aggregate' ? [] : [JSON.stringify(expressionsOf(n))];
    const found = guests.find((g) => own.some((text) => text.includes(markOf(g.name))));
    if (found) throw refusal(`${found.name}() can be called in SELECT and HAVING of a query with or without GROUP BY only`);
    for (const c of inputsOf(n)) visit(c);
  };
  visit(root);
}
