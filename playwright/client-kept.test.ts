/** What authors keep between jobs, through the library: made once, found again, let go. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Connection, connect } from '../client/index.ts';
import { adminToken } from '../coordinator/cli/data-dir.ts';
import { type HeadlessGrid, startHeadlessGrid } from './headless-grid.ts';

let headless: HeadlessGrid;
let grid: Connection;

beforeAll(async () => {
  headless = await startHeadlessGrid();
  grid = headless.grid.admin;
}, 60_000);

afterAll(() => headless?.close());

test('what is persisted is not made again, until it is let go', async () => {
  const squares = grid.sql<{ i: bigint }>`SELECT range AS i FROM range(1000)`
    .rdd()
    .map(({ i }) => Number(i) ** 2)
    .persist();
  const sum = async () => {
    const ids: string[] = [];
    const total = await squares.reduce((a, b) => a + b, { onJob: ({ id }) => ids.push(id) });
    return { total, kept: (await grid.cache()).relations.filter(({ jobId }) => jobId === ids[0]) };
  };
  const first = await sum();
  expect(first.total).toBe(332_833_500);
  expect(first.kept).toMatchObject([{ name: 'map_2', level: 'tabs' }]);
  const second = await sum();
  expect(second.kept[0]?.id).toBe(first.kept[0]?.id);
  expect(second.total).toBe(first.total);
  expect(await squares.unpersist()).toBe(true);
  expect((await grid.cache()).relations).toEqual([]);
  expect(await squares.unpersist()).toBe(false);
});

test('what another connection has made again is let go, and only that', async () => {
  const chain = ({ sql }: Connection) => {
    const below = sql<{ i: bigint }>`SELECT range AS i FROM range(300)`.repartition(2).cache();
    return {
      below,
      above: below
        .rdd()
        .map(({ i }) => [Number(i) % 7, 1] as [number, number])
        .persist(),
    };
  };
  const { below, above } = chain(grid);
  expect(await above.countByKey()).toHaveProperty('size', 7);
  const kept = async () => (await grid.cache()).relations.map(({ name }) => name).sort();
  expect(await kept()).toEqual(['map_3', 'repartition_2']);
  const other = chain(connect(headless.grid.url, { token: adminToken(headless.grid.dataDir) }));
  expect(await other.above.map((x) => x).unpersist()).toBe(false);
  expect(await other.above.unpersist()).toBe(true);
  expect(await kept()).toEqual(['repartition_2']);
  // A step that says the same needs no persist.
  expect(await grid.sql`SELECT range AS i FROM range(300)`.repartition(2).unpersist()).toBe(true);
  expect(await kept()).toEqual([]);
  expect(await below.unpersist()).toBe(false);
});
