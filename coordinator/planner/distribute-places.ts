/** Rows by their places: numbered over all partitions, and samples. */
import { PARTITION_SQL } from '../../shared/plan/partition-step.ts';
import { type Aggregate, type Expr, ref, template, walk } from './expressions.ts';
import { columnsOf, inputsOf, type LogicalNode } from './logical.ts';
import { expressionsOf } from './properties.ts';
import { mapBranches, producerOf, type Relation, read, readBy, scattered } from './relation.ts';

/** The number of the task in its stage. */
export const PARTITION: Expr = { kind: 'const', sql: PARTITION_SQL, type: 'BIGINT' };

const constant = (value: number): Expr => ({ kind: 'const', sql: String(value), type: 'BIGINT' });

/** One more column: the row's place in its task, from 0 on. Inputs are appended in partition order, so it is the same each time. */
export function placed(b: LogicalNode): LogicalNode {
  const place = template('BIGINT')`row_number() OVER () - 1`;
  return { op: 'window', input: b, exprs: [place], partitions: [[]], types: [...b.types, 'BIGINT'] };
}

/** In two passes: rows are counted where they are, then each task adds what those before it have. */
export function numbered(input: Relation): Relation {
  const types = [...input.types, 'BIGINT'];
  const distinct = [...input.types.map((_, i) => input.distinct[i]), undefined];
  const size = { types, distinct, rowBytes: input.rowBytes + 8 };
  if (!input.many) return mapBranches(scattered(input), placed, size);
  // Both passes must see the same partitions, so they are made once.
  const rows: Relation = { ...scattered(input), branches: [readBy('forward', input)] };
  const before = rowsBefore(rows);
  return mapBranches(
    rows,
    (b) => {
      const own = placed(b);
      const met: LogicalNode = {
        op: 'join',
        kind: 'INNER',
        asof: false,
        left: own,
        right: before,
        conditions: [],
        residual: [],
        types: [...own.types, 'BIGINT'],
      };
      const place = template('BIGINT')`${ref(b.types.length, 'BIGINT')} + ${ref(own.types.length, 'BIGINT')}`;
      return { op: 'project', input: met, exprs: [...columnsOf(b), place], types };
    },
    size,
  );
}

/** One row: how many rows the tasks have that come before the one that asks. */
function rowsBefore(rows: Relation): LogicalNode {
  const total = (input: LogicalNode, aggregate: Pick<Aggregate, 'name' | 'args' | 'type'>): LogicalNode => ({
    op: 'aggregate',
    input,
    groups: [],
    aggregates: [{ ...aggregate, distinct: false, orders: [], extra: [] }],
    sets: undefined,
    groupings: [],
    phase: 'whole',
    types: [aggregate.type],
  });
  const counts = mapBranches(rows, (b) => total(b, { name: 'count_star', args: [], type: 'BIGINT' }));
  const each = placed(read('broadcast', producerOf(counts)));
  const earlier: LogicalNode = {
    op: 'filter',
    input: each,
    predicates: [{ kind: 'compare', op: '<', left: ref(1, 'BIGINT'), right: PARTITION, type: 'BOOLEAN' }],
    types: each.types,
  };
  const sum = total(earlier, { name: 'sum', args: [ref(0, 'BIGINT')], type: 'HUGEINT' });
  const none = template('BIGINT')`CAST(coalesce(${ref(0, 'HUGEINT')}, 0) AS BIGINT)`;
  return { op: 'project', input: sum, exprs: [none], types: ['BIGINT'] };
}

/** So many bits of a hash are looked at: as many as a double holds exactly. */
const BITS = 53;

/** Each row by the hash of its place, its task and the seed. Hashes of several values are only combined by XOR: one more mixes them. */
export function drawn(n: Extract<LogicalNode, { op: 'draw' }>, input: Relation): Relation {
  const task = input.many ? PARTITION : constant(0);
  const least = constant(Math.round(n.fraction * 2 ** BITS));
  return mapBranches(
    input,
    (b) => {
      const chance = template(
        'UBIGINT',
      )`(hash(hash(${constant(n.seed)}, ${task}, ${ref(b.types.length, 'BIGINT')})) >> ${constant(64 - BITS)})`;
      const chosen: Expr = { kind: 'compare', op: '<', left: chance, right: least, type: 'BOOLEAN' };
      const own = placed(b);
      const few: LogicalNode = { op: 'filter', input: own, predicates: [chosen], types: own.types };
      return { op: 'project', input: few, exprs: columnsOf(b), types: b.types };
    },
    { rows: input.rows * n.fraction },
  );
}

/** Whether what these operators make depends on the number of their task. */
export function readsPartition(n: LogicalNode): boolean {
  let found = inputsOf(n).some(readsPartition);
  for (const e of expressionsOf(n)) {
    walk(e, (x) => {
      if (x.kind === 'const' && x.sql === PARTITION_SQL) found = true;
    });
  }
  return found;
}
