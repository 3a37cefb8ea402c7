import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { demoFiles, ORDER_LINE_COLUMNS, orderLinesSql } from './data.ts';
import { Native } from './native.ts';
import { QUERIES } from './queries.ts';

const folder = mkdtempSync(join(tmpdir(), 'muster-demo-data-'));
let native: Native;

beforeAll(async () => {
  native = await Native.open();
  const files = demoFiles();
  await native.run(orderLinesSql(20_000, join(folder, 'order-lines.parquet')));
  await native.load('order_lines', join(folder, 'order-lines.parquet'));
  await native.load('airports', files.airports);
  await native.load('flights', files.flights);
});
afterAll(() => {
  native.close();
  rmSync(folder, { recursive: true, force: true });
});

it('makes the same 14 columns every time', async () => {
  expect(ORDER_LINE_COLUMNS).toBe(14);
  const { result } = await native.query(
    'SELECT count(*), sum(extended_price), min(ship_date), max(comment), sum(hash(order_lines)) FROM order_lines',
  );
  expect(result.rows[0]?.slice(0, 1)).toEqual(['20000']);
  await native.run(orderLinesSql(20_000, join(folder, 'again.parquet')));
  await native.load('again', join(folder, 'again.parquet'));
  expect(
    (await native.query('SELECT count(*), sum(extended_price), min(ship_date), max(comment), sum(hash(again)) FROM again')).result
      .rows,
  ).toEqual(result.rows);
});

it.each(QUERIES.map((query) => [query.question, query] as const))('%s', async (_, query) => {
  const { result } = await native.query(query.sql);
  expect(result.rows.length).toBeGreaterThan(0);
  expect(result.rows[0]?.every((cell) => cell !== null)).toBe(true);
});
