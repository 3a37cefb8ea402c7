/** Aggregates in two steps: partially in every task, finally in one. */

import { type Aggregate, castTo, type Expr, ref } from './expressions.ts';
import type { AggregateNode, LogicalNode } from './logical.ts';
import { type Distribution, gathered, mapBranches, nodeOf, type Relation, single } from './relation.ts';
import { type Split, splitAggregate } from './split-aggregate.ts';

type Node = AggregateNode & { readonly types: readonly string[] };

const IDEMPOTENT = new Set(['min', 'max', 'bool_and', 'bool_or', 'bit_and', 'bit_or']);

export function aggregateOver(n: Node, input: Relation, d: Distribution): Relation {
  const rows = n.groups.length === 0 ? 1 : Math.max(1, input.rows * 0.1);
  const like = { rows, rowBytes: 12 * n.types.length };
  if (!input.many) return single({ ...n, input: nodeOf(input) }, like);
  const deduplicated = distinctArgument(n);
  if (deduplicated) return twoSteps(n, input, deduplicated, like);
  const splits = n.aggregates.map(splitAggregate);
  const stuck = n.aggregates[splits.indexOf(undefined)];
  if (stuck) {
    const node: LogicalNode = { ...n, input: nodeOf(gathered(input)) };
    d.fallbacks.set(node, {
      scope: 'operator',
      operator: `aggregate ${stuck.name}`,
      why: `${describe(stuck)} needs all rows of a group in one task`,
    });
    return single(node, like);
  }
  return twoSteps(n, input, { key: undefined, splits: splits.filter((s): s is Split => s !== undefined) }, like);
}

function describe(a: Aggregate): string {
  return `${a.name}(${a.distinct ? 'DISTINCT ' : ''}...${a.orders.length > 0 ? ' ORDER BY ...' : ''})`;
}

interface Steps {
  /** One more key of the partial step: the argument of the DISTINCT aggregates. */
  readonly key: Expr | undefined;
  /** Per aggregate, in order; `merge` of a DISTINCT one is given the key. */
  readonly splits: readonly Split[];
}

/** All DISTINCT aggregates over one plain argument: group by it as well, and remove duplicates once more at the end. */
function distinctArgument(n: Node): Steps | undefined {
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

function twoSteps(n: Node, input: Relation, steps: Steps, like: Pick<Relation, 'rows' | 'rowBytes'>): Relation {
  const groups = steps.key ? [...n.groups, steps.key] : n.groups;
  // avg(x) and sum(x) share a partial sum.
  const positions = new Map<string, number>();
  const partials: Aggregate[] = [];
  for (const p of steps.splits.flatMap((s) => s.partial)) {
    const text = JSON.stringify(p);
    if (!positions.has(text)) positions.set(text, partials.push(p) - 1);
  }
  // With grouping sets, the set that a row belongs to is one more key.
  const groupings = n.sets ? [n.groups.map((_, i) => i)] : [];
  const types = [...groups.map((g) => g.type), ...partials.map((a) => a.type), ...groupings.map(() => 'BIGINT')];
  const partial = mapBranches(
    input,
    (b): LogicalNode => ({
      op: 'aggregate',
      input: b,
      groups,
      aggregates: partials,
      sets: n.sets,
      groupings,
      phase: 'partial',
      types,
    }),
    like.rows * (steps.key ? 5 : 1),
  );
  const setId = n.sets ? types.length - 1 : undefined;
  const keys = n.groups.map((g, i) => ref(i, g.type));
  const finalGroups = setId === undefined ? keys : [...keys, ref(setId, 'BIGINT')];
  const merged: Aggregate[] = [];
  const results: Expr[] = [];
  steps.splits.forEach((split, i) => {
    const values =
      split.partial.length === 0
        ? [ref(groups.length - 1, steps.key?.type ?? '')]
        : split.partial.map((p) => ref(groups.length + (positions.get(JSON.stringify(p)) ?? 0), p.type));
    const merge = split.merge(values);
    const base = finalGroups.length + merged.length;
    merged.push(...merge);
    const out = split.result(merge.map((m, j) => ref(base + j, m.type)));
    results.push(
      castTo({ kind: 'cast', arg: out, type: n.aggregates[i]?.type ?? out.type, safe: false }, n.aggregates[i]?.type ?? out.type),
    );
  });
  const final: LogicalNode = {
    op: 'aggregate',
    input: nodeOf(gathered(partial)),
    groups: finalGroups,
    aggregates: merged,
    sets: undefined,
    groupings: [],
    phase: 'final',
    types: [...finalGroups.map((g) => g.type), ...merged.map((m) => m.type)],
  };
  const functions = n.groupings.map((f) => groupingFunction(f, n.groups.length));
  return single({ op: 'project', input: final, exprs: [...keys, ...results, ...functions], types: n.types }, like);
}

/** grouping(a, b) out of the bits of grouping(all keys): the first argument is the highest bit. */
function groupingFunction(positions: readonly number[], keys: number): Expr {
  const bits = positions.map((p, i) => `(((#) >> ${keys - 1 - p}) & 1) << ${positions.length - 1 - i}`);
  const text = `CAST((${bits.map((b) => `(${b})`).join(' | ')}) AS BIGINT)`.split('#');
  return { kind: 'template', text, args: positions.map(() => ref(keys, 'BIGINT')), type: 'BIGINT' };
}
