/** Repartition and coalesce: the same rows in just as many tasks as were asked for. What follows is compared with a plain query. */
import { describe, expect, it } from 'vitest';
import type { AuthorRelation } from '../../../shared/plan/author-plan.ts';
import { type Simulation, simulate } from '../testing/simulate.ts';
import { CHUNK_ROWS } from '../testing/tables.ts';
import { inflated, nativeEngine } from '../testing/world.ts';
import { planningRoom, type Relations, sql } from './testing/plans.ts';

const room = planningRoom();

const inTurns = (input: string, partitions: number) => ({ kind: 'repartition' as const, input, partitions });
const byKeys = (input: string, partitions: number, keys: string[]): AuthorRelation => ({ ...inTurns(input, partitions), keys });
const coalesced = (input: string, partitions: number): AuthorRelation => ({ kind: 'coalesce', input, partitions });

/** `factor`: the planner takes the data for so many times as large. */
async function run(relations: Relations, factor = 1): Promise<Simulation> {
  const outcome = await room.plan(relations, {}, inflated(room.world.datasets, factor));
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
  return simulate(nativeEngine(room.world.connection), outcome.plan, {
    chunkRows: CHUNK_ROWS,
    runBuckets: 3,
    splitBuckets: true,
  });
}

const plain = (query: string) => nativeEngine(room.world.connection).rows(query);
const texts = (rows: Simulation['rows']): string[] => rows.map((r) => JSON.stringify(r)).sort();

const LATE = 'SELECT origin, delay FROM flights WHERE delay > 10';
const late = sql(LATE);

describe('rows in turns', () => {
  it('few rows make a task each, and tasks without rows are there too', async () => {
    const tiles = sql('SELECT range AS tile FROM range(20)');
    const { parts, rows } = await run({ tiles, spread: inTurns('tiles', 24) });
    expect(parts).toEqual([...Array(20).fill(1), ...Array(4).fill(0)]);
    expect(rows.map(([tile]) => Number(tile))).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it.each([1, 10_000])('of many tasks, taken for %i times as many rows', async (factor) => {
    const { parts, rows } = await run({ late, spread: inTurns('late', 7) }, factor);
    const total = parts.reduce((sum, n) => sum + n, 0);
    expect(parts).toHaveLength(7);
    for (const n of parts) expect(Math.abs(n - total / 7)).toBeLessThan(CHUNK_ROWS);
    expect(texts(rows)).toEqual(texts(await plain(LATE)));
  });

  it('into one', async () => {
    expect((await run({ late, one: inTurns('late', 1) })).parts).toHaveLength(1);
  });
});

describe('by keys', () => {
  it('equal keys meet, and grouping by them moves no rows again', async () => {
    const query = 'SELECT origin, count(*), sum(delay) FROM';
    const { parts, rows, stages } = await run({
      late,
      placed: byKeys('late', 5, ['origin']),
      out: sql(`${query} placed GROUP BY origin`),
    });
    expect(stages).toHaveLength(2);
    expect(parts).toHaveLength(5);
    expect(texts(rows)).toEqual(texts(await plain(`${query} flights WHERE delay > 10 GROUP BY origin`)));
  });

  it('a join follows it', async () => {
    const join = 'SELECT a.id, count(*) FROM';
    const on = 'JOIN other_keys b ON a.id = b.id GROUP BY a.id';
    const { parts, rows } = await run(
      { a: sql('SELECT id FROM keys'), placed: byKeys('a', 6, ['id']), out: sql(`${join} placed a ${on}`) },
      10_000,
    );
    expect(parts).toHaveLength(6);
    expect(texts(rows)).toEqual(texts(await plain(`${join} keys a ${on}`)));
  });
});

describe('fewer', () => {
  it('neighbours are read together, in order', async () => {
    const { parts, rows } = await run({ late, fewer: coalesced('late', 2) });
    expect(parts).toHaveLength(2);
    expect(rows).toEqual(await plain(LATE));
  });

  it('never more than there are', async () => {
    const [before, after] = [await run({ late }), await run({ late, fewer: coalesced('late', 200) })];
    expect(after.parts).toEqual(before.parts);
  });

  it('partitions that were asked for are kept by a reader who wants them forward', async () => {
    const { parts } = await run({ late, spread: inTurns('late', 9), fewer: coalesced('spread', 4) });
    expect(parts).toHaveLength(4);
    const twice = sql('SELECT delay FROM placed UNION ALL SELECT delay FROM placed');
    expect((await run({ late, placed: byKeys('late', 5, ['origin']), twice })).parts).toHaveLength(10);
  });
});

describe('zipWithIndex', () => {
  const numbered = (input: string, more: object = {}) => ({ kind: 'zipWithIndex' as const, input, ...more });
  const places = ({ rows }: Simulation): number[] => rows.map((r) => Number(r.at(-1)));
  const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

  it.each([1, 10_000])('numbers rows in their order, taken for %i times as many', async (factor) => {
    const ran = await run({ late, out: numbered('late') }, factor);
    const want = await plain(LATE);
    expect(places(ran)).toEqual(upTo(want.length));
    expect(ran.rows.map(([origin, delay]) => [origin, delay])).toEqual(want);
    expect(ran.parts.length).toBeGreaterThan(2);
  });

  it('numbers of a sort are ranks', async () => {
    const order = 'SELECT date, origin, delay FROM flights ORDER BY delay DESC, date, origin, destination';
    const ran = await run({ sorted: sql(order), out: numbered('sorted', { column: 'place' }) }, 10_000);
    expect(ran.parts.length).toBeGreaterThan(2);
    expect(places(ran)).toEqual(upTo(ran.rows.length));
    expect(ran.rows.map((r) => r.slice(0, 3))).toEqual(await plain(order));
  });

  it('goes on through the branches of a union, and through tasks without rows', async () => {
    const none = sql('SELECT origin, delay FROM flights WHERE delay > 10 AND origin > destination AND origin < destination');
    const both = sql('FROM late UNION ALL FROM none UNION ALL FROM late');
    const ran = await run({ late, none, both, out: numbered('both') });
    expect(places(ran)).toEqual(upTo(ran.rows.length));
    expect(ran.rows).toHaveLength(2 * (await plain(LATE)).length);
    expect(places(await run({ none, out: numbered('none') }))).toEqual([]);
  });

  it('is what SQL’s row_number() of many rows becomes', async () => {
    const relations = { out: sql('SELECT delay, row_number() OVER () AS n, 1 + row_number() OVER () AS m FROM flights') };
    const ran = await run(relations, 10_000);
    expect(ran.parts.length).toBeGreaterThan(2);
    expect(places(ran)).toEqual(upTo(ran.rows.length).map((i) => i + 2));
    expect(ran.rows.map(([, n]) => Number(n))).toEqual(upTo(ran.rows.length).map((i) => i + 1));
  });
});

describe('sample', () => {
  const sampled = (fraction: number, seed?: number) => ({
    flown: sql('SELECT date, origin, destination, delay FROM flights'),
    out: { kind: 'sample' as const, input: 'flown', fraction, ...(seed !== undefined && { seed }) },
  });

  it('has about the part of the rows that was asked for, and the same ones each time', async () => {
    const all = (await run(sampled(1))).parts;
    expect((await run(sampled(0))).rows).toEqual([]);
    const total = all.reduce((sum, n) => sum + n, 0);
    const first = await run(sampled(0.3, 7));
    expect(first.rows.length).toBeGreaterThan(total * 0.3 - 4 * Math.sqrt(total * 0.21));
    expect(first.rows.length).toBeLessThan(total * 0.3 + 4 * Math.sqrt(total * 0.21));
    expect((await run(sampled(0.3, 7))).rows).toEqual(first.rows);
    expect((await run(sampled(0.3, 8))).rows).not.toEqual(first.rows);
  });

  it('chooses other places in each task', async () => {
    const query = `SELECT rowid % ${CHUNK_ROWS} FROM flights`;
    const rows = (await plain(query)).length;
    const ran = await run({
      places: { kind: 'zipWithIndex', input: 'flights' },
      few: { kind: 'sample', input: 'places', fraction: 0.5 },
      out: sql('SELECT index FROM few'),
    });
    const chosen = new Set(ran.rows.map(([index]) => Number(index)));
    const [first, second] = [0, 1].map((task) => Array.from({ length: CHUNK_ROWS }, (_, i) => chosen.has(task * CHUNK_ROWS + i)));
    expect(rows).toBeGreaterThan(2 * CHUNK_ROWS);
    expect(first).not.toEqual(second);
  });
});
