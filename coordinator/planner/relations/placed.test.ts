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
