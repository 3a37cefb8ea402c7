import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetVersion } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import { Planner, type PlanOutcome, type SqlError } from './planner.ts';
import { bundledChild } from './testing/bundle-child.ts';
import { TABLES } from './testing/tables.ts';
import { makeWorld, type World } from './testing/world.ts';

const FAKE_CHILD = new URL('./testing/fake-child.mjs', import.meta.url);

let world: World;
let planner: Planner;

beforeAll(async () => {
  world = await makeWorld(TABLES);
  planner = await Planner.start({ childEntry: await bundledChild() });
});

afterAll(() => planner?.close());

const ask = (sql: string, datasets = world.datasets): Promise<PlanOutcome> => planner.plan({ sql, datasets, nowMs: 0 });

async function errorOf(sql: string, datasets = world.datasets): Promise<SqlError> {
  const outcome = await ask(sql, datasets);
  if (outcome.ok) throw new Error(`planned: ${sql}`);
  return outcome.error;
}

describe('SQL errors', () => {
  it('a syntax error has a position and a hint', async () => {
    expect(await errorOf('SELECT origin FORM flights WHERE')).toMatchObject({ code: 'sql-syntax' });
    expect(await errorOf('selec origin from flights')).toMatchObject({
      code: 'sql-syntax',
      position: 0,
      hint: 'Did you mean "SELECT"?',
    });
    expect(await errorOf('SELECT 1 +')).toMatchObject({ code: 'sql-syntax', hint: 'The text ends where more was expected.' });
  });

  it('positions count UTF-16 units, not bytes', async () => {
    const sql = "SELECT 'ü🙂', orign FROM flights";
    expect(await errorOf(sql)).toMatchObject({ code: 'sql-unknown-column', position: sql.indexOf('orign') });
  });

  it('an unknown table comes with near names', async () => {
    expect(await errorOf('SELECT * FROM flihgts')).toMatchObject({
      code: 'sql-unknown-table',
      title: 'There is no dataset "flihgts"',
      position: 14,
      hint: 'Did you mean "flights"?',
    });
    expect((await errorOf('SELECT * FROM zzzzzzzzz')).hint).toContain('flights');
    expect((await errorOf('SELECT * FROM x', [])).hint).toBe('No datasets are registered yet.');
  });

  it('an unknown column comes with near names', async () => {
    expect(await errorOf('SELECT orign FROM flights')).toMatchObject({
      code: 'sql-unknown-column',
      position: 7,
      hint: expect.stringContaining('"origin"'),
    });
    expect(await errorOf('SELECT f.delya FROM flights f')).toMatchObject({ code: 'sql-unknown-column' });
  });

  it('what cannot be bound says why', async () => {
    expect(await errorOf('SELECT origin, count(*) FROM flights')).toMatchObject({
      code: 'sql-binding',
      detail: expect.stringContaining('GROUP BY'),
    });
    expect(await errorOf('SELECT flor(delay) FROM flights')).toMatchObject({
      code: 'sql-binding',
      hint: 'Did you mean "floor"?',
    });
  });
});

describe('refused SQL', () => {
  const refused: readonly [sql: string, text: RegExp][] = [
    ["SELECT * FROM read_csv('/etc/passwd')", /read_csv\(\) is not allowed/],
    ["SELECT * FROM read_text('/etc/passwd')", /read_text\(\) is not allowed/],
    ["SELECT * FROM read_parquet('http://example.com/x.parquet')", /read_parquet/],
    ["SELECT * FROM glob('/etc/*')", /glob/],
    ["SELECT * FROM '/etc/passwd'", /registered datasets only/],
    ["SELECT * FROM 'data.csv'", /registered datasets only/],
    ['SELECT * FROM duckdb_settings()', /duckdb_settings/],
    ['SELECT * FROM duckdb_views', /engine's own state/],
    ['SELECT * FROM information_schema.tables', /engine's own state/],
    ["SELECT * FROM muster_scan('t1')", /muster_scan/],
    ["SELECT * FROM query('SELECT 1')", /query/],
    ["SELECT getvariable('muster_now')", /getvariable/],
    ["SELECT current_setting('threads')", /current_setting/],
    ['SELECT sleep_ms(10000)', /sleep_ms/],
    ['SHOW TABLES', /SHOW/],
    ['CREATE TABLE x AS SELECT 1', /CREATE statements/],
    ["COPY flights TO '/tmp/x'", /COPY statements/],
    ['INSERT INTO flights VALUES (1)', /INSERT statements/],
    ["ATTACH '/tmp/x.db'", /ATTACH statements/],
    ['INSTALL httpfs', /INSTALL statements/],
    ['SET threads = 4', /SET statements/],
    ['PRAGMA version', /PRAGMA statements/],
    ['DROP VIEW flights', /DROP statements/],
    ['EXPLAIN SELECT 1', /EXPLAIN statements/],
    ['SELECT 1; SELECT 2', /One statement/],
    ['SELECT $1', /Parameters/],
    [`SELECT '${'x'.repeat(LIMITS.sqlBytes)}'`, /may have \d+ bytes/],
  ];
  it.each(refused)('%.60s', async (sql, text) => {
    const error = await errorOf(sql);
    expect(error.code).toBe('sql-refused');
    expect(error.detail).toMatch(text);
  });

  it('nothing is left behind by them', async () => {
    expect((await ask('SELECT count(*) FROM flights')).ok).toBe(true);
  });

  it('empty text is a syntax error', async () => {
    expect((await errorOf(' -- nothing')).code).toBe('sql-syntax');
  });
});

describe('datasets of a request', () => {
  it('others are unknown, though an earlier request had them', async () => {
    expect((await ask('SELECT count(*) FROM flights')).ok).toBe(true);
    const others = world.datasets.filter((d) => d.name !== 'flights');
    expect((await errorOf('SELECT count(*) FROM flights', others)).code).toBe('sql-unknown-table');
    expect((await ask('SELECT count(*) FROM flights')).ok).toBe(true);
  });

  it('a new version replaces the old one', async () => {
    const changed = world.datasets.map((d) =>
      d.name === 'airports'
        ? { ...d, version: 'other' as DatasetVersion, columns: [...d.columns, { name: 'extra', type: 'BIGINT', wire: 'BIGINT' }] }
        : d,
    );
    expect((await errorOf('SELECT extra FROM airports')).code).toBe('sql-unknown-column');
    expect((await ask('SELECT extra FROM airports', changed)).ok).toBe(true);
    expect((await errorOf('SELECT extra FROM airports')).code).toBe('sql-unknown-column');
  });

  it('requests at the same time keep their own', async () => {
    const none: typeof world.datasets = [];
    const outcomes = await Promise.all([
      ask('FROM flights'),
      ask('FROM flights', none),
      ask('FROM airports'),
      ask('FROM airports', none),
    ]);
    expect(outcomes.map((o) => o.ok)).toEqual([true, false, true, false]);
  });
});

describe('the child process', () => {
  it('a crash fails one request, and the next gets a new process', async () => {
    const faulty = await Planner.start({ childEntry: FAKE_CHILD });
    const plan = (sql: string): Promise<PlanOutcome> => faulty.plan({ sql, datasets: world.datasets, nowMs: 0 });
    const outcomes = await Promise.all([
      plan('first'),
      plan('crash'),
      plan('second'),
      plan('exit'),
      plan('third'),
      plan('poison'),
      plan('fourth'),
    ]);
    await faulty.close();
    const codes = outcomes.map((o) => (o.ok ? 'ok' : o.error.code));
    expect(codes).toEqual([
      'sql-binding',
      'planner-crash',
      'sql-binding',
      'planner-crash',
      'sql-binding',
      'sql-binding',
      'sql-binding',
    ]);
    const [first, , second, , third, , fourth] = outcomes.map((o) => (o.ok ? undefined : o.error));
    expect(new Set([first?.title, second?.title, third?.title, fourth?.title]).size).toBe(4);
    expect(second?.detail).toBe(String(TABLES.length));
  });

  it('a query that takes too long is stopped, and the next one planned', async () => {
    const slow = await Planner.start({ childEntry: FAKE_CHILD, timeoutMs: 50 });
    const hung = await slow.plan({ sql: 'hang', datasets: [], nowMs: 0 });
    const next = await slow.plan({ sql: 'next', datasets: [], nowMs: 0 });
    await slow.close();
    expect(hung).toMatchObject({ ok: false, error: { code: 'planner-timeout' } });
    expect(next).toMatchObject({ ok: false, error: { code: 'sql-binding' } });
  });

  it('the real one, killed, is replaced', async () => {
    const pid = planner.childPid;
    if (pid === undefined) throw new Error('no child');
    process.kill(pid, 'SIGKILL');
    const codes = [await ask('SELECT 1'), await ask('SELECT 1')].map((o) => (o.ok ? 'ok' : o.error.code));
    expect(codes.at(-1)).toBe('ok');
    expect(planner.childPid).not.toBe(pid);
  });

  it('an entry that is not there fails the start with its path', async () => {
    await expect(Planner.start({ childEntry: new URL('./testing/none.mjs', import.meta.url) })).rejects.toThrow(
      /did not start .*none\.mjs/,
    );
  });

  it('a closed planner says so', async () => {
    const closed = await Planner.start({ childEntry: FAKE_CHILD });
    await closed.close();
    expect(await closed.plan({ sql: 'x', datasets: [], nowMs: 0 })).toMatchObject({
      ok: false,
      error: { title: 'The planner is closed' },
    });
  });
});
