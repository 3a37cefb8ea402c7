import { expect, test } from 'vitest';
import { readColumns, writeColumns } from './columns-text.ts';
import { type Draft, defaultSchema, functionOf, plan, sqlOfRelation } from './draft.ts';
import { newLine, offsetOf } from './editing.ts';
import { columnsIn, functionsIn } from './reading.ts';
import { SAMPLES, withoutForeignQuestion } from './samples.ts';

const SOURCE = `export { muster1_abi, muster1_alloc, muster1_free } from 'muster';
export function muster1_abi2(event: i32): i32 { return 0; }
export function muster1_count(event: i32, schema: usize, array: usize): i32 {
  const out = new Output();
  const day = out.add('day', 'tdD'), n = out.add("n", 'l');
  out.add('paid', 'd:15,2');
  return 0;
}
function helper(): void {}
export function muster1_odd(event: i32): i32 { new Output().add('x', '+l'); return 0; }
`;

function draft(change: Partial<Draft> = {}): Draft {
  return { ...SAMPLES[0].draft, ...change };
}

test('functions are read off the source, without those of the ABI', () => {
  expect(functionsIn('assemblyscript', SOURCE)).toEqual(['abi2', 'count', 'odd']);
  const script = 'export const a = (row) => row;\n  export function* b() {}\nexport async function c() {}\nconst d = 1;';
  expect(functionsIn('javascript', script)).toEqual(['a', 'b', 'c']);
  expect(functionOf(draft({ source: SOURCE, functionName: 'odd' }))).toBe('odd');
  expect(functionOf(draft({ source: SOURCE, functionName: 'gone' }))).toBe('abi2');
});

test('columns are read off one function; where one cannot be told, none are', () => {
  expect(columnsIn(SOURCE, 'count')).toEqual([
    { name: 'day', type: 'DATE' },
    { name: 'n', type: 'BIGINT' },
    { name: 'paid', type: 'DECIMAL(15,2)' },
  ]);
  expect(columnsIn(SOURCE, 'abi2')).toBeUndefined();
  expect(columnsIn(SOURCE, 'odd')).toBeUndefined();
  expect(defaultSchema(draft())).toBe('x DOUBLE, square DOUBLE');
});

test('columns as text', () => {
  const text = 'word VARCHAR, "a ""b"", c" DECIMAL(15,2),\n s STRUCT(x INTEGER, y INTEGER)[]';
  const read = readColumns(text);
  expect(read).toEqual({
    ok: true,
    columns: [
      { name: 'word', type: 'VARCHAR' },
      { name: 'a "b", c', type: 'DECIMAL(15,2)' },
      { name: 's', type: 'STRUCT(x INTEGER, y INTEGER)[]' },
    ],
  });
  if (read.ok) expect(readColumns(writeColumns(read.columns))).toEqual(read);
  expect(readColumns('word')).toMatchObject({ ok: false, why: expect.stringContaining('no type') });
  expect(readColumns('a INTEGER, a DOUBLE')).toMatchObject({ ok: false, why: expect.stringContaining('two columns a') });
});

test('a draft becomes a plan: the input, the guest, and what is asked of its output', () => {
  const planned = plan(draft({ dataset: 'my "data"', thenSql: '' }));
  expect(planned.ok && planned.plan('abc')).toEqual({
    relations: [
      { name: 'input', relation: { kind: 'sql', sql: 'SELECT * FROM "my ""data"""' } },
      {
        name: 'output',
        relation: {
          kind: 'guest',
          operation: 'map',
          input: 'input',
          code: { kind: 'batch', module: 'abc', function: 'square' },
          schema: [
            { name: 'x', type: 'DOUBLE' },
            { name: 'square', type: 'DOUBLE' },
          ],
        },
      },
    ],
    result: 'output',
  });
  const source = 'export const short = ({ line }) => line.length < 9;';
  const filter = plan(draft({ language: 'javascript', source, operation: 'filter', thenSql: 'SELECT 1' }));
  expect(filter.ok && filter.plan('')).toMatchObject({
    relations: [
      {},
      { relation: { code: { kind: 'script', source, function: 'short' } } },
      { name: 'answer', relation: { sql: 'SELECT 1' } },
    ],
    result: 'answer',
  });
  expect(filter.ok && filter.plan('').relations[1]?.relation).not.toHaveProperty('schema');
});

test('what is missing is said where it is missing', () => {
  expect(plan(draft({ source: '' }))).toMatchObject({ ok: false, field: 'source' });
  expect(plan(draft({ inputSql: ' ' }))).toMatchObject({ ok: false, field: 'inputSql' });
  expect(plan(draft({ schema: 'word' }))).toMatchObject({ ok: false, field: 'schema' });
  expect(plan(draft({ language: 'javascript', source: 'export const f = (row) => row;' }))).toMatchObject({
    ok: false,
    field: 'schema',
  });
});

test('each sample is a plan, and a problem of a relation points into what the author wrote', () => {
  for (const { draft: sample } of SAMPLES) expect(plan(sample).ok).toBe(true);
  const [first] = SAMPLES;
  expect(sqlOfRelation(first.draft, 'input')).toBe(first.draft.inputSql);
  expect(sqlOfRelation(first.draft, 'answer')).toBe(first.draft.thenSql);
  expect(sqlOfRelation({ ...first.draft, dataset: 'flights' }, 'input')).toBeUndefined();
  expect(sqlOfRelation(first.draft, undefined)).toBeUndefined();
});

test('the question of a sample goes with its columns; one’s own stays', () => {
  for (const { draft: whole } of SAMPLES) expect(withoutForeignQuestion(whole)).toEqual(whole);
  const { thenSql } = draft();
  expect(withoutForeignQuestion(draft({ source: SOURCE, functionName: 'count' })).thenSql).toBe('');
  expect(withoutForeignQuestion(draft({ schema: 'x DOUBLE' })).thenSql).toBe('');
  expect(withoutForeignQuestion(draft({ schema: 'more DATE, square DOUBLE, x DOUBLE' })).thenSql).toBe(thenSql);
  expect(withoutForeignQuestion(draft({ source: 'no column can be told' })).thenSql).toBe(thenSql);
  expect(withoutForeignQuestion(draft({ source: SOURCE, functionName: 'count', thenSql: 'SELECT n' })).thenSql).toBe('SELECT n');
});

test('Enter keeps the indentation, and goes further in after a bracket', () => {
  expect(newLine('  if (x) {', 10)).toBe('\n    ');
  expect(newLine('a\n  b\nc', 5)).toBe('\n  ');
  expect(newLine('    deep', 2)).toBe('\n  ');
});

test('a place in the source is an offset', () => {
  const text = 'ab\ncd\n';
  expect([offsetOf(text, 1, 1), offsetOf(text, 2, 2), offsetOf(text, 2, 99), offsetOf(text, 9, 1)]).toEqual([0, 4, 5, 6]);
});
