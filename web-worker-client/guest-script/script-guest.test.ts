/** Functions in JavaScript: what they get and what they may return. */

import { describe, expect, test } from 'vitest';
import { rowsOf, streamOf } from '../../shared/arrow/testing.ts';
import { column, failureOf, numbers, open, rowsIn, run, type Some } from './testing/scripts.ts';

describe('operations', () => {
  test('map', async () => {
    expect(await run('export function f(row) { return { y: row.x * 2 }; }', numbers([1, 2.5, null]))).toEqual([[2], [5], [0]]);
  });

  test('filter hands rows on as they are, whatever their types', async () => {
    const stream = streamOf([
      { name: 'k', wire: 'DECIMAL(38,0)', values: ['1', '-170141183460469231731687303715884105', null, '4'] },
      { name: 's', wire: 'STRUCT("a" BLOB[])', values: [{ a: [Uint8Array.of(1)] }, null, { a: null }, { a: [] }] },
    ]);
    const kept = await run('export const f = (row) => row.k !== "1";', stream, { operation: 'filter' });
    expect(kept).toEqual(rowsOf(stream).slice(1));
  });

  test('a HUGEINT is a bigint, as other integers are that numbers would not hold', async () => {
    const stream = streamOf([
      { name: 'h', wire: 'DECIMAL(38,0)', values: ['170141183460469231731687303715884105', '-1', null] },
      { name: 'l', wire: 'DECIMAL(38,0)[]', values: [['5', null], [], null] },
      { name: 'd', wire: 'DECIMAL(38,0)', values: ['7', null, null] },
    ]);
    const f =
      'export const f = ({ h, l, d }) => ({ h: h === null ? h : h + 1n, l: l?.map((n) => typeof n).join(), d: typeof d });';
    const outputs = [column('h', 'DECIMAL(38,0)'), column('l', 'VARCHAR'), column('d', 'VARCHAR')];
    expect(await run(f, stream, { columnTypes: ['HUGEINT', 'HUGEINT[]', 'DECIMAL(38,0)'], outputs })).toEqual([
      ['170141183460469231731687303715884106', 'bigint,object', 'string'],
      ['0', '', 'object'],
      [null, null, 'object'],
    ]);
  });

  test('flatMap over arrays, generators and nothing', async () => {
    const source = `export function f({ line }) { return line === null ? undefined : line === 'g' ? (function* () { yield { w: 'gen' }; })() : line.split(' ').map((w) => ({ w })); }`;
    const stream = streamOf([{ name: 'line', wire: 'VARCHAR', values: ['a b', null, 'g', 'déjà 😀'] }]);
    const words = await run(source, stream, { operation: 'flatMap', outputs: [column('w', 'VARCHAR')] });
    expect(words.flat()).toEqual(['a', 'b', 'gen', 'déjà', '😀']);
  });

  test('mapPartitions pulls rows while it runs, and knows partition and parameters', async () => {
    const source = `export function* f(rows, { params, partition }) {
      let sum = 0;
      for (const { x } of rows) { sum += x; if (sum > params.limit) break; }
      yield { y: sum }; yield { y: partition };
    }`;
    const guest = await open(source, { operation: 'mapPartitions', params: { limit: 1e9 }, partition: 3 });
    for (let i = 0; i < 3; i++) expect(await guest.batch(numbers(Array.from({ length: 9_000 }, () => 1)))).toEqual([]);
    expect(rowsIn(await guest.endFinal())).toEqual([[27_000], [3]]);
    guest.close();
  });

  test('an aggregate in parts, merged and finished', async () => {
    const source = `export const f = {
      zero: () => ({ n: 0n, words: new Set(), last: NaN }),
      add(state, row) { state.n += row.v; state.words.add(row.w); state.last = -0; },
      merge(a, b) { a.n += b.n; for (const w of b.words) a.words.add(w); if (!Object.is(b.last, -0)) throw new Error('lost'); return a; },
      finish: (state, { k }) => ({ n: state.n, words: [...state.words].sort().join(), same: k }),
    };`;
    const outputs = [column('k', 'VARCHAR'), column('n', 'BIGINT'), column('words', 'VARCHAR'), column('same', 'VARCHAR')];
    const options: Some = { operation: 'aggregate', keys: ['k'], outputs };
    const part = async (k: (string | null)[], v: bigint[], w: string[]): Promise<Uint8Array> => {
      const guest = await open(source, options);
      await guest.batch(
        streamOf([
          { name: 'k', wire: 'VARCHAR', values: k },
          { name: 'v', wire: 'BIGINT', values: v },
          { name: 'w', wire: 'VARCHAR', values: w },
        ]),
      );
      const [output] = await guest.endPartial();
      guest.close();
      return output?.stream ?? new Uint8Array();
    };
    const first = await part(['a', 'b', 'a', null], [1n, 2n ** 60n, 3n, 4n], ['x', 'y', 'z', 'x']);
    const second = await part([null, 'b'], [5n, 6n], ['q', 'y']);
    const merger = await open(source, options);
    await merger.merge(first);
    await merger.merge(second);
    const rows = rowsIn(await merger.endFinal());
    merger.close();
    expect(rows).toEqual([
      ['a', 4n, 'x,z', 'a'],
      ['b', 2n ** 60n + 6n, 'y', 'b'],
      [null, 9n, 'q,x', null],
    ]);
  });

  test('a part without rows has no groups', async () => {
    const guest = await open('export const f = { zero() {}, add() {}, merge() {} };', { operation: 'aggregate', keys: ['k'] });
    expect(await guest.endPartial()).toEqual([]);
    guest.close();
  });
});

describe('values', () => {
  const COLUMNS: readonly { name: string; wire: string; values: readonly unknown[] }[] = [
    { name: 'bool', wire: 'BOOLEAN', values: [true, false, null] },
    { name: 'i8', wire: 'TINYINT', values: [-128, 127, null] },
    { name: 'u16', wire: 'USMALLINT', values: [0, 65_535, null] },
    { name: 'i32', wire: 'INTEGER', values: [-(2 ** 31), null, 7] },
    { name: 'i64', wire: 'BIGINT', values: [-(2n ** 63n), 2n ** 63n - 1n, null] },
    { name: 'u64', wire: 'UBIGINT', values: [0n, 2n ** 64n - 1n, null] },
    { name: 'f32', wire: 'FLOAT', values: [0.5, Number.POSITIVE_INFINITY, null] },
    { name: 'f64', wire: 'DOUBLE', values: [-0, Number.NaN, 1e300] },
    { name: 'dec', wire: 'DECIMAL(20,3)', values: ['-12345678901234567.890', '0.001', null] },
    { name: 'text', wire: 'VARCHAR', values: ['', 'é"\\\n😀', null] },
    { name: 'blob', wire: 'BLOB', values: [Uint8Array.of(), Uint8Array.of(0, 255, 10, 1), null] },
    { name: 'date', wire: 'DATE', values: [-719_528, 19_000, null] },
    { name: 'time', wire: 'TIME', values: [86_399_999_999n, 0n, null] },
    { name: 'ts', wire: 'TIMESTAMP', values: [-1n, 1_700_000_000_123_456n, null] },
    { name: 'tsns', wire: 'TIMESTAMP_NS', values: [-1n, 1_700_000_000_123_456_789n, null] },
    { name: 'tz', wire: 'TIMESTAMP WITH TIME ZONE', values: [0n, 2n ** 63n - 1n, null] },
    {
      name: 'iv',
      wire: 'INTERVAL',
      values: [{ months: 14, days: -3, nanos: 3_600_000_000_000n }, { months: 0, days: 0, nanos: 0n }, null],
    },
    { name: 'list', wire: 'BIGINT[]', values: [[1n, null, 2n ** 62n], [], null] },
    { name: 'array', wire: 'DOUBLE[2]', values: [[Number.NaN, 1], [null, -0], null] },
    {
      name: 'struct',
      wire: 'STRUCT("a" BIGINT, "b" BLOB)',
      values: [{ a: 1n, b: Uint8Array.of(9) }, { a: null, b: null }, null],
    },
    { name: 'map', wire: 'MAP(VARCHAR, FLOAT[])', values: [[['k', [1.5, Number.NEGATIVE_INFINITY]]], [], null] },
    { name: '__proto__', wire: 'INTEGER', values: [1, 2, 3] },
  ];

  test('all types there and back unchanged', async () => {
    const outputs = COLUMNS.map(({ name, wire }) => ({ name, wire }));
    const stream = streamOf(COLUMNS);
    const guest = await open('export const f = (row) => row;', { outputs });
    const [output] = await guest.batch(stream);
    guest.close();
    expect(rowsOf(output?.stream ?? new Uint8Array())).toEqual(rowsOf(stream));
    expect(Buffer.compare(output?.stream ?? new Uint8Array(), stream)).toBe(0);
  });

  test('what authors see', async () => {
    const source = `export const f = (row) => ({ y: Object.values(row).map((v) => v === null ? 'null' : typeof v + ':' + (v instanceof Uint8Array ? v.join() : Array.isArray(v) ? v.map((x) => typeof x).join() : v)).join(' ') });`;
    const named = COLUMNS.filter(({ name }) => ['i64', 'f64', 'dec', 'blob', 'date', 'ts', 'tz', 'iv', 'list'].includes(name));
    const rows = await run(source, streamOf(named), { outputs: [column('y', 'VARCHAR')] });
    expect(rows[0]?.[0]).toBe(
      'bigint:-9223372036854775808 number:0 string:-12345678901234567.890 object: string:0000-01-01 string:1969-12-31T23:59:59.999999 string:1970-01-01T00:00:00Z string:1 year 2 months -3 days 01:00:00 object:bigint,object,bigint',
    );
  });

  test('Dates and Maps are taken too', async () => {
    const outputs = [column('at', 'TIMESTAMP'), column('m', 'MAP(VARCHAR, BIGINT)')];
    const rows = await run("export const f = () => ({ at: new Date(1500), m: new Map([['k', 5n]]) });", numbers([1]), {
      outputs,
    });
    expect(rows).toEqual([[1_500_000n, [['k', 5n]]]]);
  });

  test('values of another type are refused, by row and column', async () => {
    const bad = (value: string, wire: string) =>
      failureOf(
        run(`let n = 0; export const f = () => ({ y: ++n === 2 ? ${value} : null });`, numbers([1, 2, 3]), {
          outputs: [column('y', wire)],
        }),
      );
    expect(await bad('"abc"', 'INTEGER')).toMatchObject({
      reason: 'author',
      code: 'guest-output-type',
      message: expect.stringContaining('Row 2 of the script\'s output has a wrong y: "abc" is no INTEGER'),
    });
    expect((await bad('1.5', 'BIGINT')).message).toContain('1.5 is no BIGINT');
    expect((await bad('300', 'UTINYINT')).message).toContain('300 is no UTINYINT');
    expect((await bad('2n**63n', 'BIGINT')).message).toContain('is no BIGINT');
    expect((await bad('"2023-02-29"', 'DATE')).message).toContain('is no DATE');
    expect((await bad('[1]', 'DOUBLE[2]')).message).toContain('an array of 1 is no DOUBLE[2]');
    expect((await bad('1', 'VARCHAR')).message).toContain('1 is no VARCHAR');
    expect((await bad('() => 1', 'VARCHAR')).message).toContain('function is no value of a row');
  });

  test('what is no row is refused', async () => {
    const message = async (value: string, operation: 'map' | 'flatMap' = 'map') =>
      (await failureOf(run(`export const f = () => ${value};`, numbers([1]), { operation }))).message;
    expect(await message('5')).toContain('a row must be an object');
    expect(await message('[{ y: 1 }]')).toContain('not an array');
    expect(await message('null')).toContain('not null');
    expect(await message('Promise.resolve({ y: 1 })')).toContain('async');
    expect(await message('7', 'flatMap')).toContain('iterable');
  });
});

describe('fields of rows', () => {
  const outputs = [column('team', 'VARCHAR'), column('n', 'DOUBLE')];
  const rows = numbers([1, 2]);

  test.each<[string, string, Some]>([
    ['map', 'export const f = ({ x }) => ({ tem: "a", n: x });', {}],
    ['flatMap', 'export const f = ({ x }) => [{ n: x }, { tem: "a", n: x }];', { operation: 'flatMap' }],
    [
      'mapPartitions',
      'export function* f(rows) { for (const { x } of rows) yield { tem: "a", n: x }; }',
      { operation: 'mapPartitions' },
    ],
  ])('a column that no row of a %s has is the author’s error', async (_, source, options) => {
    expect(await failureOf(run(source, rows, { outputs, ...options }))).toMatchObject({
      reason: 'author',
      code: 'guest-output-type',
      message: expect.stringMatching(/the column "team", but .*: "tem"\.$/),
      hint: expect.stringContaining('Did you mean "team" instead of "tem"?'),
    });
  });

  test('what finishes a group may name its keys, and not change them', async () => {
    const finish = async (made: string): Promise<unknown[][]> => {
      const source = `export const f = { zero: () => 0, add: (n) => n + 1, merge: (a, b) => a + b, finish: (n, { x }) => (${made}) };`;
      const outputs = [column('x', 'BIGINT[]'), column('n', 'DOUBLE')];
      const guest = await open(source, { operation: 'aggregate', keys: ['x'], outputs });
      await guest.batch(streamOf([{ name: 'x', wire: 'BIGINT[]', values: [[1n], [2n], [1n]] }]));
      return rowsIn(await guest.endFinal());
    };
    const counts = [
      [[1n], 2],
      [[2n], 1],
    ];
    expect(await finish('{ n }')).toEqual(counts);
    expect(await finish('{ x: [...x], n }')).toEqual(counts);
    await expect(finish('{ x: [...x, 3n], n }')).rejects.toThrow('finish changed the key x: a group keeps its keys');
  });

  test('an aggregate without finish makes a field `value`', async () => {
    const source = 'export const f = { zero: () => 0, add: (s, row) => s + row.x, merge: (a, b) => a + b };';
    const options: Some = { operation: 'aggregate', keys: ['x'], outputs: [column('x', 'DOUBLE'), column('total', 'DOUBLE')] };
    const guest = await open(source, options);
    expect(await guest.batch(rows)).toEqual([]);
    expect(await failureOf(guest.endFinal())).toMatchObject({ message: expect.stringMatching(/"total".*"value"/) });
  });

  test('fields of the input, and a column of one row only, are in order', async () => {
    const source = 'export const f = (row) => (row.x === 2 ? { ...row, n: 1, team: "b", tem: 0 } : { ...row, n: 0 });';
    expect(await run(source, rows, { outputs })).toEqual([
      [null, 0],
      ['b', 1],
    ]);
    expect(await run('export const f = (row) => ({ ...row });', rows, { outputs })).toEqual([
      [null, null],
      [null, null],
    ]);
  });
});
