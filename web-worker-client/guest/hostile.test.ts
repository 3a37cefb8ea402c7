import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rowsOf, streamOf } from '../../shared/arrow/testing.ts';
import { GuestError, type GuestErrorCode } from '../../shared/guest/guest-error.ts';
import { type GuestText, guest } from '../../shared/guest/testing/wat.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { Guest } from './guest.ts';
import { compileGuest, openGuest } from './index.ts';
import { CData, emitting, IMAGE_AT } from './testing/c-data.ts';
import { openBytes } from './testing/open.ts';

const ONE = streamOf([{ wire: 'INTEGER', values: [1] }]);

async function failureOf(work: Promise<unknown>): Promise<GuestError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof GuestError) return error;
    throw error;
  }
  throw new Error('nothing failed');
}

/** `body` runs at BATCH; what it leaves on the stack is dropped. */
const atBatch = (body: string, rest: Partial<GuestText> = {}): Uint8Array =>
  guest({ ...rest, body: `(if (i32.eq (local.get $event) (i32.const 1)) (then ${body})) (i32.const 0)` });

async function failing(bytes: Uint8Array, code: GuestErrorCode, options = {}): Promise<{ error: GuestError; opened: Guest }> {
  const opened = await openBytes(bytes, options);
  const error = await failureOf(opened.batch(ONE));
  expect(error.failure.code).toBe(code);
  return { error, opened };
}

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
    const body = `(loop $again (try (do
        ${FAIL}) (catch_all))
      (try (do (call $log (i32.const 1) (i32.const 200) (i32.const 11))) (catch_all (local.set $event (i32.add (local.get $event) (i32.const 1)))))
      (br_if $again (i32.lt_u (local.get $event) (i32.const 1000))))
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

describe('emit (B-34 to B-37)', () => {
  const good = (): { data: CData; column: number; array: number } => {
    const data = new CData();
    const array = data.array({ length: 3, buffers: [0, data.values(Int32Array.of(1, 2, 3))] });
    return { data, column: data.schema({ format: 'i' }), array };
  };
  async function emitFailure(data: CData, root: { schema: number; array: number }): Promise<string> {
    const opened = await openBytes(emitting(data, root));
    const error = await failureOf(opened.endFinal());
    expect(error.failure).toMatchObject({ reason: 'author', code: 'guest-emit' });
    return error.message;
  }
  const column = (format: string, make: (data: CData) => number, length = 2): Promise<string> => {
    const data = new CData();
    return emitFailure(data, data.root(data.schema({ format }), make(data), length));
  };

  test('pointers out of range: the structs, their lists, the buffers', async () => {
    for (const bad of [0, 262144 - 8, 0x7fffffff, 0xffffffff]) {
      const { data, column, array } = good();
      if (bad !== 0) expect(await emitFailure(data, { ...data.root(column, array, 3), schema: bad })).toContain('ArrowSchema');
      expect(await emitFailure(data, { ...data.root(column, array, 3), array: bad })).toContain('ArrowArray');
      expect(await emitFailure(data, data.root(bad, array, 3))).toContain('ArrowSchema');
      expect(await emitFailure(data, data.root(column, bad, 3))).toContain('ArrowArray');
      expect(await emitFailure(data, data.root(column, data.array({ length: 3, buffers: [0, bad] }), 3))).toContain(
        'its values is',
      );
      if (bad !== 0) {
        const bits = data.array({ length: 100_000, buffers: [bad, 4096] });
        expect(await emitFailure(data, data.root(data.schema({ format: 'c' }), bits, 100_000))).toContain('validity');
      }
    }
  });

  test('lengths and offsets that lie', async () => {
    const { data, column, array } = good();
    expect(await emitFailure(data, data.root(column, array, 4))).toContain('it has 3 rows where 4 are needed');
    expect(await emitFailure(data, data.root(column, array, 2, 2))).toContain('it has 3 rows where 4 are needed');
    const long = data.array({ length: 70_000, buffers: [0, IMAGE_AT] });
    expect(await emitFailure(data, data.root(column, long, 70_000))).toContain('280000 bytes from 4096');
    for (const length of [-1, 2n ** 30n + 1n, 2n ** 62n, -(2n ** 63n)]) {
      const lying = data.array({ length, buffers: [0, IMAGE_AT] });
      expect(await emitFailure(data, data.root(column, lying, 1))).toContain(`its length is ${length}`);
    }
    const shifted = data.array({ length: 3, offset: 2n ** 30n - 2n, buffers: [0, IMAGE_AT] });
    expect(await emitFailure(data, data.root(column, shifted, 3))).toContain('offset and length together');
    const nulls = data.array({ length: 3, nullCount: 2, buffers: [0, IMAGE_AT] });
    expect(await emitFailure(data, data.root(column, nulls, 3))).toContain('2 NULLs but no validity');
    expect(await emitFailure(data, data.root(column, data.array({ length: 3, buffers: [0] }), 3))).toContain(
      '1 buffers, its format has 2',
    );
  });

  test('offsets that lie', async () => {
    const texts = (offsets: readonly number[], text = 'abc'): Promise<string> =>
      column('u', (d) =>
        d.array({ length: 2, buffers: [0, d.values(Int32Array.from(offsets)), d.bytes(new TextEncoder().encode(text))] }),
      );
    expect(await texts([0, 3, 2])).toContain('offset 2 is 2, the one before 3');
    expect(await texts([-1, 0, 2])).toContain('offset 0 is -1');
    expect(await texts([0, 1, 1_000_000_000])).toContain('1000000000 bytes from');
    expect(
      await column('U', (d) => d.array({ length: 2, buffers: [0, d.values(BigInt64Array.of(0n, 2n ** 40n, 1n)), 4096] })),
    ).toContain('offset 1');
    const data = new CData();
    const child = data.array({ length: 2, buffers: [0, data.bytes([1, 2])] });
    const list = data.array({ length: 1, buffers: [0, data.values(Int32Array.of(0, 3))], children: [child] });
    const schema = data.schema({ format: '+l', children: [data.schema({ format: 'c' })] });
    expect(await emitFailure(data, data.root(schema, list, 1))).toContain('it has 2 rows where 3 are needed');
  });

  test('bad UTF-8, also where only the cut is wrong; under NULL anything goes', async () => {
    const texts = (
      bytes: readonly number[],
      offsets: readonly number[],
      bits = 0,
    ): { data: CData; root: { schema: number; array: number } } => {
      const data = new CData();
      const validity = bits === 0 ? 0 : data.bytes([bits]);
      const array = data.array({
        length: offsets.length - 1,
        buffers: [validity, data.values(Int32Array.from(offsets)), data.bytes(bytes)],
      });
      return { data, root: data.root(data.schema({ format: 'u', name: 'who' }), array, offsets.length - 1) };
    };
    const lone = texts([97, 0xff], [0, 1, 2]);
    expect(await emitFailure(lone.data, lone.root)).toContain('column "who": the string in row 1 is no UTF-8');
    const cut = texts([0xc3, 0xa9], [0, 1, 2]);
    expect(await emitFailure(cut.data, cut.root)).toContain('row 0');
    const surrogate = texts([0xed, 0xa0, 0x80], [0, 3]);
    expect(await emitFailure(surrogate.data, surrogate.root)).toContain('no UTF-8');
    const hidden = texts([97, 0xff, 0xc3, 0xa9], [0, 1, 2, 4], 0b101);
    const opened = await openBytes(emitting(hidden.data, hidden.root));
    expect(rowsOf((await opened.endFinal())[0]?.stream ?? new Uint8Array()).flat()).toEqual(['a', null, 'é']);
  });

  test('schemas that lie: formats, depth, cycles, too many children, names without an end', async () => {
    const { data, column, array } = good();
    for (const [format, words] of [
      ['e', 'half floats'],
      ['vu', ''],
      ['d:39,0', ''],
      ['d:10,2,256', ''],
      ['tss:', ''],
      ['+r', ''],
      ['+w:0', ''],
      ['', ''],
      ['xyz', ''],
    ] as const) {
      const opened = await openBytes(emitting(data, data.root(data.schema({ format }), array, 3)));
      const error = await failureOf(opened.endFinal());
      expect(error.message).toContain(`has the format ${JSON.stringify(format)}`);
      expect(error.failure.hint).toContain(words);
    }
    expect(await emitFailure(data, { schema: column, array })).toContain('must be a struct');
    expect(await emitFailure(data, { schema: data.schema({ format: '+s' }), array })).toContain('no column');
    expect(await column0(data, array)).toContain('8192 are the most');
    const cycle = new CData();
    const list = cycle.u32s(0);
    const self = cycle.schema({ format: '+l', children: [0] });
    expect(list).toBeLessThan(self);
    const childrenAt = self - 8;
    const looped = emitting(cycle, { schema: cycle.schema({ format: '+s', children: [self] }), array: 4096 });
    // The list of children stands right before the struct: its one entry is made to point at the struct.
    const at = new DataView(looped.buffer);
    const found = findImage(looped, cycle);
    at.setUint32(found + childrenAt - IMAGE_AT, self, true);
    expect((await failureOf((await openBytes(looped)).endFinal())).message).toContain('nested deeper than 16 levels');
    const endless = new CData();
    const name = endless.bytes(new Uint8Array(3000).fill(97), 1);
    const unnamed = endless.u32s(endless.text('i'), name, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0);
    expect(await emitFailure(endless, endless.root(unnamed, 4096, 1))).toContain('does not end with a zero byte');
  });

  const column0 = (data: CData, array: number): Promise<string> => {
    const many = data.u32s(data.text('+s'), 0, 0, 0, 2, 0, 100_000, 0, 4096, 0, 0, 0);
    return emitFailure(data, { schema: many, array });
  };

  /** Where the image stands in the module's bytes. */
  function findImage(bytes: Uint8Array, data: CData): number {
    const image = Uint8Array.from(data.image.split('\\').slice(1), (hex) => Number.parseInt(hex, 16));
    return Buffer.from(bytes).indexOf(Buffer.from(image));
  }

  test('dictionaries: an index that is none, a nested one', async () => {
    const data = new CData();
    const values = data.array({ length: 2, buffers: [0, data.bytes([1, 2])] });
    const of = data.schema({ format: 'c' });
    for (const index of [2, -1]) {
      const indices = data.array({ length: 1, buffers: [0, data.bytes([index & 255])], dictionary: values });
      expect(await emitFailure(data, data.root(data.schema({ format: 'c', dictionary: of }), indices, 1))).toContain(
        `has the index ${index}`,
      );
    }
    const list = data.schema({ format: '+l', children: [of] });
    expect(await emitFailure(data, data.root(data.schema({ format: 'c', dictionary: list }), values, 1))).toContain(
      'nested values',
    );
    expect(await emitFailure(data, data.root(data.schema({ format: 'g', dictionary: of }), values, 1))).toContain('no integers');
  });

  test('maps without keys', async () => {
    const data = new CData();
    const keys = data.array({ length: 1, buffers: [data.bytes([0]), data.bytes([1])] });
    const entries = data.array({ length: 1, buffers: [0], children: [keys, keys] });
    const maps = data.array({ length: 1, buffers: [0, data.values(Int32Array.of(0, 1))], children: [entries] });
    const byte = data.schema({ format: 'c' });
    const schema = data.schema({ format: '+m', children: [data.schema({ format: '+s', children: [byte, byte] })] });
    expect(await emitFailure(data, data.root(schema, maps, 1))).toContain('a key that is NULL');
    expect(await emitFailure(data, data.root(data.schema({ format: '+m', children: [byte] }), maps, 1))).toContain(
      'no struct of a key',
    );
  });

  test('emit at the wrong time, to the wrong port, without a schema, with other types', async () => {
    const emit = (port: number, schema = '(local.get $schema)'): string =>
      `(call $emit (i32.const ${port}) ${schema} (local.get $array))`;
    const inOpen = guest({ body: `${emit(0)} (i32.const 0)` });
    expect((await failureOf(openBytes(inOpen))).message).toContain('outside of a call that may emit');
    const outputs = [[{ name: 'n', wire: 'INTEGER' }]];
    expect((await failing(atBatch(emit(1)), 'guest-emit', { outputs })).error.message).toContain('port 1 of 1');
    expect((await failing(atBatch(emit(-1)), 'guest-emit')).error.message).toContain('port 4294967295 of 16');
    expect((await failing(atBatch(emit(0, '(i32.const 0)')), 'guest-emit')).error.message).toContain('has no schema');
    const { error } = await failing(atBatch(emit(0)), 'guest-output-type', { outputs: [[{ name: 'n', wire: 'BIGINT' }]] });
    expect(error.message).toBe('the function emits "c0" to port 0 as INTEGER; declared is n BIGINT');
  });

  test('whatever stands in the structs, emit answers with rows or with a typed error', async () => {
    const make = (): { data: CData; root: { schema: number; array: number } } => {
      const data = new CData();
      const words = data.array({ length: 2, buffers: [0, data.values(Int32Array.of(0, 1, 3)), data.bytes([97, 0xc3, 0xa9])] });
      const lists = data.array({ length: 2, buffers: [data.bytes([3]), data.values(Int32Array.of(0, 1, 2))], children: [words] });
      const schema = data.schema({ format: '+l', children: [data.schema({ format: 'u' })] });
      return { data, root: data.root(schema, lists, 2) };
    };
    const { data, root } = make();
    const bytes = emitting(data, root);
    const from = findImage(bytes, data);
    const length = data.image.length / 3;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), async (changes) => {
        const mutant = bytes.slice();
        for (const [at, value] of changes) mutant[from + at] = value;
        const opened = await openBytes(mutant);
        const error = await opened.endFinal().then(
          () => undefined,
          (e: unknown) => e,
        );
        if (error === undefined) return;
        expect(error).toBeInstanceOf(GuestError);
        expect((error as GuestError).failure.code).toMatch(/^guest-(emit|output-limit)$/);
      }),
      { numRuns: 1500 },
    );
  });
});

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

describe('reproducible (B-50 to B-53)', () => {
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

  test('random numbers come from the seed, the clock goes by itself, files are not there', async () => {
    const first = await said(1n);
    expect(await said(1n)).toEqual(first);
    const other = await said(1n + 2n ** 40n);
    expect(other.subarray(0, 20)).not.toEqual(first.subarray(0, 20));
    expect(other.subarray(20)).toEqual(first.subarray(20));
    expect(first.readBigUInt64LE(24)).toBe(946_684_800_000_001_000n);
    expect(first.readBigUInt64LE(32)).toBe(2_000n);
    expect([...first.subarray(40)]).toEqual([52, 21, 21, 8]);
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
