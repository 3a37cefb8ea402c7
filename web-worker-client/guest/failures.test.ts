import { describe, expect, test } from 'vitest';
import { rowsOf } from '../../shared/arrow/testing.ts';
import { guest } from '../../shared/guest/testing/wat.ts';
import { compileGuest, openGuest } from './index.ts';
import { atBatch, failing, failureOf, ONE, openBytes } from './testing/open.ts';

const HELLO = '(data (i32.const 200) "no such day")';
const FAIL = '(call $fail (i32.const 200) (i32.const 11))';

describe('failures (B-44, B-45)', () => {
  test('fail: the author’s, with the guest’s words; the guest is of no use afterwards', async () => {
    const { error, opened } = await failing(atBatch(FAIL, { more: HELLO }), 'guest-fail');
    expect(error.failure).toMatchObject({ reason: 'author', message: 'no such day' });
    for (const again of [() => opened.batch(ONE), () => opened.merge(ONE), () => opened.endFinal()]) {
      expect(await failureOf(again())).toBe(error);
    }
  });

  test('out of memory, said by fail, is a resource error', async () => {
    const more = '(data (i32.const 200) "out of memory: 3 MiB")';
    const { error } = await failing(atBatch('(call $fail (i32.const 200) (i32.const 20))', { more }), 'guest-memory');
    expect(error.failure.reason).toBe('resource');
  });

  test('catch_all around fail, then success: not believed', async () => {
    const body = `(try (do ${FAIL}) (catch_all)) (call $emit (i32.const 0) (local.get $schema) (local.get $array))`;
    const { opened } = await failing(atBatch(body, { more: HELLO }), 'guest-fail');
    expect((await failureOf(opened.endFinal())).failure.message).toBe('no such day');
    const quiet = await failing(atBatch(`(try (do ${FAIL}) (catch_all))`, { more: HELLO }), 'guest-fail');
    expect(quiet.opened.close().log).toEqual([]);
  });

  test('imports called after a failure throw it again, however often it is caught', async () => {
    // $schema counts the rounds.
    const body = `(local.set $schema (i32.const 0))
      (loop $again
        (try (do ${FAIL}) (catch_all))
        (try (do (call $log (i32.const 1) (i32.const 200) (i32.const 11))) (catch_all))
        (local.set $schema (i32.add (local.get $schema) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $schema) (i32.const 1000))))
      (call $log (i32.const 1) (i32.const 200) (i32.const 11))`;
    const { opened } = await failing(atBatch(body, { more: HELLO }), 'guest-fail');
    expect(opened.close().log).toEqual([]);
  });

  test('a failure that OPEN hides is found before the first batch', async () => {
    const bytes = guest({ body: `(try (do ${FAIL}) (catch_all)) (i32.const 0)`, more: HELLO });
    expect((await failureOf(openBytes(bytes))).failure.code).toBe('guest-fail');
  });

  test('unreachable, division by zero and reads beyond the memory are traps: the author’s', async () => {
    for (const [body, words] of [
      ['(unreachable)', /unreachable/],
      ['(drop (i32.div_u (i32.const 1) (i32.const 0)))', /divide by zero/],
      ['(drop (i32.load (i32.const -8)))', /out of bounds/],
    ] as const) {
      const { error } = await failing(atBatch(body), 'guest-trap');
      expect(error.failure.reason).toBe('author');
      expect(error.message).toMatch(words);
      expect(error.message).toMatch(/function \d+/);
    }
  });

  test('endless recursion is a resource error', async () => {
    const { error } = await failing(atBatch('(call $deep)', { more: '(func $deep (call $deep) (call $deep))' }), 'guest-stack');
    expect(error.failure.reason).toBe('resource');
  });

  test('a memory bomb stops at the maximum, as a resource error', async () => {
    const body = `(loop $more (if (i32.eq (i32.const -1) (memory.grow (i32.const 16))) (then (unreachable))) (br $more))`;
    const { error, opened } = await failing(atBatch(body, { memory: '4 64' }), 'guest-memory', {
      limits: { memoryBytesMax: 64 * 65536 },
    });
    expect(error.failure.reason).toBe('resource');
    expect(opened.close().memoryBytes).toBeLessThanOrEqual(64 * 65536);
  });

  test('an exception that nobody caught, a number other than 0, an exit', async () => {
    await failing(atBatch('(throw $t)', { more: '(tag $t)' }), 'guest-exception');
    const { error } = await failing(guest({ body: '(local.get $event)' }), 'guest-returned');
    expect(error.message).toContain('returned 1');
    const exit = '(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))';
    await failing(atBatch('(call $exit (i32.const 0))', { imports: exit }), 'guest-exit');
  });

  test('a guest that calls its host before its memory is there', async () => {
    const bytes = guest({
      body: '(i32.const 0)',
      more: '(func $begin (call $log (i32.const 1) (i32.const 0) (i32.const 1))) (start $begin)',
    });
    expect((await failureOf(openBytes(bytes))).failure).toMatchObject({
      code: 'guest-abi',
      hint: expect.stringContaining('_initialize'),
    });
  });

  test('no such function, another version', async () => {
    const plain = guest({ body: '(i32.const 0)' });
    const missing = await failureOf(openBytes(plain, { function: 'g' }));
    expect(missing.failure).toMatchObject({ code: 'guest-abi', hint: 'It has: f.' });
    for (const name of ['abi', 'alloc', 'constructor', '__proto__']) {
      expect((await failureOf(openBytes(plain, { function: name }))).failure.code).toBe('guest-abi');
    }
  });

  test('bytes that are no module, or no valid one', async () => {
    expect((await failureOf(compileGuest(Uint8Array.of(1, 2, 3)))).failure).toMatchObject({
      reason: 'author',
      code: 'guest-module',
    });
    const bytes = guest({ body: '(i32.const 0)', more: '(func (result i32) (i64.const 1))' });
    expect((await failureOf(compileGuest(bytes))).failure.code).toBe('guest-module');
  });
});

describe('alloc (B-12)', () => {
  const withAlloc = (result: string): Uint8Array => guest({ body: '(i32.const 0)', allocBody: result });

  test('0 is out of memory', async () => {
    expect((await failureOf(openBytes(withAlloc('(i32.const 0)')))).failure).toMatchObject({
      reason: 'resource',
      code: 'guest-memory',
    });
  });

  test('an address beyond the memory', async () => {
    for (const at of ['-64', '262143', '2147483647']) {
      expect((await failureOf(openBytes(withAlloc(`(i32.const ${at})`)))).failure).toMatchObject({
        reason: 'author',
        code: 'guest-abi',
      });
    }
  });
});

test('B-10: attempts share nothing', async () => {
  const counting = guest({
    body: `(global.set $n (i32.add (global.get $n) (i32.const 1)))
      (if (i32.gt_u (global.get $n) (i32.const 2)) (then (unreachable))) (i32.const 0)`,
    more: '(global $n (mut i32) (i32.const 0))',
  });
  const { module, admitted } = await compileGuest(counting);
  for (let attempt = 0; attempt < 3; attempt++) {
    const limits = { memoryBytesMax: admitted.memoryBytesMax };
    const opened = await openGuest('batch', module, { function: 'f', seed: 1n, limits });
    await opened.batch(ONE);
  }
});

test('B-32: the memory may grow during any call', async () => {
  const body = `(drop (memory.grow (i32.const 3)))
    (call $emit (i32.const 0) (local.get $schema) (local.get $array))
    (drop (memory.grow (i32.const 3)))
    (call $emit (i32.const 0) (i32.const 0) (local.get $array))`;
  const opened = await openBytes(atBatch(body));
  for (let i = 0; i < 3; i++) expect((await opened.batch(ONE)).map((o) => rowsOf(o.stream))).toEqual([[[1], [1]]]);
});
