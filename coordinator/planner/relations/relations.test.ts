/** Plans of several relations: what is made of each kind, as golden files, and what authors are told. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Digest } from '../../../shared/ids.ts';
import type { AuthorPlan, AuthorRelation } from '../../../shared/plan/author-plan.ts';
import type { PhysicalPlan } from '../../../shared/plan/physical.ts';
import type { ModuleRecord } from '../../modules/module-record.ts';
import { Planner } from '../planner.ts';
import type { SqlError } from '../sql-errors.ts';
import { bundledChild } from '../testing/bundle-child.ts';
import { planText } from '../testing/plan-text.ts';
import { TABLES } from '../testing/tables.ts';
import { inflated, makeWorld, type World } from '../testing/world.ts';

const FOLDER = new URL('./golden/', import.meta.url);
const UPDATE = process.env.MUSTER_UPDATE_GOLDEN === '1';

const recordOf = (
  digit: string,
  abi: ModuleRecord['abi'],
  functions: string[],
  more: Partial<ModuleRecord> = {},
): ModuleRecord => ({
  digest: digit.repeat(64) as Digest,
  owner: 'ada',
  abi,
  functions,
  bytes: 100,
  createdAtMs: 0,
  ...more,
});
const BATCH = recordOf('a', 'batch', ['sum', 'twice'], { language: 'assemblyscript' });
const STREAM = recordOf('b', 'stream', [], { name: 'wc' });

let world: World;
let planner: Planner;

beforeAll(async () => {
  world = await makeWorld(TABLES);
  planner = await Planner.start({ childEntry: await bundledChild() });
  mkdirSync(FOLDER, { recursive: true });
});
afterAll(() => planner?.close());

type Relations = { readonly [name: string]: AuthorRelation };

function planOf(relations: Relations, options: Partial<AuthorPlan> = {}): AuthorPlan {
  const list = Object.entries(relations).map(([name, relation]) => ({ name, relation }));
  return { relations: list, result: list.at(-1)?.name ?? '', ...options };
}

async function planned(
  relations: Relations,
  options: Partial<AuthorPlan> = {},
  datasets = world.datasets,
): Promise<PhysicalPlan> {
  const plan = planOf(relations, options);
  const modules = [BATCH, STREAM];
  const outcome = await planner.plan({ sql: '', relations: plan, modules, datasets, nowMs: Date.UTC(2024, 0, 1) });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
  return outcome.plan;
}

async function refusal(relations: Relations, options: Partial<AuthorPlan> = {}): Promise<SqlError> {
  const request = {
    sql: '',
    relations: planOf(relations, options),
    modules: [BATCH, STREAM],
    datasets: world.datasets,
    nowMs: 0,
  };
  const outcome = await planner.plan(request);
  if (outcome.ok) throw new Error('it was planned');
  return outcome.error;
}

const sql = (text: string): AuthorRelation => ({ kind: 'sql', sql: text });
const script = (name: string) => ({ kind: 'script' as const, source: `export const ${name} = (row) => row;`, function: name });
const batch = (name: string) => ({ kind: 'batch' as const, module: BATCH.digest, function: name });
const N = [{ name: 'n', type: 'bigint' }];
const map = (input: string, more: object = {}): AuthorRelation => ({
  kind: 'guest',
  operation: 'map',
  input,
  code: script('f'),
  schema: N,
  ...more,
});

const FLIGHTS = sql("SELECT origin, delay FROM flights WHERE delay > 10 AND origin <> 'A03'");

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
  'kept for later': [{ made: map('flights'), out: sql('SELECT sum(n) FROM made') }, { cache: ['made'] }],
};

const MANY = new Set([
  'keys that a guest may have changed',
  'rows of a join in parts',
  'partitions of a join',
  'aggregate by key',
  'cogroup',
  'aggregate where keys lie',
]);

it.each(Object.entries(PLANS))('%s', async (name, [relations, options]) => {
  const datasets = MANY.has(name) ? inflated(world.datasets, 10_000) : world.datasets;
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

describe('what authors are told', () => {
  it.each<[string, Relations, Partial<SqlError>, Partial<AuthorPlan>?]>([
    [
      'an unknown relation',
      { out: map('fligths') },
      { code: 'plan-unknown-relation', relation: 'out', hint: 'Did you mean "flights"?' },
    ],
    ['one that comes later', { a: map('b'), b: sql('SELECT 1 AS x') }, { code: 'plan-unknown-relation', relation: 'a' }],
    [
      'an unknown table in SQL',
      { a: sql('SELECT 1 AS x'), b: sql('SELECT * FROM aa') },
      { code: 'sql-unknown-table', relation: 'b', position: 14 },
    ],
    [
      'an unknown column of a relation in SQL',
      { a: sql('SELECT 1 AS first'), b: sql('SELECT firts FROM a') },
      { code: 'sql-unknown-column', relation: 'b', hint: expect.stringContaining('first') },
    ],
    [
      'an unknown key',
      { out: { kind: 'aggregate', input: 'flights', keys: ['orgin'], code: script('f'), schema: N } },
      { code: 'plan-unknown-column', hint: 'Did you mean "origin"?' },
    ],
    [
      'a key named twice',
      { out: { kind: 'aggregate', input: 'flights', keys: ['origin', 'origin'], code: script('f'), schema: N } },
      { code: 'plan-invalid' },
    ],
    [
      'an unknown module',
      { out: map('flights', { code: { ...batch('sum'), module: 'c'.repeat(64) } }) },
      { code: 'plan-unknown-module' },
    ],
    [
      'an unknown function',
      { out: map('flights', { code: batch('summ') }) },
      { code: 'plan-unknown-function', hint: 'Did you mean "sum"?' },
    ],
    [
      'the wrong kind of module',
      { out: map('flights', { code: { ...batch('sum'), module: STREAM.digest } }) },
      { code: 'plan-invalid', hint: 'Say code.kind "stream".' },
    ],
    [
      'an unknown format',
      { out: map('flights', { code: { kind: 'stream', module: STREAM.digest, input: 'xml', output: 'tsv' } }) },
      { code: 'plan-invalid' },
    ],
    ['no schema', { out: map('flights', { schema: undefined }) }, { code: 'plan-schema' }],
    [
      'a type that there is not',
      { out: map('flights', { schema: [{ name: 'n', type: 'INTEGRE' }] }) },
      { code: 'plan-schema', detail: expect.stringContaining('INTEGRE') },
    ],
    [
      'a type that does not travel',
      { out: map('flights', { schema: [{ name: 'n', type: 'UNION(a INTEGER)' }] }) },
      { code: 'plan-schema' },
    ],
    [
      'two columns of one name',
      { out: map('flights', { schema: [...N, { name: 'N', type: 'DATE' }] }) },
      { code: 'plan-schema' },
    ],
    [
      'two columns of one name in SQL',
      { a: sql('SELECT origin, origin FROM flights'), b: map('a') },
      { code: 'plan-schema', relation: 'a' },
    ],
    ['two relations of one name', { a: sql('SELECT 1 AS x'), A: sql('SELECT 1 AS x') }, { code: 'plan-invalid' }],
    ['a filter with other columns', { out: map('flights', { operation: 'filter' }) }, { code: 'plan-schema' }],
    [
      'no state of a module’s aggregate',
      { out: { kind: 'aggregate', input: 'flights', keys: [], code: batch('sum'), schema: N } },
      { code: 'plan-schema' },
    ],
    [
      'a key that a script needs itself',
      { out: { kind: 'aggregate', input: 'airports', keys: ['state'], code: script('f'), schema: N } },
      { code: 'plan-schema', detail: expect.stringContaining('"state"') },
    ],
    [
      'a state without the keys',
      { out: { kind: 'aggregate', input: 'flights', keys: ['origin'], code: batch('sum'), state: N, schema: N } },
      { code: 'plan-schema' },
    ],
    [
      'keys of types that cannot be equal',
      { out: { kind: 'cogroup', input: 'flights', other: 'order_lines', keys: ['date'], code: batch('sum'), schema: N } },
      { code: 'plan-unknown-column' },
    ],
    [
      'a list of several types as a parameter',
      { out: map('flights', { code: { ...script('f'), params: { p: [1, 'a'] } } }) },
      { code: 'plan-invalid' },
    ],
    [
      'keys of types that are never equal',
      {
        a: sql('SELECT 1 AS k'),
        b: sql("SELECT 'x' AS k"),
        out: { kind: 'cogroup', input: 'a', other: 'b', keys: ['k'], code: batch('sum'), schema: N },
      },
      { code: 'plan-schema', hint: 'Cast one of them in SQL before.' },
    ],
    ['sides of a script', { out: map('flights', { sides: ['airports'] }) }, { code: 'plan-invalid' }],
    [
      'a column whose name is a long query',
      { a: sql(`SELECT ${'1 + '.repeat(100)} 1`), b: map('a') },
      { code: 'plan-schema', hint: 'Name the columns with AS.' },
    ],
    ['a function without a name', { out: map('flights', { code: script('') }) }, { code: 'plan-unknown-function' }],
    ['an unknown result', { out: map('flights') }, { code: 'plan-unknown-relation' }, { result: 'other' }],
    ['an unknown cached relation', { out: map('flights') }, { code: 'plan-unknown-relation' }, { cache: ['other'] }],
    [
      'SQL that runs as a whole only',
      { out: sql('WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r WHERE i < 3) FROM r') },
      { code: 'sql-unsupported', relation: 'out' },
    ],
    ['what SQL must not do', { out: sql("COPY flights TO 'x'") }, { code: 'sql-refused', relation: 'out' }],
  ])('%s', async (_, relations, error, options) => {
    expect(await refusal(relations, options)).toMatchObject(error);
  });
});

it('names of relations win over datasets, and are gone with their plan', async () => {
  const plan = await planned({ flights: sql('SELECT 1 AS mine'), out: sql('SELECT mine FROM flights') });
  expect(plan.datasets).toEqual([]);
  const outcome = await planner.plan({ sql: 'SELECT count(delay) FROM flights', datasets: world.datasets, nowMs: 0 });
  expect(outcome.ok).toBe(true);
  expect((await refusal({ out: sql('SELECT mine FROM out') })).code).toBe('sql-unknown-table');
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
