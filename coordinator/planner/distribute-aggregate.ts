/**
 * Aggregates: partially in every task, finally in one task where groups are few, else in the buckets of a hash exchange by the groups.
 * What cannot be merged from parts is computed where all rows of a group are.
 */
import { fewGroups, groupsIn, mostGroups } from './distribute-sets.ts';
import { isHashable, isTogether, togetherBy, withKeys } from './exchange-keys.ts';
import { type Aggregate, type Expr, ref } from './expressions.ts';
import type { AggregateNode, LogicalNode } from './logical.ts';
import {
  type Distribution,
  fallBack,
  gathered,
  mapBranches,
  nodeOf,
  type Relation,
  type Size,
  scattered,
  single,
} from './relation.ts';
import { type Split, splitAggregate } from './split-aggregate.ts';
import { distinctArgument, grouped, merged, type Partials, partially, type Steps } from './two-steps.ts';

type Node = AggregateNode & { readonly types: readonly string[] };

/** Partial aggregates that leave more than this part of the rows are work for nothing. */
const WORTH_PARTIAL = 0.7;

export function aggregateOver(n: Node, input: Relation, d: Distribution): Relation {
  const sets = n.sets?.length ?? 1;
  const like: Size = {
    rows: n.groups.length === 0 ? 1 : groupsIn(input, n.groups) * sets,
    most: n.groups.length === 0 ? 1 : mostGroups(input, n.groups) * sets,
    rowBytes: 12 * n.types.length,
  };
  if (!input.many) return grouped(input, n.groups, single({ ...n, input: nodeOf(input) }, like));
  const splits = n.aggregates.map(splitAggregate);
  const steps =
    distinctArgument(n) ?? (splits.every((s): s is Split => s !== undefined) ? { key: undefined, splits } : undefined);
  const hashable = n.groups.every((g) => isHashable(g.type));
  if (n.groups.length > 0 && !n.sets && hashable) {
    if (isTogether(input, n.groups)) return inPlace(n, input, n.groups, like);
    if (!steps || wantsRows(n, input, steps)) return afterExchange(n, input, like);
  }
  if (!steps) return stuck(n, n.aggregates[splits.indexOf(undefined)], input, like, d);
  const partials = partially(n, input, steps);
  if (fewGroups(input, n.groups) === undefined && hashable)
    return merged(n, steps, partials, togetherBy(partials.relation, partials.groups), like);
  if (steps.key && fewGroups(input, [...n.groups, steps.key]) === undefined) {
    const spread = spreadValues(n, steps, partials, d);
    if (spread) return spread;
  }
  return merged(n, steps, partials, gathered(partials.relation), like);
}

/** Every group is in one task already. */
function inPlace(n: Node, input: Relation, groups: readonly Expr[], like: Size): Relation {
  const over = (b: LogicalNode): LogicalNode => ({ ...n, groups, input: b });
  return grouped(input, groups, mapBranches(input, over, { ...like, types: n.types }));
}

function afterExchange(n: Node, input: Relation, like: Size): Relation {
  const keyed = withKeys(input, n.groups);
  const groups = keyed.at.map((at, i) => ref(at, n.groups[i]?.type ?? ''));
  return inPlace(n, togetherBy(keyed.relation, groups), groups, like);
}

/** Partial values would be about as many, or as large, as the rows themselves. */
function wantsRows(n: Node, input: Relation, steps: Steps): boolean {
  if (fewGroups(input, n.groups) !== undefined) return false;
  if (steps.splits.some((s) => s.partial.some((p) => p.type.endsWith('[]')))) return true;
  return groupsIn(input, steps.key ? [...n.groups, steps.key] : n.groups) > WORTH_PARTIAL * input.rows;
}

/** Few groups with many different values: the values meet by hash, and what each bucket has of them is merged. */
function spreadValues(n: Node, steps: Steps, partials: Partials, d: Distribution): Relation | undefined {
  const key = steps.key;
  const plain = n.aggregates.map((a): Aggregate => ({ ...a, distinct: false, args: [ref(n.groups.length, key?.type ?? '')] }));
  const all = steps.splits.every((s) => s.partial.length === 0);
  if (!key || !all || !isHashable(key.type) || !n.groups.every((g) => isHashable(g.type)) || !plain.every(splitAggregate))
    return undefined;
  const columns = [...n.groups, key].map((g, i) => ref(i, g.type));
  const types = columns.map((c) => c.type);
  const once = (input: LogicalNode): LogicalNode => ({
    op: 'aggregate',
    input,
    groups: columns,
    aggregates: [],
    sets: undefined,
    groupings: [],
    phase: 'final',
    types,
  });
  const values = mapBranches(togetherBy(partials.relation, columns), once);
  return aggregateOver({ ...n, groups: columns.slice(0, -1), aggregates: plain }, scattered(values), d);
}

function stuck(n: Node, a: Aggregate | undefined, input: Relation, like: Size, d: Distribution): Relation {
  const call = a ? `${a.name}(${a.distinct ? 'DISTINCT ' : ''}...${a.orders.length > 0 ? ' ORDER BY ...' : ''})` : 'it';
  const why = `${call} needs all rows of a group in one task`;
  return grouped(input, n.groups, { ...fallBack(n, [input], d, `aggregate ${a?.name ?? ''}`.trim(), why), ...like });
}
