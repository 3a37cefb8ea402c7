/** Aggregates in two steps: partial values in every task, merged where those of a group have met. */
import { groupsIn } from './distribute-sets.ts';
import { distinctOf } from './estimates.ts';
import { projected } from './exchange-keys.ts';
import { type Aggregate, type Expr, ref } from './expressions.ts';
import type { AggregateNode, LogicalNode } from './logical.ts';
import { mapBranches, movedKeys, type Relation, type Size, scattered } from './relation.ts';
import { IDEMPOTENT, type Split, splitAggregate } from './split-aggregate.ts';

type Node = AggregateNode & { readonly types: readonly string[] };

export interface Steps {
  /** One more key of the partial step: the argument of the DISTINCT aggregates. */
  readonly key: Expr | undefined;
  /** Per aggregate, in order; `merge` of a DISTINCT one is given the key. */
  readonly splits: readonly Split[];
}

/** All DISTINCT aggregates over one plain argument: group by it as well, and remove duplicates once more at the end. */
export function distinctArgument(n: Node): Steps | undefined {
  const distinct = n.aggregates.filter((a) => a.distinct && !IDEMPOTENT.has(a.name));
  const [key] = distinct[0]?.args ?? [];
  if (!key || n.sets) return undefined;
  const text = JSON.stringify([key]);
  if (distinct.some((a) => a.filter || a.orders.length > 0 || a.extra.length > 0 || JSON.stringify(a.args) !== text))
    return undefined;
  const splits = n.aggregates.map((a): Split | undefined => {
    if (!distinct.includes(a)) return splitAggregate(a);
    return {
      partial: [],
      merge: ([k]) => (k ? [{ ...a, args: [k] }] : []),
      result: ([m]) => m ?? key,
    };
  });
  return splits.every((s): s is Split => s !== undefined) ? { key, splits } : undefined;
}

export interface Partials {
  readonly relation: Relation;
  /** The groups of the final step, as columns of the partial one. */
  readonly groups: readonly Expr[];
  /** Of each partial aggregate, by its text, the column. */
  readonly at: ReadonlyMap<string, number>;
}

export function partially(n: Node, input: Relation, steps: Steps): Partials {
  const by = steps.key ? [...n.groups, steps.key] : n.groups;
  const at = new Map<string, number>();
  const partials: Aggregate[] = [];
  // avg(x) and sum(x) share a partial sum.
  for (const p of steps.splits.flatMap((s) => s.partial)) {
    const text = JSON.stringify(p);
    if (!at.has(text)) at.set(text, by.length + partials.push(p) - 1);
  }
  // With grouping sets, the set that a row belongs to is one more key.
  const groupings = n.sets ? [n.groups.map((_, i) => i)] : [];
  const types = [...by.map((g) => g.type), ...partials.map((a) => a.type), ...groupings.map(() => 'BIGINT')];
  const over = (b: LogicalNode): LogicalNode => ({
    op: 'aggregate',
    input: b,
    groups: by,
    aggregates: partials,
    sets: n.sets,
    groupings,
    phase: 'partial',
    types,
  });
  const relation = mapBranches(scattered(input), over, {
    types,
    rows: by.length === 0 ? 1 : groupsIn(input, by) * (n.sets?.length ?? 1),
    rowBytes: 12 * types.length,
    distinct: by.map((g) => distinctOf(g, input.distinct)),
  });
  const keys = n.groups.map((g, i) => ref(i, g.type));
  return { relation, groups: n.sets ? [...keys, ref(types.length - 1, 'BIGINT')] : keys, at };
}

/** `met`: the partial values, those of one group in one task. */
export function merged(n: Node, steps: Steps, partials: Partials, met: Relation, like: Size): Relation {
  const { groups } = partials;
  const aggregates: Aggregate[] = [];
  const results: Expr[] = [];
  steps.splits.forEach((split, i) => {
    const values =
      split.partial.length === 0
        ? [ref(n.groups.length, steps.key?.type ?? '')]
        : split.partial.map((p) => ref(partials.at.get(JSON.stringify(p)) ?? 0, p.type));
    const merge = split.merge(values);
    const base = groups.length + aggregates.length;
    aggregates.push(...merge);
    const out = split.result(merge.map((m, j) => ref(base + j, m.type)));
    results.push({ kind: 'cast', arg: out, type: n.aggregates[i]?.type ?? out.type, safe: false });
  });
  const types = [...groups.map((g) => g.type), ...aggregates.map((m) => m.type)];
  const over = (b: LogicalNode): LogicalNode => ({
    op: 'aggregate',
    input: b,
    groups,
    aggregates,
    sets: undefined,
    groupings: [],
    phase: 'final',
    types,
  });
  const final = grouped(met, groups, mapBranches(met, over, { ...sizeOf(like), types }));
  const functions = n.groupings.map((f) => groupingFunction(f, n.groups.length));
  const keys = n.groups.map((g, i) => ref(i, g.type));
  return { ...projected(final, [...keys, ...results, ...functions]), types: n.types };
}

const sizeOf = ({ rows, most, rowBytes }: Size): Size => ({ rows, most, rowBytes });

/** What grouping leaves of distinct counts and places: output column i is group i. */
export function grouped(input: Relation, groups: readonly Expr[], out: Relation): Relation {
  const distinct = groups.map((g) => distinctOf(g, input.distinct));
  const place = (c: number) => groups.flatMap((g, i) => (g.kind === 'ref' && g.index === c ? [i] : []));
  const hashed = input.hashed && movedKeys(input.hashed, place);
  const { hashed: _before, ...rest } = out;
  return hashed ? { ...rest, distinct, hashed } : { ...rest, distinct };
}

/** grouping(a, b) out of the bits of grouping(all keys): the first argument is the highest bit. */
function groupingFunction(positions: readonly number[], keys: number): Expr {
  const bits = positions.map((p, i) => `(((#) >> ${keys - 1 - p}) & 1) << ${positions.length - 1 - i}`);
  const text = `CAST((${bits.map((b) => `(${b})`).join(' | ')}) AS BIGINT)`.split('#');
  return { kind: 'template', text, args: positions.map(() => ref(keys, 'BIGINT')), type: 'BIGINT' };
}
