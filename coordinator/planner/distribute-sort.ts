/**
 * A sort of everything, in four steps: a sample of the sort keys, cuts chosen from it, rows split into ranges by the cuts, each range
 * sorted by its own task. Keys are DuckDB's own sort keys: blobs that compare as ORDER BY does, NULLs and directions included.
 */

import { bucketsFor } from './exchange-keys.ts';
import { type Expr, ref, type SortKey, template } from './expressions.ts';
import { columnsOf, type LogicalNode, type Producer } from './logical.ts';
import {
  bytesOf,
  gathered,
  isPlain,
  isSmall,
  isVolatileTree,
  mapBranches,
  nodeOf,
  producerOf,
  type Relation,
  read,
  scattered,
  single,
} from './relation.ts';

const SAMPLES_PER_BUCKET = 1024;
/** Percent of the rows: estimates may be far off, and a sample is sorted by one task. */
const SAMPLE_MOST = 5;
const SAMPLE_LEAST = 0.01;

type Sort = Extract<LogicalNode, { op: 'sort' }>;

export function sortOver(n: Sort, input: Relation): Relation {
  if (!input.many || isSmall(input)) return single({ ...n, input: nodeOf(gathered(input)) }, input, input.distinct);
  const rows = readable(input);
  const count = bucketsFor(bytesOf(input));
  const cuts = cutsOf(rows, n.keys, count);
  const ranges: Producer = {
    branches: rows.branches.map((b) => splitByCuts(b, n.keys, cuts, count)),
    types: input.types,
    many: true,
    partitioning: { kind: 'range', count },
  };
  const sorted: LogicalNode = { ...n, input: read('range', ranges) };
  return { ...scattered(input), branches: [sorted], types: n.types };
}

/** The rows are read twice, for the sample and for the split; what is more than a scan is made once. */
function readable(input: Relation): Relation {
  if (input.branches.every((b) => isPlain(b) && !isVolatileTree(b))) return input;
  return { ...scattered(input), branches: [read('forward', producerOf(input))] };
}

/** SQL of a sort key. The engine makes integers of short keys; the empty text at the end keeps all of them blobs. */
function sortKey(keys: readonly SortKey[]): Expr {
  const text = ['create_sort_key('];
  keys.forEach((k, i) => {
    const order = `, '${k.descending ? 'DESC' : 'ASC'} NULLS ${k.nullsFirst ? 'FIRST' : 'LAST'}', `;
    text.push(i + 1 < keys.length ? order : `${order}'', 'ASC NULLS LAST')`);
  });
  return { kind: 'template', text, args: keys.map((k) => k.expr), type: 'BLOB' };
}

/** One row: the list of at most `count` - 1 cuts, ascending. It is NULL where the sample has no rows. */
function cutsOf(rows: Relation, keys: readonly SortKey[], count: number): Producer {
  const buckets: Expr = { kind: 'const', sql: String(count), type: 'BIGINT' };
  const percent = (100 * SAMPLES_PER_BUCKET * count) / Math.max(1, rows.rows);
  const share = Math.min(SAMPLE_MOST, Math.max(SAMPLE_LEAST, percent)).toPrecision(2);
  const sample = mapBranches(scattered(rows), (b): LogicalNode => {
    const sampled: LogicalNode = {
      op: 'sample',
      input: b,
      sql: `${Number(share)}% (bernoulli, 1)`,
      fixedRows: false,
      seeded: true,
      types: b.types,
    };
    return { op: 'project', input: sampled, exprs: [sortKey(keys)], types: ['BLOB'] };
  });
  const listed: LogicalNode = {
    op: 'aggregate',
    input: nodeOf(gathered({ ...sample, types: ['BLOB'] })),
    groups: [],
    aggregates: [
      {
        name: 'list',
        args: [ref(0, 'BLOB')],
        distinct: false,
        orders: [{ expr: ref(0, 'BLOB'), descending: false, nullsFirst: false }],
        extra: [],
        type: 'BLOB[]',
      },
    ],
    sets: undefined,
    groupings: [],
    phase: 'whole',
    types: ['BLOB[]'],
  };
  const all = ref(0, 'BLOB[]');
  const chosen = template('BLOB[]')`list_transform(range(1, ${buckets}), lambda i: ${all}[len(${all}) * i // ${buckets} + 1])`;
  const cuts: LogicalNode = { op: 'project', input: listed, exprs: [chosen], types: ['BLOB[]'] };
  return { branches: [cuts], types: ['BLOB[]'], many: false, partitioning: { kind: 'single' } };
}

/**
 * The bucket of a row is the number of cuts that are not above its key, found by halving. Where a key is so frequent that several
 * cuts equal it, its rows take turns through all buckets that it may stand in: their order among themselves is free.
 */
function splitByCuts(b: LogicalNode, keys: readonly SortKey[], cuts: Producer, count: number): LogicalNode {
  const width = b.types.length;
  const types = [...b.types, 'BLOB', 'BIGINT'];
  const keyed: LogicalNode = { op: 'project', input: b, exprs: [...columnsOf(b), sortKey(keys)], types: types.slice(0, -1) };
  const turn = template('BIGINT')`row_number() OVER ()`;
  const turned: LogicalNode = { op: 'window', input: keyed, exprs: [turn], partitions: [[]], types };
  const list = ref(0, 'BLOB[]');
  const cut = (i: number): Expr => ({ kind: 'template', text: ['', `[${i}]`], args: [list], type: 'BLOB' });
  const same = (i: number): Expr => ({
    kind: 'template',
    text: ['len(list_filter(', ', lambda x: x = ', '))'],
    args: [list, cut(i)],
    type: 'BIGINT',
  });
  const numbers = Array.from({ length: count - 1 }, (_, i) => i + 1);
  const exprs = [...numbers.map(cut), ...numbers.map(same)];
  const wide: LogicalNode = { op: 'project', input: read('broadcast', cuts), exprs, types: exprs.map((e) => e.type) };
  const joined: LogicalNode = {
    op: 'join',
    kind: 'INNER',
    asof: false,
    left: turned,
    right: wide,
    conditions: [],
    residual: [],
    types: [...types, ...wide.types],
  };
  const column = (at: number): Expr => ref(at, joined.types[at] ?? '');
  const at = (i: number): Expr => column(types.length + i - 1);
  const repeats = (i: number): Expr => column(types.length + count - 1 + i - 1);
  const key = column(width);
  const bucket = (low: number, high: number): Expr => {
    if (low < high) {
      const middle = (low + high + 1) >> 1;
      return template(
        'INTEGER',
      )`CASE WHEN ${key} >= ${at(middle)} THEN ${bucket(middle, high)} ELSE ${bucket(low, middle - 1)} END`;
    }
    const own: Expr = { kind: 'const', sql: String(low), type: 'INTEGER' };
    if (low === 0) return own;
    return template(
      'INTEGER',
    )`CASE WHEN ${repeats(low)} > 1 AND ${key} = ${at(low)} THEN ${own} - ${column(width + 1)} % ${repeats(low)} ELSE ${own} END`;
  };
  const place: Expr = { kind: 'cast', arg: bucket(0, count - 1), type: 'INTEGER', safe: false };
  const placed = [...b.types.map((t, i) => ref(i, t)), place];
  return { op: 'project', input: joined, exprs: placed, types: [...b.types, 'INTEGER'] };
}
