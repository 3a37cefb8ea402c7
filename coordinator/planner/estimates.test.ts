import { describe, expect, it } from 'vitest';
import { combined, distinctOf, selectivityOf } from './estimates.ts';
import { type Expr, ref, template } from './expressions.ts';

const day = ref(0, 'DATE');
const name = ref(1, 'VARCHAR');
const unknown = ref(2, 'VARCHAR');
const columns = [3000, 50, undefined];
const constant = (sql: string, type: string): Expr => ({ kind: 'const', sql, type });
const equals = (left: Expr, right: Expr): Expr => ({ kind: 'compare', op: '=', left, right, type: 'BOOLEAN' });

describe('different values of expressions', () => {
  const cases: readonly [what: string, e: Expr, values: number | undefined][] = [
    ['a column', name, 50],
    ['a column of which nothing is known', unknown, undefined],
    ['a type with few values', ref(2, 'BOOLEAN'), 3],
    ['an enum', ref(2, "ENUM('a', 'b')"), 3],
    ['a constant', constant("'x'", 'VARCHAR'), 1],
    ['a cast', { kind: 'cast', arg: day, type: 'TIMESTAMP', safe: false }, 3000],
    ['a function of a column', template('VARCHAR', 'lower')`lower(${name})`, 50],
    ['a function of two', template('VARCHAR', 'concat')`concat(${name}, ${day})`, 150_000],
    ['a part of a date', template('BIGINT', 'month')`month(${day})`, 13],
    ['a comparison', equals(name, unknown), 3],
    ['chance', template('DOUBLE', 'random')`random()`, undefined],
  ];
  it.each(cases)('%s', (_what, e, values) => {
    expect(distinctOf(e, columns)).toBe(values);
  });

  it('of several together', () => {
    expect(combined([3, 50])).toBe(150);
    expect(combined([3, undefined])).toBeUndefined();
    expect(combined([])).toBe(1);
  });
});

describe('what passes a filter', () => {
  it('one of as many values as there are', () => {
    expect(selectivityOf([equals(name, constant("'x'", 'VARCHAR'))], columns)).toBeCloseTo(0.02);
  });
  it('more conditions let less pass, but never nothing', () => {
    const one = equals(name, constant("'x'", 'VARCHAR'));
    const two = selectivityOf([one, equals(day, constant('d', 'DATE'))], columns);
    expect(two).toBeLessThan(0.02);
    expect(
      selectivityOf(
        Array.from({ length: 50 }, () => one),
        columns,
      ),
    ).toBeGreaterThan(0);
  });
  it('all but one of as many values as there are', () => {
    const other = { kind: 'compare', op: '<>', left: name, right: constant("'x'", 'VARCHAR'), type: 'BOOLEAN' } as const;
    expect(selectivityOf([other], columns)).toBeCloseTo(0.98);
    const among = { kind: 'in', arg: name, items: [constant("'x'", 'VARCHAR')], negated: true, type: 'BOOLEAN' } as const;
    expect(selectivityOf([among], columns)).toBeCloseTo(0.98);
  });
  it('either of two is the sum', () => {
    const a = equals(name, constant("'x'", 'VARCHAR'));
    expect(selectivityOf([{ kind: 'junction', word: 'OR', args: [a, a], type: 'BOOLEAN' }], columns)).toBeCloseTo(0.04);
  });
});
