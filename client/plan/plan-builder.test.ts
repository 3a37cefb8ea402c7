/** What chains become: names, order, sharing. */
import { expect, test } from 'vitest';
import type { AuthorPlan } from '../../shared/plan/author-plan.ts';
import { expr, GuestModule, identifier } from '../index.ts';
import { offline } from '../testing/offline.ts';

const grid = offline();
const sqlOf = (plan: { relations: readonly { name: string; relation: object }[] }) =>
  plan.relations.map(({ name, relation }) => [name, 'sql' in relation ? relation.sql : relation]);

test('each step is a relation, named for its method and its depth', () => {
  const plan = grid.table('flights').where('delay > 10').select({ d: 'delay' }).limit(5).plan();
  expect(sqlOf(plan)).toEqual([
    ['where_1', 'SELECT * FROM "flights" WHERE delay > 10'],
    ['select_2', 'SELECT delay AS "d" FROM where_1'],
    ['limit_3', 'SELECT * FROM select_2 LIMIT 5'],
  ]);
  expect(plan.result).toBe('limit_3');
});

test('what two branches share is in the plan once', () => {
  const late = grid.table<{ a: number }>('flights').where('delay > 10');
  const plan = late.union(late.where('a = 1')).plan();
  expect(plan.relations.map(({ name }) => name)).toEqual(['where_1', 'where_2', 'union_3']);
  expect(sqlOf(late.union(late).plan())).toHaveLength(2);
});

test('steps of one depth get names of their own, and so do those whose name a dataset or the SQL has', () => {
  const [a, b] = [grid.table('a').where('x'), grid.table('b').where('y')];
  expect(
    a
      .crossJoin(b)
      .plan()
      .relations.map(({ name }) => name),
  ).toEqual(['where_1', 'where_1_2', 'crossJoin_2']);
  expect(grid.table('WHERE_1').where('x').plan().result).toBe('where_1_2');
  expect(grid.table('t').where('x IN (SELECT x FROM where_1)').plan().result).toBe('where_1_2');
});

test('a dataset alone is read by SQL', () => {
  expect(sqlOf(grid.table('a"b').plan())).toEqual([['table_1', 'SELECT * FROM "a""b"']]);
});

test('a template: values become literals, frames their names, expressions themselves', () => {
  const late = grid.table('flights').where('delay > 10');
  const frame = grid.sql`SELECT ${identifier('a b')}, ${expr`x + ${1}`} FROM ${late} JOIN ${grid.table('b')} ON y = ${"it's"} AND z IN ${[1n]}`;
  expect(sqlOf(frame.plan())[1]).toEqual([
    'sql_2',
    `SELECT "a b", x + 1 FROM where_1 JOIN "b" ON y = 'it''s' AND z IN [CAST('1' AS BIGINT)]`,
  ]);
});

test('frames of another connection, and what is no value, are refused at once', () => {
  const other = offline().table('x');
  expect(() => grid.sql`SELECT * FROM ${other}`).toThrow(/another connection/);
  expect(() => grid.table('a').union(other)).toThrow(/same connection/);
  expect(() => grid.sql`SELECT ${{ a: 1 } as unknown as string}`).toThrow(TypeError);
  expect(() => grid.table('a').limit(1.5)).toThrow(TypeError);
  expect(() => grid.table('a').repartition(0)).toThrow(RangeError);
  expect(() => grid.table('a').sample(2)).toThrow(RangeError);
});

test('a function over rows is a script with its parameters, and its schema in order', () => {
  const frame = grid.table<{ x: number }>('t').map(({ x }, ctx) => ({ b: x * Number(ctx.params.by), a: 'y' }), {
    schema: { b: 'DOUBLE', a: 'VARCHAR' },
    params: { by: 3n },
  });
  expect(frame.plan().relations[0]?.relation).toMatchObject({
    kind: 'guest',
    operation: 'map',
    input: 't',
    schema: [
      { name: 'b', type: 'DOUBLE' },
      { name: 'a', type: 'VARCHAR' },
    ],
    code: { kind: 'script', function: 'run', params: { given: '[{"params":{"by":{"$n":"3"}}}]' } },
  });
});

test('steps of an Rdd in a row are one script, and its code does not depend on what else is in the plan', () => {
  const numbers = grid
    .parallelize([1])
    .map((x) => x + 1)
    .filter((x) => x > 1);
  const alone = numbers.plan().relations;
  expect(alone.map(({ name }) => name)).toEqual(['parallelize_1', 'filter_3']);
  const more = grid
    .parallelize([0])
    .map((x) => x)
    .union(numbers)
    .plan().relations;
  const code = (relations: typeof alone) => relations.find(({ name }) => name.startsWith('filter_3'))?.relation;
  expect(code(more)).toMatchObject({ code: (code(alone) as { code: object }).code });
});

test('what is kept is in `cache`, with its level', () => {
  const kept = grid.table('a').where('x').persist('tabs-2');
  expect(kept.limit(1).plan().cache).toEqual([{ name: 'where_1', level: 'tabs-2' }]);
  expect(grid.table('a').cache().plan()).toMatchObject({ result: 'table_1', cache: [{ name: 'table_1', level: 'memory' }] });
  expect(
    grid
      .parallelize([1])
      .checkpoint()
      .map((x) => x)
      .plan().cache,
  ).toEqual([{ name: 'parallelize_1', level: 'coordinator' }]);
});

test('modules: functions and programs, sides, cogroup and aggregates', () => {
  const json = { abi: 'batch', functions: ['f'], bytes: 1, owner: 'local', createdAtMs: 0, digest: 'a'.repeat(64) } as const;
  const module = new GuestModule(json);
  const [a, b] = [grid.table<{ k: number }>('a'), grid.table<{ k: number }>('b')];
  const schema = { n: 'BIGINT' };
  const relationOf = (frame: { plan(): AuthorPlan }) => frame.plan().relations.at(-1)?.relation;
  const code = { kind: 'batch', module: json.digest, function: 'f', params: { by: 2 } };
  const fn = module.fn('f', { by: 2 });
  expect(relationOf(a.mapPartitions(fn, { schema, sides: [b] }))).toMatchObject({
    operation: 'mapPartitions',
    sides: ['b'],
    code,
  });
  expect(relationOf(a.cogroup(b, ['k'], fn, { schema }))).toMatchObject({
    kind: 'cogroup',
    input: 'a',
    other: 'b',
    keys: ['k'],
    code,
  });
  const state = { k: 'INTEGER', s: 'DOUBLE' };
  expect(relationOf(a.groupBy('k').aggregate(fn, { schema, state }))).toMatchObject({
    kind: 'aggregate',
    keys: ['k'],
    state: [
      { name: 'k', type: 'INTEGER' },
      { name: 's', type: 'DOUBLE' },
    ],
    code,
  });
  expect(() => module.fn('g')).toThrow(/no function "g"; it has f/);
  expect(() => module.program({ input: 'lines', output: 'tsv' })).toThrow(/fn\(name/);
  const program = new GuestModule({ ...json, abi: 'stream', functions: [] }).program({
    input: 'lines',
    output: 'tsv',
    args: ['-l'],
  });
  expect(relationOf(a.mapPartitions(program, { schema }))).toMatchObject({
    code: { kind: 'stream', input: 'lines', output: 'tsv', args: ['-l'] },
  });
});
