import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canonicalStream } from '../../shared/arrow/canonical.ts';
import { digestOf, digestOfList, sha256Hex } from '../../shared/hash.ts';
import type { BlockId } from '../../shared/ids.ts';
import { CoordinatorBlocks } from '../blocks/coordinator-blocks.ts';
import { ingestChildForTests } from '../catalog/testing/child.ts';
import { bodyOf, encodeArrow, schemaCheck } from './arrow.ts';
import { encodeText, type TextFormat } from './encode.ts';
import { writeParquet } from './parquet.ts';
import { Results } from './results.ts';
import { asyncOf, collect, nativeSlices } from './testing/native-slices.ts';

async function textOf(format: TextFormat, sql: string): Promise<string> {
  const { columns, slices } = await nativeSlices(sql);
  return new TextDecoder().decode(await collect(encodeText(format, columns, asyncOf(slices))));
}

async function jsonOf(expression: string): Promise<unknown> {
  const text = await textOf('json', `SELECT ${expression} AS x`);
  const parsed = JSON.parse(text) as { rows: unknown[][] };
  return parsed.rows[0]?.[0];
}

const ALL_TYPES = `
  SELECT i % 3 = 0 AS b, i::TINYINT AS i1, (i * 100)::SMALLINT AS i2, i::INTEGER AS i4, i * 10000000000 AS i8,
    i::HUGEINT * 1000000000000000000 AS i16, i::UTINYINT AS u1, i::USMALLINT AS u2, i::UINTEGER AS u4, i::UBIGINT AS u8,
    i / 4 AS f8, (i / 4)::FLOAT AS f4, (i / 7)::DECIMAL(4,2) AS d4, (-i / 7)::DECIMAL(9,3) AS d9, (i / 7)::DECIMAL(18,6) AS d18,
    (-i / 7)::DECIMAL(38,10) AS d38, CASE WHEN i % 5 > 0 THEN repeat('é' || i, (i % 9)::INTEGER) END AS t,
    ('\\x00\\xFF'::BLOB || i::VARCHAR::BLOB) AS bl, DATE '1960-02-28' + i::INTEGER AS da, TIME '10:20:30.5' + to_seconds(i) AS ti,
    TIMESTAMP '1969-12-31 23:59:59.25' + to_seconds(i) AS ts, TIMESTAMPTZ '2020-01-01 00:00:00+02' + to_days(i::INTEGER) AS tz,
    to_days(i::INTEGER) + to_seconds(i) AS iv, uuid_from AS u, ['a', NULL, i::VARCHAR] AS l, [i, NULL]::INTEGER[2] AS a,
    CASE WHEN i % 4 > 0 THEN {'x': i, 'y': [i::VARCHAR]} END AS s, MAP {i::VARCHAR: i, 'k': NULL} AS m
  FROM (SELECT range AS i, '00000000-0000-0000-0000-0000000000' || lpad((range % 90 + 10)::VARCHAR, 2, '0') AS uuid_text,
    uuid_text::UUID AS uuid_from FROM range(120))`;

describe('results', () => {
  test.each<[string, unknown]>([
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', '9007199254740993'],
    ['-9007199254740993', '-9007199254740993'],
    ['18446744073709551615::UBIGINT', '18446744073709551615'],
    ['5::HUGEINT', 5],
    ['-170141183460469231731687303715::HUGEINT', '-170141183460469231731687303715'],
    ['1.50::DECIMAL(5,2)', '1.50'],
    ['-0.05::DECIMAL(30,2)', '-0.05'],
    ['7::DECIMAL(38,0)', '7'],
    ["'nan'::DOUBLE", 'NaN'],
    ["'-inf'::FLOAT", '-Infinity'],
    ['0.1::DOUBLE', 0.1],
    ['true', true],
    ['NULL', null],
    ["DATE '0001-01-01'", '0001-01-01'],
    ["DATE '2024-02-29'", '2024-02-29'],
    ["DATE '12345-01-02'", '12345-01-02'],
    ["DATE 'infinity'", 'infinity'],
    ["TIMESTAMP '1969-12-31 23:59:59.999999'", '1969-12-31T23:59:59.999999'],
    ["TIMESTAMP '2020-05-06 07:08:09'", '2020-05-06T07:08:09'],
    ["TIMESTAMP '290308-12-22 00:00:00'", '290308-12-22T00:00:00'],
    ["'2020-01-01 00:00:00.123'::TIMESTAMP_MS", '2020-01-01T00:00:00.123000'],
    ["'1960-01-01 00:00:00.123456789'::TIMESTAMP_NS", '1960-01-01T00:00:00.123456789'],
    ["TIMESTAMPTZ '2020-01-01 00:30:00+02'", '2019-12-31T22:30:00Z'],
    ["TIME '10:20:30.5'", '10:20:30.500000'],
    ["INTERVAL '1 year 2 months -3 days 04:05:06.5'", '1 year 2 months -3 days 04:05:06.5'],
    ["INTERVAL '0 days'", '00:00:00'],
    ["'\\x00\\xFFa'::BLOB", Buffer.from([0, 255, 97]).toString('base64')],
    ["'4ac7a9e9-607c-4c8a-84f3-843f0191e3fd'::UUID", '4ac7a9e9-607c-4c8a-84f3-843f0191e3fd'],
    ["'b'::ENUM('a', 'b')", 'b'],
    ['\'{"a": 1}\'::JSON', '{"a": 1}'],
    ["'10:00:00+02'::TIMETZ", '10:00:00+02'],
    ["chr(34) || chr(92) || chr(10) || chr(1) || 'é😀'", '"\\\n\u0001é😀'],
    ['[1, NULL, 3]', [1, null, 3]],
    ['[]::INTEGER[]', []],
    ["{'a': 1::HUGEINT, 'b \"c': [{'d': DATE '2020-01-01'}]}", { a: 1, 'b "c': [{ d: '2020-01-01' }] }],
    [
      "MAP {'k': 1.5, 'l': NULL}",
      [
        ['k', '1.5'],
        ['l', null],
      ],
    ],
    ['[1, 2]::TINYINT[2]', [1, 2]],
  ])('%s', async (expression, expected) => {
    expect(await jsonOf(expression)).toEqual(expected);
  });

  test('JSON of no rows, and of none of a duplicate name', async () => {
    expect(JSON.parse(await textOf('json', 'SELECT 1::HUGEINT AS "a""b", 2 AS x WHERE false'))).toEqual({
      columns: [
        { name: 'a"b', type: 'HUGEINT' },
        { name: 'x', type: 'INTEGER' },
      ],
      rows: [],
    });
  });

  test('many rows over many slices, NULLs included, as native reads them', async () => {
    const sql = "SELECT range AS i, CASE WHEN range % 7 > 0 THEN 'row ' || range END AS t, range % 3 = 0 AS b FROM range(20000)";
    const parsed = JSON.parse(await textOf('json', sql)) as { rows: unknown[][] };
    expect(parsed.rows).toHaveLength(20_000);
    expect(
      parsed.rows.every(
        ([i, t, b], index) => i === index && t === (index % 7 ? `row ${index}` : null) && b === (index % 3 === 0),
      ),
    ).toBe(true);
    const lines = (await textOf('ndjson', sql)).trimEnd().split('\n');
    expect(lines).toHaveLength(20_000);
    expect(JSON.parse(lines[8] as string)).toEqual({ i: 8, t: 'row 8', b: false });
  });

  test('CSV quotes what must be, and tells empty text from NULL', async () => {
    const sql = `SELECT * FROM (VALUES (1, 'a,b', NULL), (2, '', 1.50), (3, 'say "hi"' || chr(10), 2.00), (4, 'plain', 3.10)) AS t(i, "the text, here", d)`;
    expect(await textOf('csv', sql)).toBe('i,"the text, here",d\n1,"a,b",\n2,"",1.50\n3,"say ""hi""\n",2.00\n4,plain,3.10\n');
    expect(await textOf('csv', "SELECT [1, 2] AS l, {'a': 'x'} AS s")).toBe('l,s\n"[1,2]","{""a"":""x""}"\n');
  });

  test('Arrow is one stream under the author’s names', async () => {
    const { columns, slices } = await nativeSlices('SELECT range AS n, \'é\' || range AS "my text" FROM range(10000)');
    const bodies = slices.map((slice) => bodyOf(slice, schemaCheck(columns)));
    const table = tableFromIPC(await collect(encodeArrow(columns, asyncOf(bodies))));
    expect(table.schema.fields.map((field) => field.name)).toEqual(['n', 'my text']);
    expect(table.numRows).toBe(10_000);
    expect(table.batches).toHaveLength(4);
    expect(table.get(9_999)?.toJSON()).toEqual({ n: 9999n, 'my text': 'é9999' });
    const none = tableFromIPC(await collect(encodeArrow(columns, asyncOf([]))));
    expect([none.numRows, none.schema.fields.length]).toEqual([0, 2]);
  });

  test('text comes in pieces, not as a whole', async () => {
    const { columns, slices } = await nativeSlices("SELECT repeat('x', 100) AS t FROM range(20000)");
    let pieces = 0;
    for await (const piece of encodeText('csv', columns, asyncOf(slices))) {
      pieces++;
      expect(piece.length).toBeLessThan(256 * 1024);
    }
    expect(pieces).toBeGreaterThan(10);
  });
});

test('streams built from the engine’s vectors are canonical', async () => {
  const { columns, slices } = await nativeSlices(ALL_TYPES, 122_880);
  expect(slices).toHaveLength(1);
  const wires = columns.map(({ wire }, index) => ({ name: `c${index}`, wire }));
  const again = canonicalStream(wires, slices);
  expect(Buffer.compare(again.bytes, slices[0] as Uint8Array)).toBe(0);
});

describe('writeParquet', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'muster-parquet-'));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  test('gives back every type and value', async () => {
    const { columns, slices } = await nativeSlices(ALL_TYPES, 50);
    const path = join(dir, 'all.parquet');
    const childEntry = await ingestChildForTests();
    expect(await writeParquet(columns, asyncOf(slices), path, { tempDir: dir, childEntry })).toEqual({ rows: 120 });
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    await connection.run("SET TimeZone = 'UTC'");
    const differences = await connection.runAndReadAll(
      `SELECT count(*) FROM ((SELECT COLUMNS(*)::VARCHAR FROM (${ALL_TYPES})) EXCEPT ALL (SELECT COLUMNS(*)::VARCHAR FROM '${path}'))`,
    );
    expect(differences.getRowsJson()).toEqual([['0']]);
    const types = (await connection.runAndReadAll(`DESCRIBE FROM '${path}'`)).getRowsJson() as string[][];
    expect(types.map(([name]) => name)).toEqual(columns.map((column) => column.name));
    expect(types.filter((row, index) => row[1] !== columns[index]?.type).map((row) => row.slice(0, 2))).toEqual([
      ['i16', 'DECIMAL(38,0)'],
      ['a', 'INTEGER[]'],
    ]);
    connection.closeSync();
    expect(await readdir(dir)).toEqual(['all.parquet']);
  });

  test('columns of one name are told apart; no rows make an empty file', async () => {
    const { columns } = await nativeSlices('SELECT 1 AS x, 2 AS "X", 3 AS "y"');
    const path = join(dir, 'names.parquet');
    await writeParquet(columns, asyncOf([]), path, { tempDir: dir, childEntry: await ingestChildForTests() });
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const rows = (await connection.runAndReadAll(`DESCRIBE FROM '${path}'`)).getRowsJson() as string[][];
    expect(rows.map(([name]) => name)).toEqual(['x', 'X_1', 'y']);
    connection.closeSync();
  });

  test('a slice that cannot be had leaves no file behind', async () => {
    const { columns } = await nativeSlices('SELECT 1 AS x');
    const broken = async function* () {
      yield new Uint8Array(8);
      throw new Error('the block is gone');
    };
    const childEntry = await ingestChildForTests();
    const before = await readdir(dir);
    await expect(writeParquet(columns, broken(), join(dir, 'no.parquet'), { tempDir: dir, childEntry })).rejects.toThrow(
      'is gone',
    );
    expect(await readdir(dir)).toEqual(before);
  });
});

describe('Results', () => {
  const dirs = { results: '' };
  beforeAll(async () => {
    dirs.results = await mkdtemp(join(tmpdir(), 'muster-results-'));
  });
  afterAll(() => rm(dirs.results, { recursive: true, force: true }));

  test('streams a job’s verified blocks in every form, and keeps no file', async () => {
    const blocks = await CoordinatorBlocks.open({ dir: join(dirs.results, 'blocks') });
    const tempDir = join(dirs.results, 'temp');
    const results = await Results.open({ blocks, tempDir, childEntry: await ingestChildForTests() });
    const { columns, slices } = await nativeSlices("SELECT range AS n, 'v' || range AS t FROM range(7000)");
    const result = [];
    for (const [index, stream] of slices.entries()) {
      const info = { rows: 0, bytes: stream.length, digest: digestOf(stream) };
      const blockId = sha256Hex(`slice ${index}`) as BlockId;
      await blocks.putInline(blockId, digestOfList([info.digest]), [{ info, stream }]);
      result.push({ blockId, digest: digestOfList([info.digest]), buckets: [info] });
    }
    await blocks.persist(result.map(({ blockId }) => blockId));
    const json = await results.open({ columns, result }, 'json');
    expect(json.contentType).toContain('application/json');
    const rows = JSON.parse(new TextDecoder().decode(await collect(json.body))).rows as unknown[][];
    expect([rows.length, rows[6999]]).toEqual([7000, [6999, 'v6999']]);
    const parquet = await collect((await results.open({ columns, result }, 'parquet')).body);
    expect(new TextDecoder().decode(parquet.subarray(0, 4))).toBe('PAR1');
    expect(await readdir(tempDir)).toEqual([]);

    const wrong = result.map((block) => ({
      ...block,
      buckets: block.buckets.map((info) => ({ ...info, digest: digestOf(new Uint8Array(1)) })),
    }));
    await expect(collect((await results.open({ columns, result: wrong }, 'csv')).body)).rejects.toMatchObject({
      code: 'corrupt',
    });
    await expect(results.open({ columns, result: wrong }, 'parquet')).rejects.toMatchObject({ code: 'corrupt' });
    expect(await readdir(tempDir)).toEqual([]);
  });
});
