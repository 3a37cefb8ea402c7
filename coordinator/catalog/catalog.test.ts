import { copyFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nativeRows, readColumn, readValues } from './testing/read-back.ts';
import { CatalogRoom, VEGA } from './testing/room.ts';

let room: CatalogRoom;
beforeEach(async () => {
  room = await CatalogRoom.open();
});
afterEach(async () => {
  // Whatever happened, nothing half done is left lying about.
  expect(await room.leftovers()).toEqual([]);
  await room.close();
});

const FLIGHTS = join(VEGA, 'flights-3m.parquet');
const AIRPORTS = join(VEGA, 'airports.csv');
const ingest = (name: string, path: string, more: object = {}) => room.ingest(name, path, more);
const makeFile = (name: string, sql: string) => room.makeFile(name, sql);

describe('flights-3m.parquet', () => {
  test('holds what native DuckDB reads', async () => {
    const progress: { rows: number; progress: number }[] = [];
    const { record, created } = await ingest('flights', FLIGHTS, { onProgress: (pending: never) => progress.push(pending) });
    expect(created).toBe(true);
    expect(record.rows).toBe(3_000_000);
    expect(record.chunks.map((chunk) => chunk.rows)).toEqual([...Array(24).fill(122_880), 50_880]);
    expect(record.columns.map(({ name, type, wire }) => ({ name, type, wire }))).toEqual([
      { name: 'date', type: 'TIMESTAMP', wire: 'TIMESTAMP' },
      { name: 'delay', type: 'BIGINT', wire: 'BIGINT' },
      { name: 'distance', type: 'BIGINT', wire: 'BIGINT' },
      { name: 'origin', type: 'VARCHAR', wire: 'VARCHAR' },
      { name: 'destination', type: 'VARCHAR', wire: 'VARCHAR' },
    ]);
    const [counted] = await nativeRows(
      `SELECT ${record.columns.map((c) => `count(DISTINCT ${c.name})::INTEGER`).join(', ')} FROM '${FLIGHTS}'`,
    );
    record.columns.forEach((column, i) => {
      const ratio = (column.distinct ?? 0) / Number(counted?.[i]);
      expect(ratio, column.name).toBeGreaterThan(0.3);
      expect(ratio, column.name).toBeLessThan(3);
    });
    expect(Math.max(...progress.map(({ rows }) => rows))).toBeGreaterThan(0);
    expect(progress.every((step) => step.progress >= 0 && step.progress <= 1)).toBe(true);
    expect(room.catalog.pending()).toEqual([]);

    const [native] = await nativeRows(
      `SELECT sum(delay), sum(distance), sum(epoch_us(date)::HUGEINT % 1000003), sum(ascii(origin) * length(destination)) FROM '${FLIGHTS}'`,
    );
    const [dates, delays, distances, origins, destinations] = await Promise.all(
      [0, 1, 2, 3, 4].map((ordinal) => readColumn(room.blocks, record, ordinal)),
    );
    const sum = (vectors: typeof delays, of: (raw: bigint) => bigint) =>
      vectors?.reduce((total, vector) => total + (vector.toArray() as BigInt64Array).reduce((a, b) => a + of(b), 0n), 0n);
    let texts = 0;
    origins?.forEach((vector, index) => {
      for (let i = 0; i < vector.length; i++) texts += vector.get(i).charCodeAt(0) * destinations?.[index]?.get(i).length;
    });
    expect([
      String(sum(delays, (b) => b)),
      String(sum(distances, (b) => b)),
      String(sum(dates, (b) => b % 1_000_003n)),
      String(texts),
    ]).toEqual(native);

    const bounds = await nativeRows(
      `SELECT min(delay), max(delay), min(epoch_us(date)), max(epoch_us(date)), min(origin), max(origin) FROM '${FLIGHTS}'`,
    );
    const over = (ordinal: number, key: 'min' | 'max') => record.chunks.map((chunk) => chunk.columns[ordinal]?.[key]?.v ?? '');
    const numbers = (values: (string | number)[], pick: (...n: number[]) => number) => String(pick(...values.map(Number)));
    expect([
      numbers(over(1, 'min'), Math.min),
      numbers(over(1, 'max'), Math.max),
      numbers(over(0, 'min'), Math.min),
      numbers(over(0, 'max'), Math.max),
      over(3, 'min').sort()[0],
      over(3, 'max').sort().at(-1),
    ]).toEqual(bounds[0]);
  });
});

describe('the same file again', () => {
  test('under its name is no work, under another name stores nothing twice, other content is refused', async () => {
    const first = await ingest('airports', AIRPORTS);
    const before = room.blocks.usage();
    const again = await ingest('Airports', AIRPORTS);
    expect(again).toEqual({ record: first.record, created: false });
    const other = await ingest('fields', AIRPORTS);
    expect(other.created).toBe(true);
    expect(other.record).toEqual({ ...first.record, name: 'fields', createdAtMs: other.record.createdAtMs });
    expect(room.blocks.usage()).toEqual(before);
    await expect(ingest('AIRPORTS', join(VEGA, 'stocks.csv'))).rejects.toMatchObject({ code: 'dataset-exists', status: 409 });
    expect(room.catalog.list().map((record) => record.name)).toEqual(['airports', 'fields']);
  });

  test('chunks live until the last dataset that shares them is removed', async () => {
    const { record } = await ingest('a', AIRPORTS);
    await ingest('b', AIRPORTS);
    await room.catalog.remove('A');
    expect(room.catalog.get('a')).toBeUndefined();
    expect(await readValues(room.blocks, record, 'iata')).toHaveLength(record.rows);
    await room.catalog.remove('b');
    expect(room.blocks.usage().blocks).toBe(0);
    await expect(room.catalog.remove('b')).rejects.toMatchObject({ code: 'dataset-not-found', status: 404 });
  });

  test('at the same time, by one name and by two', async () => {
    const outcomes = await Promise.all([ingest('x', AIRPORTS), ingest('x', AIRPORTS), ingest('y', AIRPORTS)]);
    expect(outcomes.map(({ created }) => created)).toEqual([true, false, true]);
    expect(new Set(outcomes.map(({ record }) => record.version)).size).toBe(1);
    expect(room.blocks.usage().blocks).toBe(outcomes[0]?.record.columns.length);
  });
});

describe('after a restart', () => {
  test('datasets are there with their chunks', async () => {
    const { record } = await ingest('airports', AIRPORTS);
    await room.restart();
    expect(room.catalog.list()).toEqual([record]);
    expect((await ingest('airports', AIRPORTS)).created).toBe(false);
    expect(await readValues(room.blocks, record, 'name')).toEqual((await nativeRows(`SELECT name FROM '${AIRPORTS}'`)).flat());
  });

  test('records of older versions, without counts of different values, are as good', async () => {
    const { record } = await ingest('airports', AIRPORTS);
    const old = { ...record, columns: record.columns.map(({ name, type, wire }) => ({ name, type, wire })) };
    await room.store.datasets.remove('airports');
    await room.store.datasets.insert(old);
    await room.restart();
    expect(room.catalog.list()).toEqual([old]);
    expect((await ingest('airports', AIRPORTS)).created).toBe(false);
  });

  test('a dataset that lost a chunk is not listed, and the same file mends it', async () => {
    const { record } = await ingest('airports', AIRPORTS);
    const lost = record.chunks[0]?.columns[1]?.blockId as string;
    await rm(join(room.dir, 'blocks/chunks', lost.slice(0, 2), lost));
    await room.restart();
    expect(room.catalog.list()).toEqual([]);
    expect(room.catalog.lost).toEqual([{ name: 'airports', missingBlocks: 1 }]);
    expect((await ingest('airports', AIRPORTS)).created).toBe(true);
    await room.restart();
    expect(room.catalog.lost).toEqual([]);
    expect(room.catalog.get('airports')?.rows).toBe(record.rows);
  });

  test('chunks that no dataset names are swept', async () => {
    const { record } = await ingest('airports', AIRPORTS);
    await room.store.datasets.remove('airports');
    await room.restart();
    expect(record.chunks.length).toBeGreaterThan(0);
    expect(room.blocks.usage().blocks).toBe(0);
  });
});

describe('formats', () => {
  test.each([
    ['airports.csv', 'csv'],
    ['seattle-weather.csv', 'csv'],
    ['unemployment.tsv', 'csv'],
    ['cars.json', 'json'],
    ['movies.json', 'json'],
    ['flights-2k.json', 'json'],
  ])('%s as native reads it', async (file, format) => {
    const path = join(VEGA, file);
    const { record } = await ingest('d', path);
    expect(record.format).toBe(format);
    const described = await nativeRows(`DESCRIBE FROM '${path}'`);
    expect(record.columns.map(({ name, type }) => [name, type])).toEqual(described.map(([name, type]) => [name, type]));
    for (const [ordinal, { name, type }] of record.columns.entries()) {
      if (!['VARCHAR', 'BIGINT', 'DOUBLE', 'BOOLEAN'].includes(type)) continue;
      const native = (await nativeRows(`SELECT "${name}" FROM '${path}'`)).flat();
      const values = (await readColumn(room.blocks, record, ordinal)).flatMap((vector) => [...vector]);
      expect(values.map((value) => (typeof value === 'bigint' ? String(value) : value))).toEqual(native);
    }
  });

  test('NDJSON, a compressed CSV, and files told by their first bytes alone', async () => {
    const query = "SELECT range AS n, 'v' || range AS t FROM range(1000)";
    const ndjson = await makeFile('a.ndjson', `COPY (${query}) TO '$FILE' (FORMAT json)`);
    const gzip = await makeFile('b.csv.gz', `COPY (${query}) TO '$FILE' (FORMAT csv, COMPRESSION gzip)`);
    const parquet = await makeFile('c', `COPY (${query}) TO '$FILE' (FORMAT parquet)`);
    for (const [name, path, format] of [
      ['a', ndjson, 'ndjson'],
      ['b', gzip, 'csv'],
      ['c', parquet, 'parquet'],
    ] as const) {
      const { record } = await ingest(name, path);
      expect([record.format, record.rows]).toEqual([format, 1000]);
      expect((await readValues(room.blocks, record, 't'))[999]).toBe('v999');
    }
    const upload = join(room.dir, 'upload-1');
    await copyFile(AIRPORTS, upload);
    expect((await ingest('d', upload, { fileName: 'airports.csv' })).record.format).toBe('csv');
  });

  test('a path full of patterns and partitions is taken as it is', async () => {
    const path = await makeFile('y=[1]*?.csv', "COPY (SELECT 1 AS a) TO '$FILE' (FORMAT csv)");
    await makeFile('y=1xx.csv', "COPY (SELECT 2 AS a) TO '$FILE' (FORMAT csv)");
    const { record } = await ingest('d', path);
    expect(record.columns.map(({ name }) => name)).toEqual(['a']);
    expect(await readValues(room.blocks, record, 'a')).toEqual([1n]);
  });

  test('types that travel as others keep their name', async () => {
    const path = await makeFile(
      't.parquet',
      `COPY (SELECT uuid() AS u, 'a'::ENUM('a', 'b') AS e, TIMESTAMPTZ '2020-01-01 00:00:00+02' AS z, '[1]'::JSON AS j,
        [{'k': 1}] AS l, TIME '10:00' AS t, INTERVAL 1 DAY AS i) TO '$FILE' (FORMAT parquet)`,
    );
    const { record } = await ingest('d', path);
    expect(record.columns.map(({ type, wire }) => [type, wire])).toEqual([
      ['UUID', 'VARCHAR'],
      ['VARCHAR', 'VARCHAR'],
      ['TIMESTAMP WITH TIME ZONE', 'TIMESTAMP WITH TIME ZONE'],
      ['JSON', 'VARCHAR'],
      ['STRUCT(k INTEGER)[]', 'STRUCT(k INTEGER)[]'],
      ['TIME', 'TIME'],
      ['INTERVAL', 'INTERVAL'],
    ]);
    expect((await readValues(room.blocks, record, 'z'))[0]).toBe(Date.UTC(2019, 11, 31, 22));
  });

  test('long and short texts, NULLs and many chunks', async () => {
    const sql = `SELECT CASE WHEN range % 11 > 0 THEN repeat('ü' || range, (range % 40)::INTEGER) END AS t,
      CASE WHEN range % 3 > 0 THEN range END AS n FROM range(300000)`;
    const path = await makeFile('t.parquet', `COPY (${sql}) TO '$FILE' (FORMAT parquet)`);
    const { record } = await ingest('d', path);
    expect(record.chunks.map((chunk) => chunk.rows)).toEqual([122_880, 122_880, 54_240]);
    const texts = await readValues(room.blocks, record, 't');
    const numbers = await readValues(room.blocks, record, 'n');
    const right = (row: number) => (row % 11 > 0 ? `ü${row}`.repeat(row % 40) : null);
    expect(texts.findIndex((text, row) => text !== right(row))).toBe(-1);
    expect(numbers.findIndex((n, row) => n !== (row % 3 > 0 ? BigInt(row) : null))).toBe(-1);
    expect(record.chunks.reduce((sum, chunk) => sum + (chunk.columns[1]?.nulls ?? 0), 0)).toBe(100_000);
  });
});

test('a changed file is another version', async () => {
  const path = join(room.dir, 'a.csv');
  await writeFile(path, 'a\n1\n');
  const { record } = await ingest('a', path);
  await utimes(path, 1, 1);
  expect((await ingest('a', path)).created).toBe(false);
  await writeFile(path, 'a\n2\n');
  await expect(ingest('a', path)).rejects.toMatchObject({ code: 'dataset-exists' });
  await room.catalog.remove('a');
  expect((await ingest('a', path)).record.version).not.toBe(record.version);
});
