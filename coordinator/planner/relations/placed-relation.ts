/** Relations that hold the rows of another one in other partitions, numbered by their places, or some of them. */
import type { AuthorRelation } from '../../../shared/plan/author-plan.ts';
import { isHashable } from '../exchange-keys.ts';
import type { RepartitionNode } from '../logical.ts';
import type { Made, RelationContext } from './guest-relation.ts';
import { refusedPlan } from './refused.ts';
import { keysIn, refuseDoubles } from './schema.ts';

type Of<Kind extends AuthorRelation['kind']> = Extract<AuthorRelation, { kind: Kind }>;

export function placedRelation(
  relation: Of<'repartition' | 'coalesce' | 'zipWithIndex' | 'sample'>,
  context: RelationContext,
): Made {
  switch (relation.kind) {
    case 'repartition':
      return repartition(relation, context);
    case 'coalesce':
      return partitioned(relation, context, { by: 'neighbours', keys: [] });
    case 'zipWithIndex':
      return zipWithIndex(relation, context);
    case 'sample': {
      const { node: input, columns } = context.read(relation.input);
      const { fraction, seed = 0 } = relation;
      return { columns, node: { op: 'draw', input, fraction, seed, types: input.types } };
    }
  }
}

function partitioned(
  { input: wanted, partitions: count }: Of<'repartition' | 'coalesce'>,
  { read }: RelationContext,
  how: Pick<RepartitionNode, 'by' | 'keys'>,
): Made {
  const { node: input, columns } = read(wanted);
  return { columns, node: { op: 'repartition', input, count, ...how, types: input.types } };
}

function repartition(relation: Of<'repartition'>, context: RelationContext): Made {
  if (!relation.keys) return partitioned(relation, context, { by: 'turns', keys: [] });
  const { name } = context;
  const { columns } = context.read(relation.input);
  const keys = keysIn(columns, relation.keys, name, relation.input);
  const odd = keys.flatMap((k) => columns[k] ?? []).find((c) => !isHashable(c.type));
  if (!odd) return partitioned(relation, context, { by: 'keys', keys });
  const detail = `Equal values of the key "${odd.name}", ${odd.type}, cannot be found by their hash.`;
  throw refusedPlan('plan-schema', name, detail, 'Cast it in SQL before, e.g. to VARCHAR.');
}

function zipWithIndex({ input: wanted, column = 'index' }: Of<'zipWithIndex'>, { name, read }: RelationContext): Made {
  const { node: input, columns: own } = read(wanted);
  const columns = [...own, { name: column, type: 'BIGINT' }];
  refuseDoubles(columns, name, 'Say `column`: what the numbers are to be called.');
  return { columns, node: { op: 'number', input, types: [...input.types, 'BIGINT'] } };
}
