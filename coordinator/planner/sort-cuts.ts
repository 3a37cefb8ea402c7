/**
 * Where the rows of a full sort are cut: a sample of the sort keys, cuts chosen from it, and rows placed between them. Keys are DuckDB's own
 * sort keys: blobs that compare as ORDER BY does, NULLs and directions included. Where the first key alone tells all cuts apart, rows
 * are placed by it alone, which takes half the time: its equals stay together.
 */
import { type Aggregate, type Expr, ref, type SortKey, template } from './expressions.ts';
import { columnsOf, type LogicalNode, type Producer } from './logical.ts';
import { gathered, mapBranches, nodeOf, type Relation, read, scattered } from './relation.ts';

const SAMPLES_PER_BUCKET = 256;
/** Percent of the rows: estimates may be far off, and a sample is sorted by one task. */
const SAMPLE_MOST = 5;
const SAMPLE_LEAST = 0.01;

/** Types that compare in SQL as they do in ORDER BY, and that reach other tasks as what they are. */
const PLAIN_TYPE = /^(U?(TINY|SMALL|BIG)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\(.*|DATE|TIME|TIMESTAMP|VARCHAR)$/;

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
export function cutsOf(rows: Relation, keys: readonly SortKey[], count: number): Producer {
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

/** Rows beside the cuts. */
interface MetCuts {
  /** The rows' own columns first. */
  readonly node: LogicalNode;
  /** The number of cuts that are not above a row's key: its bucket. */
  readonly bucket: Expr;
}

/** The rows of `b` with one more column, the bucket: the number of cuts that are not above the row's key. */
export function placedByCuts(b: LogicalNode, keys: readonly SortKey[], cuts: Producer, count: number): LogicalNode {
  const first = firstOf(keys);
  const columns = cutColumns(cuts, count, first?.expr.type);
  const { node, bucket } = first ? meetEither(b, keys, first, columns, count) : meetByKeys(b, keys, columns, count);
  const place: Expr = { kind: 'cast', arg: bucket, type: 'INTEGER', safe: false };
  return { op: 'project', input: node, exprs: [...own(b), place], types: [...b.types, 'INTEGER'] };
}

/**
 * The rows of `b` in the buckets from `low` on and below `high`. Of its two halves only one ever gets cuts, so the other one looks at no
 * rows: where the first key decides, no more than comparing it is done.
 */
export function pickedByCuts(b: LogicalNode, keys: readonly SortKey[], cuts: Producer, count: number, range: Range): LogicalNode {
  const first = firstOf(keys);
  const columns = cutColumns(cuts, count, first?.expr.type);
  const differ = ref(columns.types.length - 1, 'BOOLEAN');
  const only = (predicate: Expr): LogicalNode => ({
    op: 'filter',
    input: columns,
    predicates: [predicate],
    types: columns.types,
  });
  const byKeys = meetByKeys(b, keys, first ? only(template('BOOLEAN')`NOT ${differ}`) : columns, count);
  const inRange = template('BOOLEAN')`${byKeys.bucket} BETWEEN ${numberOf(range.low)} AND ${numberOf(range.high - 1)}`;
  const slowly: LogicalNode = { op: 'filter', input: byKeys.node, predicates: [inRange], types: byKeys.node.types };
  const picked = (n: LogicalNode): LogicalNode => ({ op: 'project', input: n, exprs: own(b), types: b.types });
  if (!first) return picked(slowly);
  const valued: LogicalNode = { op: 'project', input: b, exprs: [...own(b), first.expr], types: [...b.types, first.expr.type] };
  const met = crossed(valued, only(differ));
  const firsts = firstCuts(first, met, b.types.length, valued.types.length, count);
  const fast: LogicalNode = { op: 'filter', input: met, predicates: [withinByFirst(firsts, range)], types: met.types };
  return { op: 'setop', word: 'UNION', all: true, inputs: [picked(fast), picked(slowly)], types: b.types };
}

const own = (b: LogicalNode): readonly Expr[] => b.types.map((type, i) => ref(i, type));

function crossed(left: LogicalNode, right: LogicalNode): LogicalNode {
  const types = [...left.types, ...right.types];
  return { op: 'join', kind: 'INNER', asof: false, left, right, conditions: [], residual: [], types };
}

/** Rows with a number each, beside the cuts: equal cuts share their rows by it. */
function numbered(b: LogicalNode, columns: LogicalNode): LogicalNode {
  const types = [...b.types, 'BIGINT'];
  const turn = template('BIGINT')`row_number() OVER ()`;
  return crossed({ op: 'window', input: b, exprs: [turn], partitions: [[]], types }, columns);
}

function meetByKeys(b: LogicalNode, keys: readonly SortKey[], columns: LogicalNode, count: number): MetCuts {
  const met = numbered(b, columns);
  return keyed(met, sortKey(keys), b.types.length, count);
}

/** Whichever of both ways the cuts allow. */
function meetEither(b: LogicalNode, keys: readonly SortKey[], first: SortKey, columns: LogicalNode, count: number): MetCuts {
  const valued: LogicalNode = { op: 'project', input: b, exprs: [...own(b), first.expr], types: [...b.types, first.expr.type] };
  const met = numbered(valued, columns);
  const differ = ref(met.types.length - 1, 'BOOLEAN');
  const key = template('BLOB')`CASE WHEN ${differ} THEN NULL ELSE ${sortKey(keys)} END`;
  const byKeys = keyed(met, key, valued.types.length, count);
  const byFirst = placeByFirst(firstCuts(first, met, b.types.length, valued.types.length + 1, count));
  return { node: byKeys.node, bucket: template('INTEGER')`CASE WHEN ${differ} THEN ${byFirst} ELSE ${byKeys.bucket} END` };
}

/** `turnAt`: where the row's number stands; the cuts' columns follow it. */
function keyed(met: LogicalNode, key: Expr, turnAt: number, count: number): MetCuts {
  const column = (at: number): Expr => ref(at, met.types[at] ?? '');
  const cut = (list: number, i: number): Expr => column(turnAt + 1 + list * (count - 1) + i - 1);
  const node: LogicalNode = { op: 'project', input: met, exprs: [...columnsOf(met), key], types: [...met.types, 'BLOB'] };
  const bucket = placeByKeys({
    key: ref(met.types.length, 'BLOB'),
    turn: column(turnAt),
    cut: (i) => cut(0, i),
    repeats: (i) => cut(1, i),
    count,
  });
  return { node, bucket };
}

/** `valueAt`: where the first key's value stands; `cutsAt`: where the cuts' columns begin. */
function firstCuts(first: SortKey, met: LogicalNode, valueAt: number, cutsAt: number, count: number): FirstCuts {
  const column = (at: number): Expr => ref(at, met.types[at] ?? '');
  return { first, value: column(valueAt), cut: (i) => column(cutsAt + 2 * (count - 1) + i - 1), count };
}

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

/** Buckets from `low` on and below `high`. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

interface FirstCuts {
  readonly first: SortKey;
  readonly value: Expr;
  readonly cut: (i: number) => Expr;
  readonly count: number;
}

const reachesFirst = ({ first, value, cut }: FirstCuts, i: number): Expr => ({
  kind: 'compare',
  op: first.descending ? '<=' : '>=',
  left: value,
  right: cut(i),
  type: 'BOOLEAN',
});

/** Rows that are equal in the first key stay together, whatever the other keys are. */
function placeByFirst(cuts: FirstCuts): Expr {
  const nulls = numberOf(cuts.first.nullsFirst ? 0 : cuts.count - 1);
  const placed = halving(cuts.count, (i) => reachesFirst(cuts, i), numberOf);
  return template('INTEGER')`CASE WHEN ${cuts.value} IS NULL THEN ${nulls} ELSE ${placed} END`;
}

/** Whether `placeByFirst` puts a row into the range. */
function withinByFirst(cuts: FirstCuts, { low, high }: Range): Expr {
  const { first, value, count } = cuts;
  const yes: Expr = { kind: 'const', sql: 'true', type: 'BOOLEAN' };
  const above = low === 0 ? yes : reachesFirst(cuts, low);
  const below = high === count ? yes : template('BOOLEAN')`NOT ${reachesFirst(cuts, high)}`;
  const nulls: Expr = { kind: 'const', sql: String(first.nullsFirst ? low === 0 : high === count), type: 'BOOLEAN' };
  return template('BOOLEAN')`CASE WHEN ${value} IS NULL THEN ${nulls} ELSE ${above} AND ${below} END`;
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
