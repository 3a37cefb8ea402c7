/** Plans of several relations: what is made of each kind, as golden files, and how they are put together. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { AuthorPlan, AuthorRelation } from '../../../shared/plan/author-plan.ts';
import type { PhysicalPlan } from '../../../shared/plan/physical.ts';
import { planText } from '../testing/plan-text.ts';
import { inflated, type World } from '../testing/world.ts';
import { batch, map, N, planningRoom, type Relations, STREAM, script, sql } from './testing/plans.ts';

const FOLDER = new URL('./golden/', import.meta.url);
const UPDATE = process.env.MUSTER_UPDATE_GOLDEN === '1';

const room = planningRoom();

async function planned(relations: Relations, options?: Partial<AuthorPlan>, datasets?: World['datasets']): Promise<PhysicalPlan> {
  const outcome = await room.plan(relations, options, datasets);
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
  return outcome.plan;
}

const FLIGHTS = sql("SELECT origin, delay FROM flights WHERE delay > 10 AND origin <> 'A03'");

const FUNCTIONS: AuthorPlan['functions'] = {
  words: { kind: 'table', code: script('words'), schema: [{ name: 'word', type: 'VARCHAR' }] },
  total: { kind: 'aggregate', args: ['v'], code: script('total'), returns: { name: 'total', type: 'BIGINT' } },
};

const PLANS: Readonly<Record<string, readonly [Relations, Partial<AuthorPlan>?]>> = {
  'map of a dataset': [{ out: map('flights', { code: batch('twice') }) }],
  'filter keeps columns': [{ out: { kind: 'guest', operation: 'filter', input: 'airports', code: script('keep') } }],
  'expand then group': [
    {
      lines: sql("SELECT origin || ' ' || destination AS line FROM flights"),
      words: {
        kind: 'guest',
        operation: 'flatMap',
        input: 'lines',
        code: script('words'),
        schema: [{ name: 'word', type: 'VARCHAR' }],
      },
      counts: sql('SELECT word, count(*) AS n FROM words GROUP BY word ORDER BY n DESC, word'),
    },
  ],
  'partitions with a side': [
    {
      chosen: sql('SELECT iata, city FROM airports'),
      late: FLIGHTS,
      out: map('late', { operation: 'mapPartitions', code: batch('twice'), sides: ['chosen'] }),
    },
  ],
  'partitions with a large side': [{ late: FLIGHTS, out: map('airports', { code: batch('twice'), sides: ['late'] }) }],
  'aggregate by key': [
    {
      late: FLIGHTS,
      out: {
        kind: 'aggregate',
        input: 'late',
        keys: ['origin'],
        code: script('total'),
        schema: [
          { name: 'origin', type: 'VARCHAR' },
          { name: 'total', type: 'HUGEINT' },
        ],
      },
    },
  ],
  'aggregate of all': [
    {
      late: FLIGHTS,
      out: { kind: 'aggregate', input: 'late', keys: [], code: batch('sum'), state: N, schema: N },
    },
  ],
  'aggregate in one task': [
    {
      out: { kind: 'aggregate', input: 'airports', keys: ['city'], code: script('total'), schema: N },
    },
  ],
  'aggregate where keys lie': [
    {
      ranked: sql('SELECT origin, delay, row_number() OVER (PARTITION BY origin ORDER BY delay, date) AS r FROM flights'),
      out: { kind: 'aggregate', input: 'ranked', keys: ['origin'], code: script('total'), schema: N },
    },
  ],
  'keys that a guest may have changed': [
    {
      ranked: sql('SELECT origin, delay, row_number() OVER (PARTITION BY origin ORDER BY delay, date) AS r FROM flights'),
      moved: map('ranked', { schema: [{ name: 'origin', type: 'VARCHAR' }] }),
      out: { kind: 'aggregate', input: 'moved', keys: ['origin'], code: script('total'), schema: N },
    },
  ],
  'rows of a join in parts': [
    { pairs: sql('SELECT a.id, b.weight FROM keys a JOIN other_keys b ON a.id = b.id'), out: map('pairs') },
  ],
  'partitions of a join': [
    {
      pairs: sql('SELECT a.id, b.weight FROM keys a JOIN other_keys b ON a.id = b.id'),
      out: map('pairs', { operation: 'mapPartitions' }),
    },
  ],
  cogroup: [
    {
      small: sql('SELECT id, weight FROM keys'),
      large: sql('SELECT id::BIGINT AS id, word FROM other_keys'),
      out: { kind: 'cogroup', input: 'small', other: 'large', keys: ['id'], code: batch('sum'), schema: N },
    },
  ],
  'cogroup of groups': [
    {
      sums: {
        kind: 'aggregate',
        input: 'keys',
        keys: ['id'],
        code: script('sum'),
        schema: [{ name: 'id', type: 'INTEGER' }, ...N],
      },
      large: sql('SELECT id::INTEGER AS id, word FROM other_keys'),
      out: { kind: 'cogroup', input: 'sums', other: 'large', keys: ['id'], code: batch('sum'), schema: N },
    },
  ],
  'query, guest, query, guest': [
    {
      late: FLIGHTS,
      once: map('late', { code: script('f') }),
      more: sql('SELECT n + 1 AS m FROM once WHERE n % 2 = 0'),
      twice: map('more', { operation: 'filter', code: batch('twice'), schema: undefined }),
    },
  ],
  'a relation read twice': [
    {
      made: map('flights', {
        schema: [
          { name: 'k', type: 'INTEGER' },
          { name: 'v', type: 'DOUBLE' },
        ],
      }),
      means: sql('SELECT k, avg(v) AS mean FROM made GROUP BY k'),
      out: sql('SELECT made.k, v - mean AS d FROM made JOIN means ON made.k = means.k'),
    },
  ],
  'relations of plain queries': [
    {
      all_flights: sql('SELECT * FROM flights'),
      late: sql('SELECT origin, destination, delay * 2 AS d, random() AS r FROM all_flights WHERE delay > 100'),
      out: sql('SELECT origin, sum(d) FROM late GROUP BY origin'),
    },
  ],
  'stream over lines': [
    {
      lines: sql("SELECT origin || ' ' || destination AS line FROM flights"),
      out: {
        kind: 'guest',
        operation: 'mapPartitions',
        input: 'lines',
        code: { kind: 'stream', module: STREAM.digest, input: 'lines', output: 'tsv', args: ['-l'] },
        schema: [
          { name: 'key', type: 'VARCHAR' },
          { name: 'value', type: 'VARCHAR' },
        ],
      },
    },
  ],
  'a union of guests': [
    {
      one: map('flights'),
      two: map('order_lines', { code: batch('twice') }),
      out: sql('SELECT n, count(*) FROM (FROM one UNION ALL FROM two) GROUP BY n'),
    },
  ],
  'wire types': [
    {
      huge: sql('SELECT sum(delay) AS total, uuid() AS id FROM flights'),
      out: map('huge', {
        schema: [
          { name: 'total', type: 'HUGEINT' },
          { name: 'id', type: 'UUID' },
        ],
      }),
      text: sql('SELECT total + 1, id::VARCHAR FROM out'),
    },
  ],
  'few rows in many tasks': [
    {
      tiles: sql('SELECT range AS tile FROM range(64)'),
      spread: { kind: 'repartition', input: 'tiles', partitions: 64 },
      drawn: map('spread', { code: batch('twice') }),
      out: sql('SELECT sum(n) FROM drawn'),
    },
  ],
  'rows in turns': [{ late: FLIGHTS, spread: { kind: 'repartition', input: 'late', partitions: 6 }, out: map('spread') }],
  'partitions by keys': [
    {
      late: FLIGHTS,
      placed: { kind: 'repartition', input: 'late', partitions: 5, keys: ['origin'] },
      out: sql('SELECT origin, sum(delay) FROM placed GROUP BY origin'),
    },
  ],
  'partitions read twice': [
    {
      late: FLIGHTS,
      placed: { kind: 'repartition', input: 'late', partitions: 5, keys: ['origin'] },
      one: map('placed'),
      out: sql('SELECT sum(n) FROM one UNION ALL SELECT sum(delay) FROM placed'),
    },
  ],
  'fewer partitions': [{ late: FLIGHTS, fewer: { kind: 'coalesce', input: 'late', partitions: 2 }, out: map('fewer') }],
  'numbers of rows': [{ late: FLIGHTS, numbered: { kind: 'zipWithIndex', input: 'late' }, out: map('numbered') }],
  'a sample': [{ late: FLIGHTS, some: { kind: 'sample', input: 'late', fraction: 0.1, seed: 3 }, out: map('some') }],
  'guests among tables': [
    {
      out: sql(`SELECT word, count(*) FROM words((SELECT origin || ' ' || destination AS line FROM flights), least := 2)
        GROUP BY word`),
    },
    { functions: FUNCTIONS },
  ],
  'guests as aggregates': [
    { out: sql('SELECT origin, total(delay) AS total, count(*) FROM flights GROUP BY origin HAVING total(delay) > 3') },
    { functions: FUNCTIONS },
  ],
  'a guest as an aggregate of all': [{ out: sql('SELECT total(delay + 1) FROM flights') }, { functions: FUNCTIONS }],
  'kept for later': [{ made: map('flights'), out: sql('SELECT sum(n) FROM made') }, { cache: ['made'] }],
};

const MANY = new Set([
  'rows in turns',
  'keys that a guest may have changed',
  'rows of a join in parts',
  'partitions of a join',
  'aggregate by key',
  'cogroup',
  'cogroup of groups',
  'aggregate where keys lie',
]);

it.each(Object.entries(PLANS))('%s', async (name, [relations, options]) => {
  const datasets = MANY.has(name) ? inflated(room.world.datasets, 10_000) : room.world.datasets;
  const text = planText(
    Object.entries(relations)
      .map(([n, r]) => `${n}: ${r.kind === 'sql' ? r.sql : r.kind}`)
      .join('\n'),
    await planned(relations, options, datasets),
  );
  const file = new URL(`${name.replaceAll(/[^a-z]+/g, '-')}.golden.txt`, FOLDER);
  if (UPDATE) writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, 'utf8'));
});
it('only what the result needs is made', async () => {
  const plan = await planned({ unused: map('order_lines'), out: sql('SELECT count(*) FROM airports') });
  expect(plan.datasets.map((d) => d.name)).toEqual(['airports']);
});

it('relations that read the one before twice do not make plans that double', async () => {
  const list = Array.from({ length: 40 }, (_, i): [string, AuthorRelation] => [
    `r${i}`,
    i === 0
      ? map('airports', { schema: [{ name: 'k', type: 'INTEGER' }] })
      : sql(`SELECT a.k FROM r${i - 1} a JOIN r${i - 1} b ON a.k = b.k GROUP BY a.k`),
  ]);
  const plan = await planned(Object.fromEntries(list));
  expect(plan.stages.length).toBeLessThan(90);
  expect(JSON.stringify(plan.logical).length).toBeLessThan(100_000);
});

it('a title stays short enough for a lease, however many guests a stage has', async () => {
  const list = Array.from({ length: 300 }, (_, i): [string, AuthorRelation] => [
    `r${i}`,
    map(i === 0 ? 'airports' : `r${i - 1}`, { code: script(`a_function_${i}`) }),
  ]);
  const plan = await planned(Object.fromEntries(list));
  expect(plan.stages).toHaveLength(1);
  expect(plan.stages[0]?.branches[0]?.fragment.steps).toHaveLength(300);
  expect(plan.stages[0]?.title.length).toBeLessThanOrEqual(1000);
});

it('the code and its parameters are part of a fragment’s identity', async () => {
  const digests = async (code: object): Promise<string> => {
    const plan = await planned({ out: map('flights', { code }) });
    return plan.stages[0]?.branches[0]?.fragment.digest ?? '';
  };
  const all = await Promise.all([
    digests(script('f')),
    digests({ ...script('f'), source: 'export const f = () => ({});' }),
    digests({ ...script('f'), params: { a: 1 } }),
    digests(script('g')),
  ]);
  expect(new Set(all).size).toBe(4);
  expect(await digests(script('f'))).toBe(all[0]);
});

it('a cached relation is known by what it says and reads, whatever else is planned with it', async () => {
  const keyOf = async (relations: Relations, cache: AuthorPlan['cache'] = ['made']): Promise<unknown> => {
    const { cached } = await planned(relations, { cache });
    expect(cached).toMatchObject([{ level: 'tabs', key: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
    return cached?.[0]?.key;
  };
  const late = sql('SELECT origin, delay FROM flights WHERE delay > 10');
  const made = sql('SELECT origin, sum(delay) AS d FROM late GROUP BY origin');
  const key = await keyOf({ late, made, out: sql('SELECT max(d) FROM made') });
  expect(await keyOf({ late, made, out: sql('SELECT count(*) FROM made JOIN late USING (origin)') })).toBe(key);
  expect(
    await keyOf({ early: late, made: sql('SELECT origin, sum(delay) AS d FROM early GROUP BY origin'), out: sql('FROM made') }),
  ).toBe(key);
  expect(await keyOf({ late, other: made, out: sql('FROM other') }, ['other'])).toBe(key);
  const later = sql('SELECT origin, delay FROM flights WHERE delay > 11');
  expect(await keyOf({ late: later, made, out: sql('FROM made') })).not.toBe(key);
  expect(await keyOf({ late, made: map('late'), out: sql('FROM made') })).not.toBe(
    await keyOf({ late, made: map('late', { code: script('g') }), out: sql('FROM made') }),
  );
});

it('what the result does not need is not kept, and a level stands with its name', async () => {
  const relations = {
    unused: map('flights'),
    airport: sql('SELECT iata FROM airports LIMIT 3'),
    out: sql('SELECT count(*) FROM airport'),
  };
  const { cached } = await planned(relations, { cache: ['unused', { name: 'Airport', level: 'coordinator' }] });
  expect(cached).toMatchObject([{ name: 'Airport', level: 'coordinator', stage: 0 }]);
});
