import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../shared/limits.ts';
import { CData, emitting, IMAGE_AT } from './testing/c-data.ts';
import { atBatch, failing, failureOf, ONE, openBytes } from './testing/open.ts';

describe('floods (B-41, B-42)', () => {
  test('output beyond the limit is a resource error, before it is copied', async () => {
    const body = '(loop $more (call $emit (i32.const 0) (local.get $schema) (local.get $array)) (br $more))';
    const limits = { memoryBytesMax: LIMITS.guestMemoryBytes, outputBytesMax: 10_000 };
    const { error, opened } = await failing(atBatch(body), 'guest-output-limit', { limits });
    expect(error.failure.reason).toBe('resource');
    expect(opened.close().outputBytes).toBeLessThan(10_010);
    expect(LIMITS.guestOutputBytes).toBe(512 * 1048576);
  });

  test('few bytes that mean many rows are charged for the rows', async () => {
    const none = new CData();
    const array = none.array({ length: 2 ** 30, buffers: [] });
    const opened = await openBytes(emitting(none, none.root(none.schema({ format: 'n' }), array, 2 ** 30)));
    expect((await failureOf(opened.endFinal())).failure.code).toBe('guest-output-limit');
    const data = new CData();
    const word = data.array({ length: 1, buffers: [0, data.values(Int32Array.of(0, 30_000)), IMAGE_AT] });
    const indices = data.array({ length: 50_000, buffers: [0, 180_000], dictionary: word });
    const schema = data.schema({ format: 'c', dictionary: data.schema({ format: 'z' }) });
    const wide = await openBytes(emitting(data, data.root(schema, indices, 50_000)));
    expect((await failureOf(wide.endFinal())).failure.code).toBe('guest-output-limit');
  });

  test('log lines are cut at 4 KiB, and all of them at 64 KiB', async () => {
    const body = `(loop $more (call $log (i32.const 9) (i32.const 0) (i32.const 5000))
      (local.set $event (i32.add (local.get $event) (i32.const 1)))
      (br_if $more (i32.lt_u (local.get $event) (i32.const 1001))))`;
    const opened = await openBytes(atBatch(body));
    await opened.batch(ONE);
    const { log, logDroppedBytes } = opened.close();
    expect(log).toHaveLength(LIMITS.guestLogBytes / LIMITS.guestLogLineBytes);
    expect(log[0]?.level).toBe(1);
    expect(log[0]?.text.length).toBe(LIMITS.guestLogLineBytes);
    expect(logDroppedBytes).toBe(1000 * 5000 - LIMITS.guestLogBytes);
    const empty = await openBytes(atBatch(body.replace('5000', '0').replace('1001', '100000')));
    await empty.batch(ONE);
    expect(empty.close().log).toHaveLength(LIMITS.guestLogBytes);
  });

  test('log and fail with text that is not in the memory', async () => {
    for (const call of ['$log (i32.const 1)', '$fail']) {
      const { error } = await failing(atBatch(`(call ${call} (i32.const 262140) (i32.const 5))`), 'guest-abi');
      expect(error.message).toContain('are not in the memory of 262144 bytes');
    }
  });

  test('the deadline is checked at every import', async () => {
    let now = 0;
    const deadline = { nowMs: () => now++, atMs: 50 };
    for (const call of [
      '(call $progress (f64.const 0.5))',
      '(call $log (i32.const 1) (i32.const 0) (i32.const 0))',
      '(call $emit (i32.const 0) (local.get $schema) (local.get $array))',
    ]) {
      now = 0;
      const options = { limits: { memoryBytesMax: LIMITS.guestMemoryBytes, deadline } };
      const { error } = await failing(atBatch(`(loop $more ${call} (br $more))`), 'guest-deadline', options);
      expect(error.failure.reason).toBe('deadline');
    }
  });
});
