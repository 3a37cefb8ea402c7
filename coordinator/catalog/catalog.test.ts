import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readColumn } from './testing/read-back.ts';
import { CatalogRoom, VEGA } from './testing/room.ts';

let room: CatalogRoom;
beforeEach(async () => {
  room = await CatalogRoom.open();
});
afterEach(() => room.close());

const FLIGHTS = join(VEGA, 'flights-3m.parquet');

describe('flights-3m.parquet', () => {
  test('holds what native DuckDB reads', async () => {
    const progress: number[] = [];
    const { record, created } = await room.catalog.ingest({
      name: 'flights',
      path: FLIGHTS,
      owner: 'admin',
      onProgress: (pending) => progress.push(pending.rows),
    });
    expect(created).toBe(true);
    expect(record.rows).toBe(3_000_000);
    expect(record.chunks.map((chunk) => chunk.rows)).toEqual([...Array(24).fill(122_880), 50_880]);
    expect(record.columns).toEqual([
      { name: 'date', type: 'TIMESTAMP', wire: 'TIMESTAMP' },
      { name: 'delay', type: 'BIGINT', wire: 'BIGINT' },
      { name: 'distance', type: 'BIGINT', wire: 'BIGINT' },
      { name: 'origin', type: 'VARCHAR', wire: 'VARCHAR' },
      { name: 'destination', type: 'VARCHAR', wire: 'VARCHAR' },
    ]);
    expect(Math.max(...progress)).toBeGreaterThan(0);

    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const native = (
      await connection.runAndReadAll(
        `SELECT sum(delay), sum(distance), sum(epoch_us(date)::HUGEINT % 1000003), sum(ascii(origin) * length(destination)) FROM '${FLIGHTS}'`,
      )
    ).getRowsJson()[0] as string[];
    connection.closeSync();
    const [dates, delays, distances, origins, destinations] = await Promise.all(
      [0, 1, 2, 3, 4].map((ordinal) => readColumn(room.blocks, record, ordinal)),
    );
    const sum = (vectors: typeof delays, of: (raw: bigint) => bigint) =>
      vectors?.reduce((total, vector) => total + (vector.toArray() as BigInt64Array).reduce((a, b) => a + of(b), 0n), 0n);
    expect(String(sum(delays, (b) => b))).toBe(native[0]);
    expect(String(sum(distances, (b) => b))).toBe(native[1]);
    expect(String(sum(dates, (b) => b % 1_000_003n))).toBe(native[2]);
    let texts = 0;
    origins?.forEach((vector, index) => {
      const other = destinations?.[index];
      for (let i = 0; i < vector.length; i += 1) texts += vector.get(i).charCodeAt(0) * other?.get(i).length;
    });
    expect(String(texts)).toBe(native[3]);
  });
});
