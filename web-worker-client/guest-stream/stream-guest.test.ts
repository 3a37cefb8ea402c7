import { expect, test } from 'vitest';
import { wat } from '../../guest/testing/wat.ts';
import { rowsOf, streamOf } from '../../shared/arrow/testing.ts';
import { StreamGuest } from './stream-guest.ts';

/** Copies stdin to stdout, 64 bytes at a time, and says so. */
const CAT = `(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1 1) (data (i32.const 16) "done\\0a")
  (func (export "_start")
    (loop $more
      (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 64))
      (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
      (i32.store (i32.const 4) (i32.load (i32.const 8)))
      (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 12)))
      (br_if $more (i32.load (i32.const 8))))
    (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 5))
    (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 12)))))`;

const OPTIONS = { inputFormat: 'lines', outputFormat: 'tsv', seed: 1n, limits: { memoryBytesMax: 65_536 } } as const;

test('rows of all batches go through one run of the program', async () => {
  const guest = new StreamGuest(wat(CAT), OPTIONS);
  for (const values of [['a\tb', 'c'], [], ['d'.repeat(200)]]) {
    expect(await guest.batch(streamOf([{ name: 'c0', wire: 'VARCHAR', values }]))).toEqual([]);
  }
  const [output] = await guest.endFinal();
  expect(rowsOf(output?.stream ?? new Uint8Array())).toEqual([
    ['a', 'b'],
    ['c', null],
    ['d'.repeat(200), null],
  ]);
  expect(guest.close()).toMatchObject({ log: [{ level: 2, text: 'done' }], outputBytes: 207 });
});

test('a partition without rows runs the program too, and makes no output', async () => {
  const guest = new StreamGuest(wat(CAT), OPTIONS);
  expect(await guest.endFinal()).toEqual([]);
  expect(guest.close().log).toHaveLength(1);
});

/** 4 MiB of lines. */
const lines = (): Uint8Array =>
  streamOf([{ name: 'c0', wire: 'VARCHAR', values: Array.from({ length: 4096 }, () => 'x'.repeat(1023)) }]);

test('rows are asked for as the program reads them, and its lines handed on as it writes them', () => {
  const order: string[] = [];
  function* streams(): Iterable<Uint8Array> {
    for (let i = 0; i < 6; i++) {
      order.push('in');
      yield lines();
    }
  }
  let rows = 0;
  new StreamGuest(wat(CAT), OPTIONS).whole(streams(), (output) => {
    order.push('out');
    rows += output.rows;
  });
  expect(rows).toBe(6 * 4096);
  expect(order.join(' ')).toBe('in out in out in out in out in out in out');
});

test('what is not read is not asked for; what others throw comes out as it is', () => {
  const guest = new StreamGuest(wat('(module (memory (export "memory") 1 1) (func (export "_start")))'), OPTIONS);
  let asked = 0;
  function* streams(): Iterable<Uint8Array> {
    for (;;) {
      asked++;
      yield lines();
    }
  }
  guest.whole(streams(), () => expect.unreachable());
  expect(asked).toBe(1);

  const cat = () => new StreamGuest(wat(CAT), OPTIONS);
  function* failing(): Iterable<Uint8Array> {
    yield lines();
    throw new TypeError('the engine is gone');
  }
  expect(() => cat().whole(failing(), () => undefined)).toThrow(new TypeError('the engine is gone'));
  const full = () => {
    throw new TypeError('no room');
  };
  expect(() => cat().whole([lines(), lines()], full)).toThrow(new TypeError('no room'));
});

test('there are no parts', async () => {
  const guest = new StreamGuest(wat(CAT), OPTIONS);
  await expect(guest.endPartial()).rejects.toThrow('no partial result');
  await expect(guest.merge()).rejects.toThrow('no parts to merge');
});
