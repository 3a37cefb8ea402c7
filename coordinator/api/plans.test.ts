/** Jobs of several relations over REST: what is accepted, what is told, what is shown, and what a restart does. */
import { beforeAll, describe, expect, test } from 'vitest';
import { guest } from '../../shared/guest/testing/wat.ts';
import { loadHashes } from '../../shared/hash.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { App } from '../app.ts';
import { testApp } from '../sessions/testing/app-fixture.ts';

beforeAll(loadHashes);

const SOURCE = 'export const double = ({ x }) => ({ y: 2 * x });';
const NUMBERS = { name: 'numbers', relation: { kind: 'sql', sql: 'SELECT range::DOUBLE AS x FROM range(10)' } };
const SCHEMA = [{ name: 'y', type: 'DOUBLE' }];
const SCRIPT = { kind: 'script', source: SOURCE, function: 'double' };
const mapped = (code: object = SCRIPT) => ({
  name: 'doubled',
  relation: { kind: 'guest', operation: 'map', input: 'numbers', code, schema: SCHEMA },
});
const planOf = (...relations: readonly { readonly name: string }[]) => ({ relations, result: relations.at(-1)?.name });

async function submit(app: App, payload: object, headers: object = {}) {
  const response = await app.inject({ method: 'POST', url: '/v1/jobs', payload, headers: { ...headers } });
  return response.json<{ jobId: string; code: string; detail: string; relation?: string; status?: number }>();
}

async function upload(app: App, headers: object = {}, query = ''): Promise<string> {
  const payload = Buffer.from(guest({ body: '(i32.const 0)' }));
  const type = { 'content-type': 'application/wasm' };
  return (await app.inject({ method: 'POST', url: `/v1/modules${query}`, payload, headers: { ...type, ...headers } })).json()
    .digest;
}

test('a plan is accepted, shown in words, and its steps say who runs', async () => {
  const { app } = await testApp({ realPlanner: true });
  const digest = await upload(app);
  const code = { kind: 'batch', module: digest, function: 'f', params: { by: 2 } };
  const { jobId } = await submit(app, { plan: planOf(NUMBERS, mapped(code)), name: 'twice' });
  expect((await app.inject(`/v1/jobs/${jobId}`)).json()).toMatchObject({
    name: 'twice',
    state: 'waiting',
    sql: `numbers: SELECT range::DOUBLE AS x FROM range(10)\ndoubled: map numbers with f of module ${digest.slice(0, 8)}\nresult: doubled`,
  });
  expect((await app.inject(`/v1/jobs/${jobId}/plan`)).json()).toMatchObject({
    logical: { op: 'map rows', detail: `with f of module ${digest.slice(0, 8)}` },
    stages: [
      {
        title: expect.stringContaining('map rows with f'),
        fragments: [
          {
            sql: expect.stringContaining('range'),
            steps: [
              {
                kind: 'guest',
                action: 'map',
                code: { kind: 'batch', module: digest, function: 'f', params: { by: 2 } },
                rows: { columns: [{ name: 'x', type: 'DOUBLE' }] },
                output: [{ name: 'y', type: 'DOUBLE' }],
              },
            ],
          },
        ],
      },
    ],
  });
});

test('a module is shown by the name that its author gave it', async () => {
  const { app } = await testApp({ realPlanner: true });
  const code = { kind: 'batch', module: await upload(app, {}, '?name=doubler'), function: 'f' };
  const { jobId } = await submit(app, { plan: planOf(NUMBERS, mapped(code)) });
  expect((await app.inject(`/v1/jobs/${jobId}`)).json()).toMatchObject({
    sql: expect.stringContaining('doubled: map numbers with f of module doubler\n'),
    stages: [{ title: expect.stringContaining('map rows with f of module doubler') }],
  });
});

test('an accepted plan is run by the next coordinator; a deleted module is kept for its job', async () => {
  const { app, dataDir } = await testApp({ realPlanner: true });
  const digest = await upload(app);
  const code = { kind: 'batch', module: digest, function: 'f' };
  const [kept, lost] = [
    await submit(app, { plan: planOf(NUMBERS, mapped()) }),
    await submit(app, { plan: planOf(NUMBERS, mapped(code)) }),
  ];
  await app.inject({ method: 'DELETE', url: `/v1/modules/${digest}` });
  expect(app.grid.modules.hold([digest]).ok).toBe(true);
  await app.close();

  const again = (await testApp({ realPlanner: true, dataDir })).app;
  expect((await again.inject(`/v1/jobs/${kept.jobId}`)).json()).toMatchObject({ state: 'waiting' });
  expect((await again.inject(`/v1/jobs/${kept.jobId}/plan`)).json().stages[0].fragments[0].steps[0].code).toEqual(SCRIPT);
  // Nobody holds a module while no coordinator runs.
  expect((await again.inject(`/v1/jobs/${lost.jobId}`)).json()).toMatchObject({
    state: 'failed',
    error: { code: 'plan-unknown-module' },
  });
});

test('a cancelled job lets go of its modules', async () => {
  const { app } = await testApp({ realPlanner: true });
  const digest = await upload(app);
  const { jobId } = await submit(app, { plan: planOf(NUMBERS, mapped({ kind: 'batch', module: digest, function: 'f' })) });
  await app.inject({ method: 'DELETE', url: `/v1/modules/${digest}` });
  await app.inject({ method: 'DELETE', url: `/v1/jobs/${jobId}` });
  await app.inject(`/v1/jobs/${jobId}/result?wait=5`);
  await app.grid.modules.remove(digest, 'nobody');
  expect(app.grid.modules.hold([digest]).ok).toBe(false);
});

test('a module of somebody else is unknown to a plan', async () => {
  const { app } = await testApp({ realPlanner: true });
  const token = (name: string) => app.grid.tokens.issue('author', name).then((t) => ({ authorization: `Bearer ${t}` }));
  const [ada, ben] = [await token('ada'), await token('ben')];
  const plan = planOf(NUMBERS, mapped({ kind: 'batch', module: await upload(app, ada), function: 'f' }));
  expect(await submit(app, { plan }, ben)).toMatchObject({ status: 400, code: 'plan-unknown-module', relation: 'doubled' });
  expect(await submit(app, { plan }, ada)).toMatchObject({ jobId: expect.any(String) });
});

describe('bodies that are refused, in the words of what was meant', () => {
  test.each<[string, object, string, string?]>([
    ['both', { sql: 'SELECT 1', plan: planOf(NUMBERS) }, 'both `sql` and `plan`'],
    ['neither', { name: 'x' }, 'neither `sql` nor `plan`'],
    ['no relation', { plan: { relations: [], result: 'x' } }, 'plan.relations'],
    ['a name that SQL cannot say', { plan: planOf({ ...NUMBERS, name: 'a b' }) }, 'plan.relations.0.name'],
    [
      'an unknown kind',
      { plan: planOf({ name: 'a', relation: { kind: 'sqk' } } as never) },
      'plan.relations.0.relation.kind must be one of "sql", "guest", "aggregate", "cogroup", "repartition", "coalesce", "zipWithIndex", "sample"; it is "sqk": did you mean "sql"?',
      'a',
    ],
    [
      'SQL left out',
      { plan: planOf({ name: 'a', relation: { kind: 'sql' } } as never) },
      'plan.relations.0.relation must have "sql"',
      'a',
    ],
    [
      'an unknown kind of code',
      { plan: planOf(NUMBERS, mapped({ kind: 'cobol' })) },
      'plan.relations.1.relation.code.kind must be one of "batch", "stream", "script"; it is "cobol"',
      'doubled',
    ],
    [
      'an unknown operation',
      { plan: planOf(NUMBERS, { name: 'doubled', relation: { ...mapped().relation, operation: 'flatmap' } } as never) },
      'plan.relations.1.relation.operation must be one of "map", "filter", "flatMap", "mapPartitions"; it is "flatmap": did you mean "flatMap"?',
      'doubled',
    ],
    [
      'no operation',
      { plan: planOf(NUMBERS, { name: 'doubled', relation: { kind: 'guest', input: 'numbers', code: SCRIPT } } as never) },
      'plan.relations.1.relation must have "operation", one of "map", "filter", "flatMap", "mapPartitions"',
      'doubled',
    ],
    [
      'an unknown format of a stream',
      { plan: planOf(NUMBERS, mapped({ kind: 'stream', module: 'a'.repeat(64), input: 'xml', output: 'tsv' })) },
      'plan.relations.1.relation.code.input must be one of "lines", "tsv", "jsonl", "arrow", "raw"; it is "xml"',
      'doubled',
    ],
    [
      'a parameter that is none',
      { plan: planOf(NUMBERS, mapped({ ...SCRIPT, params: { by: null } })) },
      'plan.relations.1.relation.code.params.by must be true or false, a number, a text or a list; it is null',
      'doubled',
    ],
    [
      'a function of SQL without its code',
      { sql: 'SELECT 1', functions: { twice: { kind: 'tabel' } } },
      'body.functions.twice.kind must be one of "table", "aggregate"; it is "tabel": did you mean "table"?',
    ],
    [
      'a member that is spelt wrong',
      { plan: planOf({ name: 'a', relation: { kind: 'sql', sqll: 'SELECT 1' } } as never) },
      'plan.relations.0.relation must not have "sqll"; did you mean "sql"?',
      'a',
    ],
    [
      'relations that are none',
      { plan: { relations: 'SELECT 1', result: 'x' } },
      'plan.relations must be a list; it is "SELECT 1"',
    ],
    [
      'a module that is no digest',
      { plan: planOf(NUMBERS, mapped({ kind: 'batch', module: 'abc', function: 'f' })) },
      'plan.relations.1.relation.code.module must be the digest of a module, as POST /v1/modules answered it: 64 hexadecimal digits in lower case; it is "abc"',
      'doubled',
    ],
    [
      'one member too many',
      { plan: planOf(NUMBERS, mapped({ ...SCRIPT, language: 'js' })) },
      'relation.code must not have "language"',
      'doubled',
    ],
    [
      'a wrong option beside a plan',
      { plan: planOf(NUMBERS), options: { weight: -1 } },
      'body.options.weight must be > 0; it is -1',
    ],
  ])('%s', async (_, payload, detail, relation) => {
    const { app } = await testApp({ realPlanner: true });
    expect(await submit(app, payload)).toMatchObject({
      status: 400,
      detail: expect.stringContaining(detail),
      ...(relation !== undefined && { relation }),
    });
  });

  test('an error in a relation’s SQL has its place and the relation', async () => {
    const { app } = await testApp({ realPlanner: true });
    const wrong = { name: 'more', relation: { kind: 'sql', sql: 'SELECT x + z FROM numbers' } };
    expect(await submit(app, { plan: planOf(NUMBERS, wrong) })).toMatchObject({
      status: 400,
      code: 'sql-unknown-column',
      position: 11,
      relation: 'more',
    });
  });

  test('fragmentBytes: more code and parameters than a lease can carry', async () => {
    const { app } = await testApp({ realPlanner: true });
    const params = { list: Array.from({ length: 100_000 }, (_, i) => i + 0.125) };
    expect(await submit(app, { plan: planOf(NUMBERS, mapped({ ...SCRIPT, params })) })).toMatchObject({
      status: 400,
      code: 'plan-invalid',
      detail: expect.stringContaining(`${LIMITS.fragmentBytes} are allowed`),
    });
  });

  test('cachedRelationsPerPlan: more relations to keep than a plan may name', async () => {
    const { app } = await testApp({ realPlanner: true });
    const relation = { name: 'a', relation: { kind: 'sql', sql: 'SELECT 1' } };
    const cache = Array.from({ length: LIMITS.cachedRelationsPerPlan + 1 }, () => 'a');
    const refused = { status: 400, code: 'plan-invalid', detail: expect.stringContaining('plan.cache') };
    expect(await submit(app, { plan: { ...planOf(relation as never), cache } })).toMatchObject(refused);
    const wrong = await submit(app, { plan: { ...planOf(relation as never), cache: [{ name: 'a', level: 'ram' }] } });
    expect(wrong).toMatchObject({
      code: 'plan-invalid',
      detail: 'plan.cache.0.level must be one of "memory", "tabs", "tabs-2", "coordinator"; it is "ram"',
    });
  });

  test('jobBodyBytes: a plan over the limit', async () => {
    const { app } = await testApp({ realPlanner: true });
    const relation = { kind: 'sql', sql: `SELECT 1 --${' '.repeat(LIMITS.jobBodyBytes)}` };
    expect(await submit(app, { plan: planOf({ name: 'a', relation } as never) })).toMatchObject({
      status: 413,
      code: 'body-too-large',
    });
  });
});
