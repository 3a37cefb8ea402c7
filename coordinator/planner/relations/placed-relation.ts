/** Relations that hold the rows of another one in other partitions. */
import type { AuthorRelation } from '../../../shared/plan/author-plan.ts';
import { isHashable } from '../exchange-keys.ts';
import type { Made, RelationContext } from './guest-relation.ts';
import { refusedPlan } from './refused.ts';
import { keysIn } from './schema.ts';

type Placed = Extract<AuthorRelation, { kind: 'repartition' | 'coalesce' }>;

export function placedRelation(relation: Placed, { name, read }: RelationContext): Made {
  const { node: input, columns } = read(relation.input);
  const { types } = input;
  const rest = { op: 'repartition' as const, input, count: relation.partitions, types };
  if (relation.kind === 'coalesce') return { columns, node: { ...rest, by: 'neighbours', keys: [] } };
  if (!relation.keys) return { columns, node: { ...rest, by: 'turns', keys: [] } };
  const keys = keysIn(columns, relation.keys, name, relation.input);
  const odd = keys.flatMap((k) => columns[k] ?? []).find((c) => !isHashable(c.type));
  if (!odd) return { columns, node: { ...rest, by: 'keys', keys } };
  const detail = `Equal values of the key "${odd.name}", ${odd.type}, cannot be found by their hash.`;
  throw refusedPlan('plan-schema', name, detail, 'Cast it in SQL before, e.g. to VARCHAR.');
}
