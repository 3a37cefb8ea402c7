/**
 * How one aggregate is computed in two steps: partial values per task, merged in one place. An aggregate without an entry
 * needs all rows of a group together.
 */
import { type Aggregate, castTo, type Expr, template } from './expressions.ts';

export interface Split {
  /** Over the operator's input, per task. */
  readonly partial: readonly Aggregate[];
  /** Over the partial values, which are given as references. */
  readonly merge: (partials: readonly Expr[]) => readonly Aggregate[];
  /** Over the merged values. */
  readonly result: (merged: readonly Expr[]) => Expr;
}

interface CallOptions {
  readonly filter?: Expr | undefined;
  readonly extra?: readonly string[];
  readonly distinct?: boolean;
  readonly orderFree?: true;
}

function call(name: string, args: readonly Expr[], type: string, options: CallOptions = {}): Aggregate {
  const { filter, extra = [], distinct = false, orderFree } = options;
  return { name, args, distinct, orders: [], extra, type, ...(filter ? { filter } : {}), ...(orderFree ? { orderFree } : {}) };
}

const first = (list: readonly Expr[]): Expr => {
  const [e] = list;
  if (!e) throw new RangeError('an aggregate lost its argument');
  return e;
};

const INTEGER = /^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/;
/** Repeated values don't change them. */
export const IDEMPOTENT: ReadonlySet<string> = new Set(['min', 'max', 'bool_and', 'bool_or', 'bit_and', 'bit_or']);
const SAME = new Set([...IDEMPOTENT, 'sum', 'bit_xor', 'product', 'any_value', 'arbitrary']);

function same(a: Aggregate): Split {
  return {
    partial: [{ ...a, distinct: false }],
    merge: (p) => [call(a.name, [first(p)], a.type)],
    result: first,
  };
}

function count(a: Aggregate): Split {
  return {
    partial: [a],
    merge: (p) => [call('sum', [first(p)], 'HUGEINT')],
    result: (m) => template('BIGINT', undefined, 'count')`CAST(coalesce(${first(m)}, 0) AS BIGINT)`,
  };
}

/** first() keeps NULLs, so a task without rows must not be taken for one whose first value is NULL. */
function firstValue(a: Aggregate): Split {
  return {
    partial: [a, call('count_star', [], 'BIGINT', { filter: a.filter })],
    merge: ([value, rows]) =>
      value && rows ? [call(a.name, [value], a.type, { filter: template('BOOLEAN')`(${rows} > 0)` })] : [],
    result: first,
  };
}

function average(a: Aggregate): Split | undefined {
  const x = first(a.args);
  const decimal = /^DECIMAL\(\d+,(\d+)\)$/.exec(x.type);
  if (a.type !== 'DOUBLE' || !(INTEGER.test(x.type) || decimal || x.type === 'DOUBLE')) return undefined;
  if (x.type === 'UHUGEINT' || x.type === 'HUGEINT') return undefined;
  const sumType = decimal ? `DECIMAL(38,${decimal[1]})` : x.type === 'DOUBLE' ? 'DOUBLE' : 'HUGEINT';
  return {
    partial: [call('sum', [x], sumType, { filter: a.filter }), call('count', [x], 'BIGINT', { filter: a.filter })],
    merge: ([s, n]) => (s && n ? [call('sum', [s], sumType), call('sum', [n], 'HUGEINT')] : []),
    result: ([s, n]) =>
      template(
        'DOUBLE',
        undefined,
        'mean',
      )`(CAST(${first(s ? [s] : [])} AS DOUBLE) / nullif(CAST(${first(n ? [n] : [])} AS DOUBLE), 0))`,
  };
}

/**
 * Chan, Golub and LeVeque's merge of (n, mean, M2): sums of squares would lose the digits that large means share.
 * M2 = sum(M2_i) + sum(n_i * (mean_i - mean)^2).
 */
function moments(a: Aggregate, sample: boolean, root: boolean): Split {
  const x = castTo(first(a.args), 'DOUBLE');
  const filter = a.filter;
  return {
    partial: [
      call('count', [x], 'BIGINT', { filter }),
      call('avg', [x], 'DOUBLE', { filter }),
      call('var_pop', [x], 'DOUBLE', { filter }),
    ],
    merge: ([n, mean, variance]) => {
      if (!n || !mean || !variance) return [];
      const some = template('BOOLEAN')`(${n} > 0)`;
      const pair = template('STRUCT(n DOUBLE, m DOUBLE)')`{'n': CAST(${n} AS DOUBLE), 'm': ${mean}}`;
      return [
        call('sum', [castTo(n, 'DOUBLE')], 'DOUBLE'),
        call('sum', [template('DOUBLE')`(${n} * ${variance})`], 'DOUBLE', { filter: some }),
        call('list', [pair], 'STRUCT(n DOUBLE, m DOUBLE)[]', { filter: some, orderFree: true }),
      ];
    },
    result: ([n, within, parts]) => {
      if (!n || !within || !parts) throw new RangeError('a variance lost its parts');
      const mean = template('DOUBLE')`(list_sum(list_transform(${parts}, lambda p: p.n * p.m)) / ${n})`;
      const m2 = template('DOUBLE')`(${within} + list_sum(list_transform(${parts}, lambda p: p.n * pow(p.m - ${mean}, 2))))`;
      const divisor = sample ? template('DOUBLE')`(CASE WHEN ${n} > 1 THEN ${n} - 1 END)` : template('DOUBLE')`nullif(${n}, 0)`;
      const variance = template('DOUBLE')`(${m2} / ${divisor})`;
      return root ? template('DOUBLE')`sqrt(${variance})` : variance;
    },
  };
}

function listed(a: Aggregate): Split {
  return {
    partial: [{ ...a, name: 'list' }],
    merge: (p) => [call('list', [first(p)], `${a.type}[]`, { filter: template('BOOLEAN')`(${first(p)} IS NOT NULL)` })],
    result: (m) => template(a.type)`flatten(${first(m)})`,
  };
}

/** arg_max(x, y) skips rows where x or y is NULL; its partial y must come from the rows it looked at. */
function extreme(a: Aggregate, word: 'min' | 'max'): Split | undefined {
  const [x, y] = a.args;
  if (!x || !y || a.args.length !== 2) return undefined;
  const present = template('BOOLEAN')`(${x} IS NOT NULL)`;
  const filter: Expr = a.filter ? { kind: 'junction', word: 'AND', args: [a.filter, present], type: 'BOOLEAN' } : present;
  return {
    partial: [a, call(word, [y], y.type, { filter })],
    merge: (p) => [call(a.name, p, a.type)],
    result: first,
  };
}

/** Distinct values travel as lists, and are counted or summed after a last duplicate removal. */
function distinctList(a: Aggregate): Split | undefined {
  const [x] = a.args;
  const spelling = new Map([
    ['count', 'count'],
    ['sum', 'sum'],
    ['avg', 'avg'],
  ]).get(a.name);
  if (!x || a.args.length !== 1 || spelling === undefined || a.orders.length > 0) return undefined;
  return {
    partial: [call('list', [x], `${x.type}[]`, { filter: a.filter, distinct: true, orderFree: true })],
    merge: (p) => [
      call('list', [first(p)], `${x.type}[][]`, { filter: template('BOOLEAN')`(${first(p)} IS NOT NULL)`, orderFree: true }),
    ],
    result: (m) => {
      const values = template(`${x.type}[]`)`list_distinct(flatten(${first(m)}))`;
      if (a.name === 'count') return template('BIGINT')`CAST(coalesce(len(${values}), 0) AS BIGINT)`;
      return a.name === 'sum'
        ? template(a.type)`list_aggregate(${values}, 'sum')`
        : template(a.type)`list_aggregate(${values}, 'avg')`;
    },
  };
}

export function splitAggregate(a: Aggregate): Split | undefined {
  if (a.orders.length > 0 && !IDEMPOTENT.has(a.name)) return undefined;
  if (a.distinct && !IDEMPOTENT.has(a.name)) return distinctList(a);
  if (SAME.has(a.name)) return a.args.length === 1 && a.extra.length === 0 ? same({ ...a, orders: [] }) : undefined;
  switch (a.name) {
    case 'count':
    case 'count_star':
    case 'count_if':
    case 'countif':
      return count(a);
    case 'first':
      return firstValue(a);
    case 'avg':
    case 'mean':
      return average(a);
    case 'var_pop':
      return moments(a, false, false);
    case 'variance':
    case 'var_samp':
      return moments(a, true, false);
    case 'stddev_pop':
      return moments(a, false, true);
    case 'stddev':
    case 'stddev_samp':
      return moments(a, true, true);
    case 'list':
    case 'array_agg':
      return listed(a);
    case 'string_agg':
    case 'group_concat':
    case 'listagg':
      return { partial: [a], merge: (p) => [call(a.name, [first(p)], a.type, { extra: a.extra })], result: first };
    case 'arg_max':
    case 'max_by':
    case 'argmax':
      return extreme(a, 'max');
    case 'arg_min':
    case 'min_by':
    case 'argmin':
      return extreme(a, 'min');
    default:
      return undefined;
  }
}

/** Aggregates whose value depends on the order of rows that nobody asked for. */
export function dependsOnOrder(a: Aggregate): boolean {
  if (a.orders.length > 0 || a.orderFree) return false;
  return (
    ['first', 'last', 'any_value', 'arbitrary', 'list', 'array_agg', 'string_agg', 'group_concat', 'listagg', 'mode'].includes(
      a.name,
    ) || /^arg_?(min|max)|_by$/.test(a.name)
  );
}
