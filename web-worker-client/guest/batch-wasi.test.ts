/** WASI in batch guests, by the rules of guest/SPEC.md. The rest of the host is tested through stream guests. */
import { describe, expect, test } from 'vitest';
import { IMPORTS } from '../../shared/guest/testing/wat.ts';
import { AccumulatorBook } from './accumulator-book.ts';
import { atBatch, failing, failureOf, ONE, openBytes } from './testing/open.ts';

const TYPES: Readonly<Record<string, string>> = {
  args_sizes_get: '(param i32 i32) (result i32)',
  environ_sizes_get: '(param i32 i32) (result i32)',
  fd_fdstat_get: '(param i32 i32) (result i32)',
  fd_read: '(param i32 i32 i32 i32) (result i32)',
  fd_sync: '(param i32) (result i32)',
  fd_write: '(param i32 i32 i32 i32) (result i32)',
  poll_oneoff: '(param i32 i32 i32 i32) (result i32)',
  sched_yield: '(result i32)',
};
const WASI = Object.entries(TYPES).map(([name, type]) => `(import "wasi_snapshot_preview1" "${name}" (func $${name} ${type}))`);
const imports = [IMPORTS, ...WASI].join('\n');

/** Writes `bytes` bytes from `at`, in one piece. */
const write = (fd: number, at: number, bytes: number): string => `
  (i32.store (i32.const 40) (i32.const ${at})) (i32.store (i32.const 44) (i32.const ${bytes}))
  (if (call $fd_write (i32.const ${fd}) (i32.const 40) (i32.const 1) (i32.const 48)) (then (unreachable)))`;

/** Traps where `value` is not `expected`. */
const equal = (value: string, expected: number): string => `(if (i32.ne ${value} (i32.const ${expected})) (then (unreachable)))`;

describe('what a batch guest gets (B-43)', () => {
  test('no arguments, no environment, an empty stdin, waits that take no time', async () => {
    const body = [
      '(i64.store (i32.const 64) (i64.const -1))',
      equal('(call $args_sizes_get (i32.const 64) (i32.const 68))', 0),
      equal('(i32.or (i32.load (i32.const 64)) (i32.load (i32.const 68)))', 0),
      '(i64.store (i32.const 64) (i64.const -1))',
      equal('(call $environ_sizes_get (i32.const 64) (i32.const 68))', 0),
      equal('(i32.or (i32.load (i32.const 64)) (i32.load (i32.const 68)))', 0),
      '(i32.store (i32.const 40) (i32.const 1000)) (i32.store (i32.const 44) (i32.const 8)) (i32.store (i32.const 48) (i32.const -1))',
      equal('(call $fd_read (i32.const 0) (i32.const 40) (i32.const 1) (i32.const 48))', 0),
      equal('(i32.load (i32.const 48))', 0),
      // A subscription of all zeros but for its length: an hour by the real-time clock.
      '(i64.store (i32.const 1024) (i64.const 3600000000000))',
      equal('(call $poll_oneoff (i32.const 1000) (i32.const 2000) (i32.const 1) (i32.const 48))', 0),
      equal('(i32.load (i32.const 48))', 1),
      equal('(call $fd_sync (i32.const 1))', 52),
    ];
    await (await openBytes(atBatch(body.join('\n'), { imports }))).batch(ONE);
  });

  test('stdout and stderr are terminals, so that C libraries write each line at once, into the log', async () => {
    const body = [1, 2].flatMap((fd) => [
      equal(`(call $fd_fdstat_get (i32.const ${fd}) (i32.const 64))`, 0),
      equal('(i32.load8_u (i32.const 64))', 2),
      write(fd, 200, 5),
    ]);
    const opened = await openBytes(atBatch(body.join('\n'), { imports, more: '(data (i32.const 200) "hello")' }));
    await opened.batch(ONE);
    expect(opened.close().log).toEqual([
      { level: 1, text: 'hello' },
      { level: 2, text: 'hello' },
    ]);
  });

  test('a counter line of a stream guest (S-36) is a line of the log like any other', async () => {
    const accumulators = new AccumulatorBook();
    const line = 'reporter:counter:g,c,1\n';
    const more = `(data (i32.const 200) "${line.replace('\n', '\\0a')}")`;
    const opened = await openBytes(atBatch(write(2, 200, line.length), { imports, more }), { accumulators });
    await opened.batch(ONE);
    expect(accumulators.sums()).toBeUndefined();
    expect(opened.close().log).toEqual([{ level: 2, text: line }]);
  });
});

describe('failures', () => {
  const FAIL = '(try (do (call $fail (i32.const 200) (i32.const 1))) (catch_all))';

  test('B-44: after a failure WASI throws it again, however often it is caught', async () => {
    const caught = `(try (do ${write(1, 200, 1)}) (catch_all))`;
    const { opened } = await failing(atBatch(`${FAIL} ${caught} ${caught} ${write(2, 200, 1)}`, { imports }), 'guest-fail');
    expect(opened.close().log).toEqual([]);
  });

  test('B-46: the deadline is checked in calls that are not served, too', async () => {
    for (const call of ['(call $sched_yield)', '(call $fd_sync (i32.const 1))']) {
      let now = 0;
      const limits = { memoryBytesMax: 2 ** 24, deadline: { nowMs: () => now++, atMs: 50 } };
      await failing(atBatch(`(loop $more (drop ${call}) (br $more))`, { imports }), 'guest-deadline', { limits });
    }
  });

  test('B-13: a start function cannot call it', async () => {
    const more = '(func $begin (drop (call $sched_yield))) (start $begin)';
    expect((await failureOf(openBytes(atBatch('', { imports, more })))).failure.code).toBe('guest-abi');
  });
});

describe('reproducible', () => {
  const imports = `
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))`;
  const body = `(drop (call $random (i32.const 1000) (i32.const 20)))
    (drop (call $clock (i32.const 0) (i64.const 0) (i32.const 1024)))
    (drop (call $clock (i32.const 1) (i64.const 0) (i32.const 1032)))
    (i32.store8 (i32.const 1040) (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 0)))
    (i32.store8 (i32.const 1041) (call $random (i32.const -4) (i32.const 20)))
    (i32.store8 (i32.const 1042) (call $write (i32.const 1) (i32.const -8) (i32.const 1) (i32.const 0)))
    (i32.store8 (i32.const 1043) (call $write (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0)))
    (i32.store (i32.const 1048) (i32.const 1000)) (i32.store (i32.const 1052) (i32.const 44))
    (if (call $write (i32.const 2) (i32.const 1048) (i32.const 1) (i32.const 1056)) (then (unreachable)))`;
  const said = async (seed: bigint): Promise<Buffer> => {
    const hex = `(local.set $event (i32.const 1000)) (loop $next
      (i32.store8 (i32.const 2000) (i32.add (i32.const 97) (i32.shr_u (i32.load8_u (local.get $event)) (i32.const 4))))
      (i32.store8 (i32.const 2001) (i32.add (i32.const 97) (i32.and (i32.load8_u (local.get $event)) (i32.const 15))))
      (i32.store (i32.const 2008) (i32.const 2000)) (i32.store (i32.const 2012) (i32.const 2))
      (drop (call $write (i32.const 1) (i32.const 2008) (i32.const 1) (i32.const 2016)))
      (local.set $event (i32.add (local.get $event) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $event) (i32.const 1044))))`;
    const opened = await openBytes(atBatch(body + hex, { imports }), { seed });
    await opened.batch(ONE);
    const [first, ...rest] = opened.close().log;
    expect(first?.level).toBe(2);
    return Buffer.from(rest.flatMap(({ text }) => [(text.charCodeAt(0) - 97) * 16 + text.charCodeAt(1) - 97]));
  };

  test('B-43, B-50, B-51: random numbers come from the seed, the clock goes by itself, files are not there', async () => {
    const first = await said(1n);
    expect(await said(1n)).toEqual(first);
    const other = await said(1n + 2n ** 40n);
    expect(other.subarray(0, 20)).not.toEqual(first.subarray(0, 20));
    expect(other.subarray(20)).toEqual(first.subarray(20));
    expect(first.readBigUInt64LE(24)).toBe(946_684_800_000_001_000n);
    expect(first.readBigUInt64LE(32)).toBe(2_000n);
    expect([...first.subarray(40)]).toEqual([76, 21, 21, 8]);
  });
});
