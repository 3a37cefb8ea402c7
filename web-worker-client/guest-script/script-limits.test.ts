/** Functions in JavaScript: how they fail, and what they cannot do. */

import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../shared/limits.ts';
import { column, failureOf, MEMORY, numbers, open, run } from './testing/scripts.ts';

describe('errors', () => {
  test("have the author's lines and columns", async () => {
    const source =
      'function inner(row) {\n  return row.missing.length;\n}\nexport function f(row) {\n  return { y: inner(row) };\n}';
    expect(await failureOf(run(source, numbers([1])))).toMatchObject({
      reason: 'author',
      code: 'guest-script',
      message: expect.stringMatching(/^TypeError: cannot read property 'length' of undefined in inner at line 2, column \d+$/),
    });
    expect((await failureOf(open('export const f = (row) => {\n  let = 5 +;\n};'))).message).toMatch(
      /^SyntaxError: .* at line 2, column \d+$/,
    );
    expect((await failureOf(open('\n\nnull.x; export const f = 1;'))).message).toContain('line 3');
    expect((await failureOf(run('export const f = () => { throw { a: 1 }; }', numbers([1])))).message).toContain('{"a":1}');
    expect((await failureOf(run("export const f = () => { throw 'words'; }", numbers([1])))).message).toContain('words');
  });

  test('a function that is not there, or no function', async () => {
    expect((await failureOf(open('export const g = 1;'))).message).toContain('does not export a function named f');
    expect((await failureOf(open('export const f = 1;'))).message).toContain('does not export a function');
    expect((await failureOf(open('export const f = { zero() {} };', { operation: 'aggregate' }))).message).toContain(
      'no function add',
    );
    expect((await failureOf(open('import x from "./y.js"; export const f = 1;'))).code).toBe('guest-script');
    expect((await failureOf(open('await 1; export const f = () => 1;'))).code).toBe('guest-script');
  });

  test('scriptBytes: a script over the limit', async () => {
    const source = `export const f = () => ({ y: 1 });//${'x'.repeat(LIMITS.scriptBytes)}`;
    expect(await failureOf(open(source))).toMatchObject({ reason: 'author', code: 'guest-script' });
  });

  test('console goes to the log', async () => {
    const guest = await open("export const f = () => { console.log('a', 1n, { b: 2n }); console.error('c'); return {}; };");
    await guest.batch(numbers([1]));
    expect(guest.close().log).toEqual([
      { level: 1, text: 'a 1 {"b":"2"}' },
      { level: 3, text: 'c' },
    ]);
  });
});

describe('limits', () => {
  test('an endless loop ends at its deadline, also one that catches everything', async () => {
    const deadline = { nowMs: () => performance.now(), atMs: 0 };
    for (const body of ['for (;;) {}', 'for (;;) { try { for (;;) {} } catch {} }', '/(a+)+$/.test("a".repeat(40) + "b")']) {
      const guest = await open(`export const f = () => { ${body} };`, {
        limits: { memoryBytesMax: MEMORY, deadline: { ...deadline, atMs: performance.now() + 300 } },
      });
      expect(await failureOf(guest.batch(numbers([1])))).toMatchObject({ reason: 'deadline', code: 'guest-deadline' });
      guest.close();
    }
    expect(
      (
        await failureOf(
          open('for (;;) {}', { limits: { memoryBytesMax: MEMORY, deadline: { ...deadline, atMs: performance.now() + 300 } } }),
        )
      ).code,
    ).toBe('guest-deadline');
  });

  test('memory', async () => {
    const hog = 'const kept = []; export const f = () => { for (;;) kept.push(new Array(10000).fill(1)); };';
    expect(await failureOf(run(hog, numbers([1])))).toMatchObject({ reason: 'resource', code: 'guest-memory' });
    const text = 'export const f = () => { let s = "x"; for (;;) s += s; };';
    expect((await failureOf(run(text, numbers([1])))).reason).not.toBe('deadline');
  });

  test('stack', async () => {
    const deep = 'export const f = (row) => f(row) + 1;';
    expect(await failureOf(run(deep, numbers([1])))).toMatchObject({ reason: 'resource', code: 'guest-stack' });
    const nested =
      'export const f = () => { let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return { y: JSON.stringify(a).length }; };';
    expect((await failureOf(run(nested, numbers([1])))).code).toMatch(/guest-stack|guest-memory/);
  });

  test('output', async () => {
    const flood = 'export function* f() { for (;;) yield { y: 1 }; }';
    const limits = { memoryBytesMax: MEMORY, outputBytesMax: 100_000 };
    const caught = 'export function* f() { for (;;) try { yield { y: 1 }; } catch {} }';
    for (const source of [flood, caught]) {
      const failure = await failureOf(run(source, numbers([1]), { operation: 'flatMap', limits }));
      expect(failure).toMatchObject({ reason: 'resource', code: 'guest-output-limit' });
    }
  });

  test('an interpreter that failed stays failed', async () => {
    const guest = await open('let n = 0; export const f = () => { if (n++ === 0) throw new Error("once"); return { y: n }; };');
    expect((await failureOf(guest.batch(numbers([1])))).message).toContain('once');
    expect((await failureOf(guest.batch(numbers([1])))).message).toContain('once');
    guest.close();
  });
});

describe('reproducible and alone', () => {
  const PROBE = `export function f() {
    const local = new Date(2020, 5, 15, 12, 30);
    return { y: JSON.stringify([Math.random(), Math.random(), Date.now(), new Date().toISOString(), new Date('2020-06-15T12:30').getTime(),
      new Date('June 15, 2020 12:30').getTime(), local.getTime(), local.getHours(), String(local), new Date(0).getTimezoneOffset(), Date(), new Date(local).getTime()]) };
  }`;

  test('time and random numbers come from the seed and the rows alone, in any time zone', async () => {
    const outputs = [column('y', 'VARCHAR')];
    const zone = process.env.TZ;
    const results = [];
    for (const [tz, seed] of [
      ['UTC', 1n],
      ['America/New_York', 1n],
      ['Asia/Kolkata', 1n],
      ['UTC', 2n],
    ] as const) {
      process.env.TZ = tz;
      results.push((await run(PROBE, numbers([1, 2]), { outputs, seed })).flat());
    }
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
    expect(results[3]).not.toEqual(results[0]);
    const [r1, r2, now, iso, parsed, words, local, hours, , offset] = JSON.parse(results[0]?.[0] as string);
    expect(r1).not.toBe(r2);
    expect([now, iso]).toEqual([946_684_800_000, '2000-01-01T00:00:00.000Z']);
    const noon = Date.UTC(2020, 5, 15, 12, 30);
    expect([parsed, words, local, hours, offset]).toEqual([noon, noon, noon, 12, 0]);
  });

  test('the real clock cannot be had back', async () => {
    const source =
      'export const f = () => ({ y: new (new Date(0).constructor)().getTime() + new (Object.getPrototypeOf(new Date(0)).constructor)().getTime() });';
    expect(await run(source, numbers([1]))).toEqual([[2 * 946_684_800_000]]);
  });

  test('nothing of the page or of Node is in reach', async () => {
    const names = [
      'fetch',
      'XMLHttpRequest',
      'WebSocket',
      'indexedDB',
      'localStorage',
      'document',
      'window',
      'self',
      'process',
      'require',
      'performance',
      'crypto',
      'setTimeout',
      'importScripts',
      'postMessage',
      'navigator',
      'WebAssembly',
      'host',
      'std',
      'os',
      'scriptArgs',
      'print',
      'load',
    ];
    const source = `export const f = () => ({ y: ${JSON.stringify(names)}.filter((name) => name in globalThis).join() });`;
    expect(await run(source, numbers([1]), { outputs: [column('y', 'VARCHAR')] })).toEqual([['']]);
    const globals =
      'export const f = () => ({ y: (function () { return this; }).call() === undefined ? Object.getOwnPropertyNames(globalThis).length : -1 });';
    expect((await run(globals, numbers([1])))[0]?.[0]).toBeGreaterThan(50);
    expect((await failureOf(run('export const f = () => ({ y: import("fs") });', numbers([1])))).message).toContain('async');
  });

  test('an author who changes the intrinsics harms only the own rows', async () => {
    const source = `JSON.stringify = () => 'no'; JSON.parse = () => 1; Array.prototype.push = null; Array.isArray = () => true; Object.hasOwn = null;
      Uint8Array.prototype.slice = null; Array.prototype.map = null; export const f = (row) => ({ y: row.x });`;
    expect(await failureOf(run(source, numbers([1]))).catch(() => 'ran')).toBeDefined();
    const mild = `JSON.stringify = () => 'no'; Object.hasOwn = null; export const f = (row) => ({ y: row.x });`;
    expect(await run(mild, numbers([1]))).toEqual([[1]]);
  });
});
