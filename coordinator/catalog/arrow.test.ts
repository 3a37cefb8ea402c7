import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  Binary,
  Bool,
  type DataType,
  DateMillisecond,
  Decimal,
  Dictionary,
  DurationSecond,
  Field,
  FixedSizeBinary,
  FixedSizeList,
  Float16,
  Int8,
  Int32,
  Int64,
  LargeUtf8,
  List,
  Map_,
  RecordBatchStreamWriter,
  Struct,
  Table,
  TimeMillisecond,
  TimestampMillisecond,
  TimestampNanosecond,
  TimestampSecond,
  tableFromIPC,
  tableToIPC,
  Uint16,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeText } from '../results/encode.ts';
import { asyncOf, collect } from '../results/testing/native-slices.ts';
import { readColumn } from './testing/read-back.ts';
import { CatalogRoom, VEGA } from './testing/room.ts';
import type { DatasetRecord } from './types.ts';

let room: CatalogRoom;
beforeEach(async () => {
  room = await CatalogRoom.open();
});
afterEach(async () => {
  expect(await readdir(join(room.dir, 'temp'))).toEqual([]);
  await room.close();
});

async function ingestTable(columns: Record<string, { type: DataType; values: unknown[] }>, form: 'file' | 'stream' = 'file') {
  const vectors = Object.fromEntries(
    Object.entries(columns).map(([name, { type, values }]) => [name, vectorFromArray(values, type)]),
  );
  const path = join(room.dir, `table-${form}.arrow`);
  await writeFile(path, tableToIPC(new Table(vectors), form));
  return (await room.catalog.ingest({ name: 'd', path, owner: 'admin' })).record;
}

/** A column's values as a JSON result has them. */
async function jsonColumn(record: DatasetRecord, name: string): Promise<unknown[]> {
  const ordinal = record.columns.findIndex((column) => column.name === name);
  const column = record.columns[ordinal];
  if (!column) throw new Error(`no column ${name}`);
  const slices = await Promise.all(
    record.chunks.map((chunk) => {
      const { blockId, digest } = chunk.columns[ordinal] as (typeof chunk.columns)[0];
      return room.blocks.readStream(blockId, 0, digest);
    }),
  );
  const json = JSON.parse(new TextDecoder().decode(await collect(encodeText('json', [column], asyncOf(slices)))));
  return (json.rows as unknown[][]).map(([value]) => value);
}

describe('Arrow files', () => {
  test('flights-200k.arrow, as apache-arrow reads it', async () => {
    const path = join(VEGA, 'flights-200k.arrow');
    const { record } = await room.catalog.ingest({ name: 'flights', path, owner: 'admin' });
    expect(record.format).toBe('arrow');
    expect(record.columns.map(({ name, type }) => [name, type])).toEqual([
      ['delay', 'SMALLINT'],
      ['distance', 'SMALLINT'],
      ['time', 'FLOAT'],
    ]);
    expect(record.chunks.map((chunk) => chunk.rows)).toEqual([122_880, 77_120]);
    const { readFile } = await import('node:fs/promises');
    const table = tableFromIPC(await readFile(path));
    for (const [ordinal, { name }] of record.columns.entries()) {
      const values = (await readColumn(room.blocks, record, ordinal)).flatMap((vector) => [...vector]);
      expect(values).toEqual([...(table.getChild(name) ?? [])]);
    }
  });

  test.each(['file', 'stream'] as const)('each type that has a rule, from a %s', async (form) => {
    const day = Date.UTC(2024, 1, 29);
    const record = await ingestTable(
      {
        i8: { type: new Int8(), values: [-1, null, 127] },
        i64: { type: new Int64(), values: [9007199254740993n, null, -1n] },
        u16: { type: new Uint16(), values: [0, 65535, null] },
        f16: { type: new Float16(), values: [1, -2, null] },
        b: { type: new Bool(), values: [true, null, false] },
        t: { type: new Utf8(), values: ['é', null, ''] },
        lt: { type: new LargeUtf8(), values: ['large', null, 'text'] },
        bin: { type: new Binary(), values: [Uint8Array.of(0, 255), null, new Uint8Array(0)] },
        fsb: { type: new FixedSizeBinary(2), values: [Uint8Array.of(1, 2), null, Uint8Array.of(3, 4)] },
        dm: { type: new DateMillisecond(), values: [new Date(day), null, new Date(-1)] },
        tm: { type: new TimeMillisecond(), values: [36_000_500, null, 0] },
        tss: { type: new TimestampSecond(), values: [day, null, 0] },
        tsm: { type: new TimestampMillisecond('Europe/Zurich'), values: [day + 5, null, 0] },
        tsn: { type: new TimestampNanosecond(), values: [day, null, 0] },
        dict: { type: new Dictionary(new Utf8(), new Int32()), values: ['x', null, 'x'] },
        l: { type: new List(new Field('item', new Int32(), true)), values: [[1, null], null, []] },
        fl: { type: new FixedSizeList(2, new Field('item', new Int32(), true)), values: [[1, 2], null, [3, 4]] },
        s: {
          type: new Struct([new Field('a b', new Utf8(), true), new Field('n', new Int32(), true)]),
          values: [{ 'a b': 'q', n: 1 }, null, { 'a b': null, n: 2 }],
        },
      },
      form,
    );
    expect(Object.fromEntries(record.columns.map(({ name, type }) => [name, type]))).toEqual({
      i8: 'TINYINT',
      i64: 'BIGINT',
      u16: 'USMALLINT',
      f16: 'FLOAT',
      b: 'BOOLEAN',
      t: 'VARCHAR',
      lt: 'VARCHAR',
      bin: 'BLOB',
      fsb: 'BLOB',
      dm: 'DATE',
      tm: 'TIME',
      tss: 'TIMESTAMP_S',
      tsm: 'TIMESTAMP WITH TIME ZONE',
      tsn: 'TIMESTAMP_NS',
      dict: 'VARCHAR',
      l: 'INTEGER[]',
      fl: 'INTEGER[2]',
      s: 'STRUCT("a b" VARCHAR, "n" INTEGER)',
    });
    const expected = {
      i8: [-1, null, 127],
      i64: ['9007199254740993', null, -1],
      u16: [0, 65535, null],
      f16: [1, -2, null],
      b: [true, null, false],
      t: ['é', null, ''],
      lt: ['large', null, 'text'],
      bin: ['AP8=', null, ''],
      fsb: ['AQI=', null, 'AwQ='],
      dm: ['2024-02-29', null, '1969-12-31'],
      tm: ['10:00:00.500000', null, '00:00:00'],
      tss: ['2024-02-29T00:00:00', null, '1970-01-01T00:00:00'],
      tsm: ['2024-02-29T00:00:00.005000Z', null, '1970-01-01T00:00:00Z'],
      tsn: ['2024-02-29T00:00:00', null, '1970-01-01T00:00:00'],
      dict: ['x', null, 'x'],
      l: [[1, null], null, []],
      fl: [[1, 2], null, [3, 4]],
      s: [{ 'a b': 'q', n: 1 }, null, { 'a b': null, n: 2 }],
    };
    for (const [name, values] of Object.entries(expected)) expect([name, await jsonColumn(record, name)]).toEqual([name, values]);
    expect(record.chunks[0]?.columns[1]).toMatchObject({
      nulls: 1,
      min: { k: 'i', v: '-1' },
      max: { k: 'i', v: '9007199254740993' },
    });
  });

  test('a decimal column and a map', async () => {
    const type = new Map_(
      new Field(
        'entries',
        new Struct([new Field('key', new Utf8(), false), new Field('value', new Int32(), true)]) as never,
        false,
      ),
    );
    const record = await ingestTable({
      d: {
        type: new Decimal(2, 10, 128),
        values: [Uint32Array.of(150, 0, 0, 0), Uint32Array.of(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff)],
      },
      m: { type, values: [new Map([['k', 1]]), null] },
    });
    expect(record.columns.map((column) => column.type)).toEqual(['DECIMAL(10,2)', 'MAP(VARCHAR, INTEGER)']);
    expect(await jsonColumn(record, 'd')).toEqual(['1.50', '-0.01']);
    expect(await jsonColumn(record, 'm')).toEqual([[['k', 1]], null]);
  });

  test('many record batches become whole chunks', async () => {
    const batches = Array.from(
      { length: 30 },
      (_, part) =>
        new Table({
          n: vectorFromArray(
            Array.from({ length: 5000 }, (_, i) => part * 5000 + i),
            new Int32(),
          ),
        }).batches[0],
    );
    const writer = new RecordBatchStreamWriter();
    for (const batch of batches) if (batch) writer.write(batch);
    writer.close();
    const path = join(room.dir, 'many.arrows');
    await writeFile(path, await writer.toUint8Array());
    const progress: number[] = [];
    const { record } = await room.catalog.ingest({
      name: 'd',
      path,
      owner: 'admin',
      onProgress: (pending) => progress.push(pending.progress),
    });
    expect(record.chunks.map((chunk) => chunk.rows)).toEqual([122_880, 27_120]);
    expect((await jsonColumn(record, 'n')).findIndex((value, row) => value !== row)).toBe(-1);
    expect(progress.every((step) => step <= 1)).toBe(true);
  });

  test('a type without a rule and a file cut short are clear errors', async () => {
    await expect(ingestTable({ how_long: { type: new DurationSecond(), values: [1n] } })).rejects.toMatchObject({
      code: 'unsupported-type',
      message: expect.stringContaining('"how_long"'),
    });
    const whole = tableToIPC(
      new Table({
        n: vectorFromArray(
          Array.from({ length: 5000 }, (_, i) => i),
          new Int32(),
        ),
      }),
      'stream',
    );
    const path = join(room.dir, 'cut.arrow');
    await writeFile(path, whole.subarray(0, 9_000));
    await expect(room.catalog.ingest({ name: 'd', path, owner: 'admin' })).rejects.toMatchObject({
      code: 'bad-file',
      message: expect.stringContaining('cut.arrow'),
    });
  });
});
