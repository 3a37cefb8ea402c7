/**
 * A sort of everything, in four steps: a sample of the sort keys, cuts chosen from it, rows split into ranges by the cuts, each range
 * sorted by its own task. Keys are DuckDB's own sort keys: blobs that compare as ORDER BY does, NULLs and directions included. Where
 * the first key alone tells all cuts apart, rows are placed by it alone, which takes half the time: its equals stay together.
 */

import { bucketsFor } from './exchange-keys.ts';
import { type Aggregate, type Expr, ref, type SortKey, template } from './expressions.ts';
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

const SAMPLES_PER_BUCKET = 256;
/** Percent of the rows: estimates may be far off, and a sample is sorted by one task. */
const SAMPLE_MOST = 5;
const SAMPLE_LEAST = 0.01;

/** Types that compare in SQL as they do in ORDER BY, and that reach other tasks as what they are. */
const PLAIN_TYPE = /^(U?(TINY|SMALL|BIG)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\(.*|DATE|TIME|TIMESTAMP|VARCHAR)$/;

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

/** The first of the sort keys, if it can place rows without the others. */
function firstOf(keys: readonly SortKey[]): SortKey | undefined {
  const [first] = keys;
  return first && PLAIN_TYPE.test(first.expr.type) ? first : undefined;
}

/**
 * One row: the list of at most `count` - 1 cuts, ascending, and the first keys that belong to them. Both are NULL where the sample has no
 * rows.
 */
function cutsOf(rows: Relation, keys: readonly SortKey[], count: number): Producer {
  const buckets: Expr = { kind: 'const', sql: String(count), type: 'BIGINT' };
  const percent = (100 * SAMPLES_PER_BUCKET * count) / Math.max(1, rows.rows);
  const share = Math.min(SAMPLE_MOST, Math.max(SAMPLE_LEAST, percent)).toPrecision(2);
  const firsts = keys.slice(0, firstOf(keys) ? 1 : 0).map((key) => key.expr);
  const sampledTypes = ['BLOB', ...firsts.map((first) => first.type)];
  const sample = mapBranches(scattered(rows), (b): LogicalNode => {
    const sampled: LogicalNode = {
      op: 'sample',
      input: b,
      sql: `${Number(share)}% (bernoulli, 1)`,
      fixedRows: false,
      seeded: true,
      types: b.types,
    };
    return { op: 'project', input: sampled, exprs: [sortKey(keys), ...firsts], types: sampledTypes };
  });
  const order: SortKey = { expr: ref(0, 'BLOB'), descending: false, nullsFirst: false };
  const lists = sampledTypes.map((type, i): Aggregate => {
    return { name: 'list', args: [ref(i, type)], distinct: false, orders: [order], extra: [], type: `${type}[]` };
  });
  const types = sampledTypes.map((type) => `${type}[]`);
  const listed: LogicalNode = {
    op: 'aggregate',
    input: nodeOf(gathered({ ...sample, types: sampledTypes })),
    groups: [],
    aggregates: lists,
    sets: undefined,
    groupings: [],
    phase: 'whole',
    types,
  };
  const chosen = types.map((type, i) => {
    const all = ref(i, type);
    return template(type)`list_transform(range(1, ${buckets}), lambda i: ${all}[len(${all}) * i // ${buckets} + 1])`;
  });
  const cuts: LogicalNode = { op: 'project', input: listed, exprs: chosen, types };
  return { branches: [cuts], types, many: false, partitioning: { kind: 'single' } };
}

const numberOf = (value: number): Expr => ({ kind: 'const', sql: String(value), type: 'INTEGER' });

/**
 * The bucket of a row is the number of cuts that are not above its key, found by halving. Each row meets the cuts as columns: the keys,
 * how many cuts equal each, and the first keys with the word whether these differ.
 */
function splitByCuts(b: LogicalNode, keys: readonly SortKey[], cuts: Producer, count: number): LogicalNode {
  const first = firstOf(keys);
  const turned: LogicalNode = {
    op: 'window',
    input: { op: 'project', input: b, exprs: [...columnsOf(b), ...(first ? [first.expr] : [])], types: rowTypes(b, first) },
    exprs: [template('BIGINT')`row_number() OVER ()`],
    partitions: [[]],
    types: [...rowTypes(b, first), 'BIGINT'],
  };
  const wide = cutColumns(cuts, count, first?.expr.type);
  const joined: LogicalNode = {
    op: 'join',
    kind: 'INNER',
    asof: false,
    left: turned,
    right: wide,
    conditions: [],
    residual: [],
    types: [...turned.types, ...wide.types],
  };
  const own = b.types.length;
  const column = (at: number): Expr => ref(at, joined.types[at] ?? '');
  const cut = (list: number, i: number): Expr => column(turned.types.length + list * (count - 1) + i - 1);
  const differ = column(joined.types.length - 1);
  const whole = sortKey(keys);
  const key = first ? template('BLOB')`CASE WHEN ${differ} THEN NULL ELSE ${whole} END` : whole;
  const keyed: LogicalNode = {
    op: 'project',
    input: joined,
    exprs: [...columnsOf(joined), key],
    types: [...joined.types, 'BLOB'],
  };
  const byKeys = placeByKeys({
    key: ref(joined.types.length, 'BLOB'),
    turn: column(turned.types.length - 1),
    cut: (i) => cut(0, i),
    repeats: (i) => cut(1, i),
    count,
  });
  const byFirst = first && placeByFirst(first, column(own), (i) => cut(2, i), count);
  const bucket = byFirst ? template('INTEGER')`CASE WHEN ${differ} THEN ${byFirst} ELSE ${byKeys} END` : byKeys;
  const place: Expr = { kind: 'cast', arg: bucket, type: 'INTEGER', safe: false };
  const placed = [...b.types.map((t, i) => ref(i, t)), place];
  return { op: 'project', input: keyed, exprs: placed, types: [...b.types, 'INTEGER'] };
}

const rowTypes = (b: LogicalNode, first: SortKey | undefined): readonly string[] => [
  ...b.types,
  ...(first ? [first.expr.type] : []),
];

/** One row: `count` - 1 cuts, as often each equals a cut, the first keys of all, and whether these differ and none is NULL. */
function cutColumns(cuts: Producer, count: number, firstType: string | undefined): LogicalNode {
  const numbers = Array.from({ length: count - 1 }, (_, i) => i + 1);
  const list = ref(0, 'BLOB[]');
  const element = (of: Expr, i: number, type: string): Expr => ({ kind: 'template', text: ['', `[${i}]`], args: [of], type });
  const repeats = (i: number): Expr => {
    const text = ['len(list_filter(', ', lambda x: x = ', '))'];
    return { kind: 'template', text, args: [list, element(list, i, 'BLOB')], type: 'BIGINT' };
  };
  const exprs = [...numbers.map((i) => element(list, i, 'BLOB')), ...numbers.map(repeats)];
  if (firstType !== undefined) {
    const firsts = ref(1, `${firstType}[]`);
    exprs.push(...numbers.map((i) => element(firsts, i, firstType)));
    exprs.push(template('BOOLEAN')`coalesce(len(list_distinct(${firsts})) = ${numberOf(count - 1)}, false)`);
  }
  return { op: 'project', input: read('broadcast', cuts), exprs, types: exprs.map((e) => e.type) };
}

/** How many of the ascending cuts 1 to `count` - 1 a row reaches; `leaf` may correct the number that was found. */
function halving(count: number, reaches: (cut: number) => Expr, leaf: (found: number) => Expr): Expr {
  const between = (low: number, high: number): Expr => {
    if (low === high) return leaf(low);
    const middle = (low + high + 1) >> 1;
    const above = between(middle, high);
    return template('INTEGER')`CASE WHEN ${reaches(middle)} THEN ${above} ELSE ${between(low, middle - 1)} END`;
  };
  return between(0, count - 1);
}

/** Rows that are equal in the first key stay together, whatever the other keys are. */
function placeByFirst(first: SortKey, value: Expr, cut: (i: number) => Expr, count: number): Expr {
  const reaches = (i: number): Expr => ({
    kind: 'compare',
    op: first.descending ? '<=' : '>=',
    left: value,
    right: cut(i),
    type: 'BOOLEAN',
  });
  const nulls = numberOf(first.nullsFirst ? 0 : count - 1);
  return template('INTEGER')`CASE WHEN ${value} IS NULL THEN ${nulls} ELSE ${halving(count, reaches, numberOf)} END`;
}

interface KeyedCuts {
  readonly key: Expr;
  /** Number of the row in its task. */
  readonly turn: Expr;
  readonly cut: (i: number) => Expr;
  /** How many cuts equal this one. */
  readonly repeats: (i: number) => Expr;
  readonly count: number;
}

/**
 * By all keys. Where a key is so frequent that several cuts equal it, its rows take turns through all buckets that it may stand in:
 * their order among themselves is free.
 */
function placeByKeys({ key, turn, cut, repeats, count }: KeyedCuts): Expr {
  const leaf = (low: number): Expr => {
    const own = numberOf(low);
    if (low === 0) return own;
    const often = template('BOOLEAN')`${repeats(low)} > 1 AND ${key} = ${cut(low)}`;
    return template('INTEGER')`CASE WHEN ${often} THEN ${own} - ${turn} % ${repeats(low)} ELSE ${own} END`;
  };
  return halving(count, (i) => template('BOOLEAN')`${key} >= ${cut(i)}`, leaf);
}
