/** Guesses about sizes: how many rows pass, how many different values there are. Plans differ by them, answers never do. */
import { conjuncts, type Expr } from './expressions.ts';
import { VOLATILE_FUNCTIONS } from './functions.ts';

type Distinct = readonly (number | undefined)[];

/** Parts of dates, with room for NULL; years as in data of two decades. */
const PARTS: ReadonlyMap<string, number> = new Map([
  ['millennium', 3],
  ['century', 12],
  ['decade', 30],
  ['year', 20],
  ['isoyear', 20],
  ['quarter', 5],
  ['month', 13],
  ['week', 54],
  ['weekofyear', 54],
  ['day', 32],
  ['dayofmonth', 32],
  ['dayofweek', 8],
  ['weekday', 8],
  ['isodow', 8],
  ['dow', 8],
  ['dayname', 8],
  ['monthname', 13],
  ['dayofyear', 367],
  ['doy', 367],
  ['hour', 25],
  ['minute', 61],
  ['second', 61],
  ['era', 3],
]);

/** What is left after date_trunc. */
const TRUNCATED: ReadonlyMap<string, number> = new Map([
  ['millennium', 3],
  ['century', 12],
  ['decade', 30],
  ['year', 20],
  ['quarter', 80],
  ['month', 240],
]);

function ofType(type: string): number | undefined {
  if (type === 'BOOLEAN') return 3;
  if (type === 'TINYINT' || type === 'UTINYINT') return 257;
  return type.startsWith('ENUM(') ? type.split("', '").length + 1 : undefined;
}

function least(...all: (number | undefined)[]): number | undefined {
  const known = all.filter((n) => n !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}

/** How many values a combination of these can take; undefined where one is unknown. */
export function combined(all: readonly (number | undefined)[]): number | undefined {
  let product = 1;
  for (const n of all) {
    if (n === undefined) return undefined;
    product *= Math.max(1, n);
  }
  return product;
}

/** About how many different values an expression has over columns with that many. */
export function distinctOf(e: Expr, columns: Distinct): number | undefined {
  switch (e.kind) {
    case 'ref':
      return least(columns[e.index], ofType(e.type));
    case 'const':
      return 1;
    case 'cast':
      return least(distinctOf(e.arg, columns), ofType(e.type));
    case 'compare':
    case 'between':
    case 'in':
    case 'junction':
      return 3;
    case 'template':
      return least(ofFunction(e, columns), ofType(e.type));
  }
}

function ofFunction(e: Extract<Expr, { kind: 'template' }>, columns: Distinct): number | undefined {
  const name = e.fn?.toLowerCase() ?? '';
  if (VOLATILE_FUNCTIONS.has(name)) return undefined;
  const [first] = e.args;
  const word = first?.kind === 'const' ? first.sql.replaceAll("'", '').toLowerCase() : '';
  if (PARTS.has(name)) return PARTS.get(name);
  if (name === 'date_part' && PARTS.has(word)) return PARTS.get(word);
  const values = combined(e.args.map((a) => distinctOf(a, columns)));
  return name === 'date_trunc' ? least(values, TRUNCATED.get(word)) : values;
}

const ANY_FILTER = 0.3;
/** `<>` and NOT IN take away what `=` and IN leave; at least this much is left. */
const LEAST_OF_ALL_BUT = 0.5;
/** Further conditions of one filter seldom are independent of the first. */
const FURTHER = 0.6;
const FEWEST = 0.002;

function selectivity(e: Expr, columns: Distinct): number {
  const values = (x: Expr): number | undefined => (x.kind === 'const' ? undefined : distinctOf(x, columns));
  if (e.kind === 'compare' && (e.op === '=' || e.op === 'IS NOT DISTINCT FROM')) {
    const n = Math.max(values(e.left) ?? 0, values(e.right) ?? 0);
    return n > 0 ? 1 / n : 0.1;
  }
  if (e.kind === 'compare' && (e.op === '<>' || e.op === 'IS DISTINCT FROM')) {
    const n = Math.max(values(e.left) ?? 0, values(e.right) ?? 0);
    return Math.max(LEAST_OF_ALL_BUT, 1 - (n > 0 ? 1 / n : 0.1));
  }
  if (e.kind === 'in') {
    const n = values(e.arg);
    if (e.negated) return Math.max(LEAST_OF_ALL_BUT, n === undefined ? 1 - ANY_FILTER : 1 - e.items.length / n);
    return n === undefined ? ANY_FILTER : Math.min(1, e.items.length / n);
  }
  if (e.kind === 'junction' && e.word === 'OR')
    return Math.min(
      1,
      e.args.reduce((sum, a) => sum + selectivity(a, columns), 0),
    );
  return ANY_FILTER;
}

/** The part of the rows that passes all of these, 0..1. */
export function selectivityOf(predicates: readonly Expr[], columns: Distinct): number {
  const parts = predicates
    .flatMap(conjuncts)
    .map((p) => selectivity(p, columns))
    .sort((a, b) => a - b);
  const [strictest = 1, ...others] = parts;
  return Math.max(
    FEWEST,
    others.reduce((product, s) => product * Math.max(s, FURTHER), strictest),
  );
}
