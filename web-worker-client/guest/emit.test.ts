import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rowsOf } from '../../shared/arrow/testing.ts';
import { GuestError } from '../../shared/guest/guest-error.ts';
import { guest } from '../../shared/guest/testing/wat.ts';
import { CData, emitting, IMAGE_AT } from './testing/c-data.ts';
import { atBatch, failing, failureOf, openBytes } from './testing/open.ts';

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
      // A text of one byte at an odd address.
      {
        numRuns: 1500,
        examples: [
          [
            [
              [0, 1],
              [56, 0],
            ],
          ],
        ],
      },
    );
  });
});
