/** The host of the stream ABI, by the rules of guest/SPEC-stream.md. */
import { describe, expect, test } from 'vitest';
import { wat } from '../../guest/testing/wat.ts';
import type { Failure } from '../../shared/failure.ts';
import { GuestError } from '../../shared/guest/guest-error.ts';
import { runStream, type StreamRun } from './run-stream.ts';

const UTF8 = new TextEncoder();

const IMPORTS: Readonly<Record<string, string>> = {
  fd_read: '(param i32 i32 i32 i32) (result i32)',
  fd_write: '(param i32 i32 i32 i32) (result i32)',
  fd_fdstat_get: '(param i32 i32) (result i32)',
  fd_seek: '(param i32 i64 i32 i32) (result i32)',
  fd_sync: '(param i32) (result i32)',
  path_open: '(param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)',
  clock_time_get: '(param i32 i64 i32) (result i32)',
  random_get: '(param i32 i32) (result i32)',
  poll_oneoff: '(param i32 i32 i32 i32) (result i32)',
  environ_sizes_get: '(param i32 i32) (result i32)',
  environ_get: '(param i32 i32) (result i32)',
  args_get: '(param i32 i32) (result i32)',
  proc_exit: '(param i32)',
};

/**
 * A command whose body is `body`. `$out` writes `n` bytes at `p` to a file; `$errno` writes a number as one byte to stdout. Buffers
 * begin at 1024; below 64 are scratch.
 */
function command(body: string, more = ''): WebAssembly.Module {
  const imports = Object.entries(IMPORTS).map(
    ([name, type]) => `(import "wasi_snapshot_preview1" "${name}" (func $${name} ${type}))`,
  );
  return wat(`(module ${imports.join('\n')}
    (memory (export "memory") 2 2)
    (func $out (param $fd i32) (param $p i32) (param $n i32)
      (i32.store (i32.const 0) (local.get $p)) (i32.store (i32.const 4) (local.get $n))
      (drop (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))
    (func $errno (param $e i32) (i32.store8 (i32.const 16) (local.get $e)) (call $out (i32.const 1) (i32.const 16) (i32.const 1)))
    ${more}
    (func (export "_start") (local $i i32) ${body}))`);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(pieces.flatMap((piece) => [...piece]));
}

function outputOf(module: WebAssembly.Module, run: Partial<StreamRun> = {}): Uint8Array {
  const pieces: Uint8Array[] = [];
  const output = (bytes: Uint8Array) => pieces.push(bytes.slice());
  runStream({ module, input: [], output, format: 'lines', partition: 7, seed: 5n, ...run });
  return joined(pieces);
}

function failureOf(module: WebAssembly.Module, run: Partial<StreamRun> = {}): Failure {
  try {
    outputOf(module, run);
  } catch (error) {
    if (error instanceof GuestError) return error.failure;
    throw error;
  }
  throw new Error('the run did not fail');
}

/** Reads into 1024.. with two buffers of 3 and 5 bytes; writes the count that came, then those bytes. */
const READ = `
  (i32.store (i32.const 32) (i32.const 1024)) (i32.store (i32.const 36) (i32.const 3))
  (i32.store (i32.const 40) (i32.const 1027)) (i32.store (i32.const 44) (i32.const 5))
  (drop (call $fd_read (i32.const 0) (i32.const 32) (i32.const 2) (i32.const 48)))
  (call $errno (i32.load (i32.const 48)))
  (call $out (i32.const 1) (i32.const 1024) (i32.load (i32.const 48)))`;

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe('what a guest gets', () => {
  test('S-1, S-2: other exports and imports are refused before anything runs', () => {
    expect(failureOf(wat('(module (memory (export "memory") 1))')).code).toBe('guest-module');
    expect(failureOf(wat('(module (func (export "_start")))')).code).toBe('guest-module');
    const foreign = wat('(module (import "env" "fetch" (func)) (memory (export "memory") 1) (func (export "_start")))');
    expect(failureOf(foreign)).toMatchObject({
      reason: 'author',
      code: 'guest-module',
      message: expect.stringContaining('fetch'),
    });
  });

  test('S-2: a call of the right name and another type cannot be linked to harm', () => {
    const odd = wat(`(module (import "wasi_snapshot_preview1" "fd_write" (func $w (param i64) (result i32)))
      (memory (export "memory") 1) (func (export "_start") (drop (call $w (i64.const 1)))))`);
    expect(outputOf(odd)).toHaveLength(0);
  });

  test('S-10: files 0 to 2 are stream sockets that cannot be sought, and there are no others', () => {
    const module = command(`
      (call $errno (call $fd_fdstat_get (i32.const 1) (i32.const 1024))) (call $errno (i32.load8_u (i32.const 1024)))
      (call $errno (call $fd_fdstat_get (i32.const 3) (i32.const 1024)))
      (call $errno (call $fd_seek (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 1024)))
      (call $errno (call $fd_read (i32.const 1) (i32.const 32) (i32.const 0) (i32.const 1024)))
      (call $errno (call $fd_write (i32.const 0) (i32.const 32) (i32.const 0) (i32.const 1024)))`);
    expect([...outputOf(module)]).toEqual([0, 6, 8, 70, 8, 8]);
  });

  test('S-18: sides are files that can be read and sought, and nothing else', () => {
    const open = (name: string, how = 0) =>
      `(i32.store8 (i32.const 40) (i32.const ${name.charCodeAt(0)}))
      (call $errno (call $path_open (i32.const 3) (i32.const 0) (i32.const 40) (i32.const 1) (i32.const ${how}) (i64.const -1) (i64.const -1) (i32.const 0) (i32.const 44)))`;
    const read = `(i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 8))
      (call $errno (call $fd_read (i32.load (i32.const 44)) (i32.const 0) (i32.const 1) (i32.const 48)))
      (call $out (i32.const 1) (i32.const 1024) (i32.load (i32.const 48)))`;
    const seek = '(call $errno (call $fd_seek (i32.load (i32.const 44)) (i64.const -2) (i32.const 2) (i32.const 1024)))';
    const write = '(call $errno (call $fd_write (i32.load (i32.const 44)) (i32.const 0) (i32.const 1) (i32.const 8)))';
    const body = `${open('1')} ${read} ${seek} ${read} ${write} ${open('2')} ${open('0', 1)} ${open('0')} ${read}`;
    const files = [UTF8.encode('zero'), UTF8.encode('one')];
    expect(text(outputOf(command(body), { files }))).toBe('\0\0one\0\0ne\b,L\0\0zero');
  });

  test('S-11: how the input is cut cannot be seen', () => {
    const whole = UTF8.encode('abcdefghij');
    const cuts = [[10], [1, 9], [2, 2, 2, 2, 2], [0, 3, 0, 7], [8, 2]];
    for (const cut of cuts) {
      let at = 0;
      const input = cut.map((size) => {
        at += size;
        return whole.subarray(at - size, at);
      });
      const bytes = outputOf(command(READ + READ + READ), { input });
      expect(bytes).toEqual(
        joined([Uint8Array.of(8), whole.subarray(0, 8), Uint8Array.of(2), whole.subarray(8), Uint8Array.of(0)]),
      );
    }
  });

  test('S-12, S-13: environment and arguments', () => {
    const environment = command(`
      (drop (call $environ_sizes_get (i32.const 32) (i32.const 36))) (drop (call $environ_get (i32.const 64) (i32.const 1024)))
      (call $errno (i32.load (i32.const 32))) (call $out (i32.const 1) (i32.const 1024) (i32.load (i32.const 36)))`);
    expect(text(outputOf(environment, { seed: -1n }))).toBe(
      '\u0003MUSTER_PARTITION=7\0MUSTER_SEED=18446744073709551615\0MUSTER_FORMAT=lines\0',
    );
    const args = command(
      '(drop (call $args_get (i32.const 64) (i32.const 1024))) (call $out (i32.const 1) (i32.const 1024) (i32.const 9))',
    );
    expect(text(outputOf(args, { args: ['-k'] }))).toBe('guest\0-k\0');
  });

  test('S-14, S-16: time passes only by looking and waiting, and waiting takes no time', () => {
    const look =
      '(drop (call $clock_time_get (i32.const 1) (i64.const 0) (i32.const 1024))) (call $out (i32.const 1) (i32.const 1024) (i32.const 8))';
    // Two clock subscriptions, 5 s and 90 s from now, with tags 11 and 12.
    const wait = `(i64.store (i32.const 2048) (i64.const 11)) (i32.store (i32.const 2064) (i32.const 1)) (i64.store (i32.const 2072) (i64.const 5000000000))
      (i64.store (i32.const 2096) (i64.const 12)) (i32.store (i32.const 2112) (i32.const 1)) (i64.store (i32.const 2120) (i64.const 90000000000))
      (call $errno (call $poll_oneoff (i32.const 2048) (i32.const 3072) (i32.const 2) (i32.const 4096)))
      (call $errno (i32.load (i32.const 4096))) (call $errno (i32.load (i32.const 3072)))`;
    const bytes = outputOf(command(look + look + wait + look));
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    expect([view.getBigUint64(0, true), view.getBigUint64(8, true)]).toEqual([1000n, 2000n]);
    expect([...bytes.subarray(16, 19)]).toEqual([0, 1, 11]);
    expect(view.getBigUint64(19, true)).toBe(5_000_003_000n);
  });

  test('S-15: random bytes come from the seed alone, in whole words of four', () => {
    const random = (sizes: readonly number[]) =>
      sizes
        .map(
          (size) =>
            `(drop (call $random_get (i32.const 1024) (i32.const ${size}))) (call $out (i32.const 1) (i32.const 1024) (i32.const ${size}))`,
        )
        .join('\n');
    const whole = outputOf(command(random([21])));
    expect(outputOf(command(random([4, 12, 5])))).toEqual(whole);
    expect(outputOf(command(random([21])), { seed: 6n })).not.toEqual(whole);
  });

  test('S-17: what is not served says so; addresses outside of the memory do nothing', () => {
    const far = 2 ** 17 - 2;
    const module = command(`
      (call $errno (call $fd_sync (i32.const 1)))
      (call $errno (call $path_open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 0)))
      (call $errno (call $random_get (i32.const ${far}) (i32.const 3)))
      (call $errno (call $random_get (i32.const -8) (i32.const 16)))
      (call $errno (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const ${far})))
      (call $errno (call $clock_time_get (i32.const 9) (i64.const 0) (i32.const 1024)))
      (call $errno (call $fd_read (i32.const 0) (i32.const ${far}) (i32.const 1) (i32.const 48)))
      (call $errno (call $fd_write (i32.const 1) (i32.const -16) (i32.const 2) (i32.const 48)))
      (call $errno (call $poll_oneoff (i32.const ${far}) (i32.const 0) (i32.const 1) (i32.const 48)))
      (i32.store (i32.const 32) (i32.const ${far})) (i32.store (i32.const 36) (i32.const 64))
      (call $errno (call $fd_write (i32.const 1) (i32.const 32) (i32.const 1) (i32.const 48)))
      (call $errno (call $fd_read (i32.const 0) (i32.const 32) (i32.const 1) (i32.const 48)))`);
    expect([...outputOf(module, { input: [UTF8.encode('x'.repeat(100))] })]).toEqual([
      52, 76, 21, 21, 21, 28, 21, 21, 21, 21, 21,
    ]);
  });
});

describe('how a guest ends', () => {
  const say = (fd: number, words: string, at = 1024): [string, string] => [
    `(call $out (i32.const ${fd}) (i32.const ${at}) (i32.const ${words.length}))`,
    `(data (i32.const ${at}) "${words}")`,
  ];

  test('S-30: exit code 0 is success, another is an error with the end of stderr', () => {
    expect(text(outputOf(command(`${say(1, 'ok')[0]} (call $proc_exit (i32.const 0)) unreachable`, say(1, 'ok')[1])))).toBe('ok');
    const [write, data] = say(2, 'no such column');
    const failure = failureOf(command(`${write} (call $proc_exit (i32.const 3))`, data));
    expect(failure).toMatchObject({ reason: 'author', code: 'guest-exit' });
    expect(failure.message).toContain('code 3');
    expect(failure.message).toContain('no such column');
  });

  test('S-30, S-35: only so much of stderr is kept, and it is the end', () => {
    const [write, data] = say(2, '0123456789');
    const lines: string[] = [];
    const module = command(
      `(loop $again ${write} (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (i32.const 1000)))) ${say(2, 'END', 2048)[0]} (call $proc_exit (i32.const 1))`,
      data + say(2, 'END', 2048)[1],
    );
    const limits = { errorBytes: 64, logBytes: 100, logLineBytes: 20 };
    const failure = failureOf(module, { limits, log: (line) => lines.push(line) });
    expect(failure.message).toContain('456789END');
    expect(failure.message.length).toBeLessThan(64 + 100);
    expect(lines).toEqual(['01234567890123456789']);
  });

  test('S-35: lines over the limit are cut, and the log says where it ends', () => {
    const [write, data] = say(2, 'abcdefgh\\0aijkl\\0a');
    const again = `(loop $again ${write.replace('18', '14')} (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (i32.const 100))))`;
    const lines: string[] = [];
    const limits = { logLineBytes: 4, logBytes: 18 };
    outputOf(command(again, data), { limits, log: (line) => lines.push(line) });
    expect(lines).toEqual(['abcd', 'ijkl', 'abcd', 'ijkl', expect.stringContaining('ends here')]);
  });

  test('S-31: a guest that catches everything cannot go on after a failure or an exit', () => {
    const [write, data] = say(1, 'x');
    const caught = (body: string) => `(try (do ${body}) (catch_all))`;
    const calls = { count: 0 };
    const exit = command(`${caught('(call $proc_exit (i32.const 4))')} ${caught(write)} ${write}`, data);
    expect(failureOf(exit, { output: () => calls.count++ }).code).toBe('guest-exit');
    const flood = command(`${caught(write + write)} ${caught(write)}`, data);
    expect(failureOf(flood, { limits: { outputBytes: 1 }, output: () => calls.count++ }).code).toBe('guest-output-limit');
    expect(calls.count).toBe(1);
  });

  test('S-31: an exit stays one when the guest returns as if nothing had been', () => {
    expect(failureOf(command('(try (do (call $proc_exit (i32.const 4))) (catch_all))')).message).toContain('code 4');
  });

  test('S-32: traps are told apart', () => {
    expect(failureOf(command('unreachable'))).toMatchObject({ reason: 'author', code: 'guest-trap' });
    expect(failureOf(command('(drop (i32.load (i32.const -8)))'))).toMatchObject({ reason: 'author', code: 'guest-trap' });
    expect(failureOf(command('(call $deep)', '(func $deep (call $deep) (call $deep))'))).toMatchObject({
      reason: 'resource',
      code: 'guest-stack',
    });
    const full = command('(drop (memory.grow (i32.const 1))) unreachable');
    expect(failureOf(full, { memoryMaxBytes: 2 * 65_536 })).toMatchObject({ reason: 'resource', code: 'guest-memory' });
    const [write, data] = say(2, 'memory allocation of 99 bytes failed');
    expect(failureOf(command(`${write} unreachable`, data))).toMatchObject({ reason: 'resource', code: 'guest-memory' });
    const thrown = wat('(module (tag $e) (memory (export "memory") 1) (func (export "_start") (throw $e)))');
    expect(failureOf(thrown)).toMatchObject({ reason: 'author', code: 'guest-exception' });
  });

  test('S-33: the deadline is looked at in every call', () => {
    let now = 0;
    const deadline = { now: () => now++, atMs: 50 };
    const spin = (call: string) => failureOf(command(`(loop $on ${call} (br $on))`), { deadline, output: () => undefined });
    expect(spin('(call $errno (i32.const 65))')).toMatchObject({ reason: 'deadline', code: 'guest-deadline' });
    now = 0;
    expect(spin('(drop (call $random_get (i32.const 0) (i32.const 1)))').code).toBe('guest-deadline');
  });

  test('S-34: output over the limit', () => {
    const [write, data] = say(1, '0123456789');
    const endless = command(`(loop $on ${write} (br $on))`, data);
    let got = 0;
    const failure = failureOf(endless, { limits: { outputBytes: 1_000_000 }, output: (bytes) => (got += bytes.length) });
    expect(failure).toMatchObject({ reason: 'author', code: 'guest-output-limit' });
    expect(got).toBe(1_000_000);
  });

  test('S-3: nothing is kept between runs', () => {
    const [write, data] = say(1, 'a');
    const module = command(`${write} (i32.store8 (i32.const 1024) (i32.const 98))`, data);
    expect([text(outputOf(module)), text(outputOf(module))]).toEqual(['a', 'a']);
  });
});
