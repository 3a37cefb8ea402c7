/** Windows: rows of one partition meet in one task, by the hash of the partition's keys. */
import { numbered } from './distribute-places.ts';
import { isHashable, keepColumns, projected, togetherBy } from './exchange-keys.ts';
import { type Expr, ref, template } from './expressions.ts';
import type { LogicalNode, WindowNode } from './logical.ts';
import { type Distribution, fallBack, gathered, isSmall, mapBranches, nodeOf, type Relation, single } from './relation.ts';

type Node = WindowNode & { readonly types: readonly string[] };

/** Expressions that one exchange serves: its keys are among the partition keys of each. */
interface Group {
  readonly members: number[];
  keys: readonly Expr[];
}

const textOf = (e: Expr): string => JSON.stringify(e);

function groupsOf(n: Node): readonly Group[] {
  const groups: Group[] = [];
  n.partitions.forEach((partition, i) => {
    const own = new Set(partition.map(textOf));
    const fits = groups.find((g) =>
      g.keys.length === 0 ? partition.length === 0 : g.keys.some((k) => own.has(textOf(k)) && isHashable(k.type)),
    );
    if (fits) {
      fits.members.push(i);
      fits.keys = fits.keys.filter((k) => own.has(textOf(k)));
    } else groups.push({ members: [i], keys: partition.filter((k) => isHashable(k.type)) });
  });
  // Those that need all rows in one task come last: what is above them is in one task too.
  return [...groups.filter((g) => g.keys.length > 0), ...groups.filter((g) => g.keys.length === 0)];
}

export function windowOver(n: Node, input: Relation, d: Distribution): Relation {
  if (!input.many) return single({ ...n, input: nodeOf(input) }, input, [...input.distinct]);
  if (isSmall(input) && n.partitions.every((p) => p.length > 0))
    return single({ ...n, input: nodeOf(gathered(input)) }, input, [...input.distinct]);
  const width = n.input.types.length;
  const groups = groupsOf(n);
  let out = input;
  for (const group of groups) out = oneGroup(n, group, out, d);
  const order = groups.flatMap((g) => g.members);
  if (order.every((member, i) => member === i)) return out;
  const added = n.exprs.map((_, i) => width + order.indexOf(i));
  return keepColumns(out, [...Array.from({ length: width }, (_, i) => i), ...added]);
}

/** row_number() over everything, in any order. */
function isNumber(e: Expr, partition: readonly Expr[]): boolean {
  return e.kind === 'template' && e.fn === 'row_number' && e.args.length === 0 && partition.length === 0;
}

/** SQL numbers rows from 1 on. */
function numberedTimes(input: Relation, types: readonly string[]): Relation {
  const width = input.types.length;
  const number = template('BIGINT')`${ref(width, 'BIGINT')} + 1`;
  const exprs = types.map((type, i) => (i < width ? ref(i, type) : number));
  return projected(numbered(input), exprs);
}

function oneGroup(n: Node, group: Group, input: Relation, d: Distribution): Relation {
  const exprs = group.members.flatMap((i) => n.exprs[i] ?? []);
  const types = [...input.types, ...exprs.map((e) => e.type)];
  const partitions = group.members.map((i) => n.partitions[i] ?? []);
  const over = (b: LogicalNode): LogicalNode => ({ op: 'window', input: b, exprs, partitions, types });
  if (!input.many) return single(over(nodeOf(input)), input, input.distinct);
  if (!isSmall(input) && exprs.every((e, i) => isNumber(e, partitions[i] ?? []))) return numberedTimes(input, types);
  if (group.keys.length === 0) {
    const why = 'a window function without PARTITION BY sees all rows, so they are gathered';
    return { ...fallBack(over(n.input), [input], d, 'window', why), types };
  }
  const out = mapBranches(togetherBy(input, group.keys), over, { rowBytes: input.rowBytes + 8 * exprs.length });
  return { ...out, types };
}
