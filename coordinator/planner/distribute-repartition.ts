/** Partitions that an author asked for: rows that take turns, meet by keys, or stay with their neighbours. */

import { PARTITION, placed } from './distribute-places.ts';
import { hashExchange, withKeys } from './exchange-keys.ts';
import { type Expr, ref, template } from './expressions.ts';
import { columnsOf, type LogicalNode, type Producer, type RepartitionNode } from './logical.ts';
import { gathered, isSmall, type Relation, read, readBy, scattered } from './relation.ts';

/** So few rows a partition are dealt out by one task: where several deal, each begins anew, and first ones get more. */
const FEW_ROWS = 256;

export function repartitioned(n: RepartitionNode, input: Relation): Relation {
  const { by, count } = n;
  if (by === 'neighbours') return coalesced(input, count);
  if (count === 1) return gathered(input);
  if (by === 'turns') return inTurns(input, count);
  const keys = n.keys.map((k) => ref(k, input.types[k] ?? ''));
  return hashExchange(withKeys(input, keys), count, { each: true });
}

function inTurns(input: Relation, count: number): Relation {
  const isFew = input.rows <= FEW_ROWS * count && isSmall(input);
  const rows = scattered(isFew ? gathered(input) : input);
  const producer: Producer = {
    // The bucket is one more column, which is not stored.
    branches: rows.branches.map((b) => dealt(b, count, rows.many)),
    types: input.types,
    many: rows.many,
    partitioning: { kind: 'range', count },
    turns: true,
  };
  return { ...rows, branches: [read('range', producer, { each: true })], types: input.types, many: true };
}

/** By the place of a row in its task, so that the same rows are dealt out alike each time. Each of several tasks begins elsewhere. */
function dealt(b: LogicalNode, count: number, many: boolean): LogicalNode {
  const buckets: Expr = { kind: 'const', sql: String(count), type: 'BIGINT' };
  const place = ref(b.types.length, 'BIGINT');
  const turn = many ? template('BIGINT')`${place} + CAST(hash(${PARTITION}) % ${buckets} AS BIGINT)` : place;
  const bucket = template('INTEGER')`CAST((${turn}) % ${buckets} AS INTEGER)`;
  return { op: 'project', input: placed(b), exprs: [...columnsOf(b), bucket], types: [...b.types, 'INTEGER'] };
}

function coalesced(input: Relation, count: number): Relation {
  if (!input.many) return input;
  if (count === 1) return gathered(input);
  return { ...scattered(input), branches: [readBy('forward', input, { tasks: count })] };
}
