/** Guests without measure, in a real tab: time, memory, stack, output, log. Each ends with a clear error; the tab and its jobs go on. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { guest } from '../shared/guest/testing/wat.ts';
import { LIMITS } from '../shared/limits.ts';
import { GuestLab } from './guest-lab.ts';

let lab: GuestLab;

beforeAll(async () => {
  lab = await GuestLab.start();
}, 60_000);

afterAll(() => lab.close());

test('an endless loop ends with the deadline', async () => {
  const answer = await lab.hostile(guest({ body: '(loop $on (br $on)) (i32.const 0)' }), { deadlineMs: 1500 });
  expect(answer.code).toBe('job-deadline');
  expect(answer.detail).toContain('1500 ms');
});

test('a memory bomb', async () => {
  const body =
    '(loop $more (if (i32.eq (i32.const -1) (memory.grow (i32.const 64))) (then (unreachable))) (br $more)) (i32.const 0)';
  const answer = await lab.hostile(guest({ body, memory: '4 8192' }));
  expect(answer.code).toBe('guest-memory');
  expect(answer.detail).toContain('the guest is out of memory');
  expect(answer.detail).toContain('of 512 MiB');
});

test('a stack overflow', async () => {
  const more = '(func $again (result i32) (i32.add (i32.const 1) (call $again)))';
  const answer = await lab.hostile(guest({ body: '(call $again)', more }));
  expect(answer.code).toBe('guest-stack');
  expect(answer.detail).toContain('nested too deeply');
});

test('an output flood', async () => {
  // Its own memory as half a million doubles, again and again.
  const body = `(if (i32.eq (local.get $event) (i32.const 1)) (then
      (i64.store (local.get $array) (i64.const 524288))
      (i64.store (i32.load (i32.load offset=44 (local.get $array))) (i64.const 524288))
      (i32.store offset=4 (i32.load offset=40 (i32.load (i32.load offset=44 (local.get $array)))) (i32.const 65536))
      (loop $more (call $emit (i32.const 0) (local.get $schema) (local.get $array)) (br $more))))
    (i32.const 0)`;
  const answer = await lab.hostile(guest({ body, memory: '80' }));
  expect(answer.code).toBe('guest-output-limit');
  expect(answer.detail).toContain('more than 512 MiB');
});

test('a log flood without an end', async () => {
  const body = '(loop $more (call $log (i32.const 1) (i32.const 0) (i32.const 65536)) (br $more)) (i32.const 0)';
  expect((await lab.hostile(guest({ body }), { deadlineMs: 1500 })).code).toBe('job-deadline');
});

test('a log flood and then fail: the error has its words, and little of the flood', async () => {
  const body = `(loop $more (call $log (i32.const 1) (i32.const 100) (i32.const 4000))
      (local.set $schema (i32.add (local.get $schema) (i32.const 1)))
      (br_if $more (i32.lt_u (local.get $schema) (i32.const 100000))))
    (call $fail (i32.const 100) (i32.const 4)) (i32.const 0)`;
  const answer = await lab.hostile(guest({ body, more: '(data (i32.const 100) "oops")' }));
  expect(answer.code).toBe('guest-fail');
  expect(answer.detail).toContain('oops');
  expect(answer.detail?.length).toBeLessThan(LIMITS.guestLogLineBytes);
});
