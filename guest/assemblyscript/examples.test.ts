import { beforeAll, describe, expect, test } from 'vitest';
import { rowsOf, streamOf } from '../../shared/arrow/testing.ts';
import { admitModule } from '../../shared/guest/admission.ts';
import type { GuestError } from '../../shared/guest/guest-error.ts';
import { AccumulatorBook } from '../../web-worker-client/guest/accumulator-book.ts';
import { compileGuest, type Guest, type GuestOptions, type GuestOutput, openGuest } from '../../web-worker-client/guest/index.ts';
import { compileGuestSource } from './testing/compile.ts';

const EXAMPLES = ['map', 'filter', 'flat-map', 'count-by-key', 'mandelbrot', 'score', 'sum-of-squares'] as const;
const compiled = new Map<string, Uint8Array<ArrayBuffer>>();

beforeAll(async () => {
  for (const name of EXAMPLES) compiled.set(name, await compileGuestSource(`examples/${name}.ts`));
}, 60_000);

const TERMS = { seed: 1n, limits: { memoryBytesMax: 1 << 24 } };

const wasmOf = (name: (typeof EXAMPLES)[number]): Uint8Array => compiled.get(name) ?? new Uint8Array();

async function open(
  name: (typeof EXAMPLES)[number],
  options: Pick<GuestOptions, 'function' | 'params' | 'accumulators'>,
): Promise<Guest> {
  const { module, admitted } = await compileGuest(wasmOf(name));
  return openGuest('batch', module, { seed: 1n, limits: { memoryBytesMax: admitted.memoryBytesMax }, ...options });
}

const rows = (outputs: readonly GuestOutput[]): unknown[][] => outputs.flatMap((o) => rowsOf(o.stream));

test.each(EXAMPLES)('%s is admitted, imports nothing but the ABI, and is small', (name) => {
  const admission = admitModule(wasmOf(name));
  expect(admission.ok && admission.module.imports.every((i) => i.startsWith('muster1.'))).toBe(true);
  expect(wasmOf(name).length).toBeLessThan(30_000);
});

test('map', async () => {
  const guest = await open('map', { function: 'square' });
  const out = await guest.batch(streamOf([{ wire: 'DOUBLE', values: [3, null, -0.5] }]));
  expect(out.map((o) => [o.port, o.rows])).toEqual([[0, 3]]);
  expect(rows(out)).toEqual([
    [3, 9],
    [null, null],
    [-0.5, 0.25],
  ]);
});

test('score', async () => {
  const guest = await open('score', { function: 'score' });
  const [first, second, none] = rows(await guest.batch(streamOf([{ wire: 'DOUBLE', values: [0, 400 / 3, null] }]))).flat();
  expect(first).toBeCloseTo(1 / (1 + Math.exp(40)), 20);
  expect(second).toBeCloseTo(0.5, 9);
  expect(none).toBeNull();
});

test('filter, with a parameter; no rows are no output', async () => {
  const guest = await open('filter', { function: 'over', params: { over: 10 } });
  expect(rows(await guest.batch(streamOf([{ wire: 'DOUBLE', values: [3, 11, null, 12.5, 10] }])))).toEqual([[11], [12.5]]);
  expect(await guest.batch(streamOf([{ wire: 'DOUBLE', values: [1] }]))).toEqual([]);
});

test('a parameter that is missing is the author’s error', async () => {
  await expect(open('filter', { function: 'over', params: { limit: 1 } })).rejects.toMatchObject({
    failure: { reason: 'author', code: 'guest-fail', message: 'there is no column or parameter over; there are: limit, $seed' },
  });
});

describe('a type that is not the column’s is the author’s error, never a wrong number', () => {
  let module: Uint8Array<ArrayBuffer>;
  beforeAll(async () => {
    module = await compileGuestSource('test-guests/types.ts');
  }, 60_000);

  async function outcomeOf(name: string, wire: string, values: readonly unknown[]): Promise<unknown> {
    const guest = await openGuest('batch', (await compileGuest(module)).module, { ...TERMS, function: name });
    return guest.batch(streamOf([{ name: 'minutes', wire, values }])).then(rows, (error: GuestError) => error.failure);
  }
  const refused = (message: string) => ({ reason: 'author', code: 'guest-fail', message });

  test.each<[string, readonly unknown[], string, string]>([
    ['FLOAT', [1.5], 'f', 'get<f32>'],
    ['INTEGER', [1], 'i', 'get<i32>'],
    ['UTINYINT', [1], 'C', 'get<u8>'],
    ['BIGINT', [1n], 'l', 'get<i64>'],
    ['DATE', [1], 'tdD', 'get<i32>'],
    ['TIMESTAMP', [1n], 'tsu:', 'get<i64>'],
    ['DECIMAL(18,2)', ['1.00'], 'd:18,2', 'get<v128>'],
    ['BOOLEAN', [true], 'b', 'bool or pushBool'],
    ['VARCHAR', ['1'], 'u', 'text or pushText'],
    ['DOUBLE[]', [[1]], '+l', 'start, end and data, child, or pushBytes'],
  ])('get<f64> of %s', async (wire, values, format, use) => {
    const told = `column minutes has the Arrow type ${format}: use ${use}, not get<f64>`;
    expect(await outcomeOf('read', wire, values)).toMatchObject(refused(told));
  });

  test.each(['DECIMAL(38,0)', 'DECIMAL(38,4)'])('%s is read and pushed as v128', async (wire) => {
    const tail = wire.endsWith('4)') ? '.0000' : '';
    const values = ['0', '-1', '9223372036854775808', '-18446744073709551617', '4999999999999999999999999999999999', null];
    const given = values.map((value) => (value === null ? null : `${value}${tail}`));
    const guest = await openGuest('batch', (await compileGuest(module)).module, { ...TERMS, function: 'twice' });
    const made = rows(await guest.batch(streamOf([{ name: 'big', wire, values: given }])));
    expect(made).toEqual(values.map((value) => [value === null ? null : `${BigInt(value) * 2n}${tail}`]));
  });

  test('signs are as the author likes; push says what it takes its value for', async () => {
    expect(await outcomeOf('signs', 'BIGINT', [-1n])).toEqual([[-1n]]);
    const told = 'column half has the Arrow type g: use push<f64>, not push<i32>';
    expect(await outcomeOf('write', 'BIGINT', [1n])).toMatchObject(refused(told));
  });
});

test('flatMap, which counts', async () => {
  const accumulators = new AccumulatorBook();
  const guest = await open('flat-map', { function: 'words', accumulators });
  const lines = ['The quick brown fox', null, '', '  jumps -- over!', 'äöü Zebra'];
  const out = await guest.batch(streamOf([{ wire: 'VARCHAR', values: lines }]));
  expect(rows(out).flat()).toEqual(['the', 'quick', 'brown', 'fox', 'jumps', 'over', 'äöü', 'zebra']);
  expect(accumulators.sums()).toEqual({ words: 8 });
});

test('keyed aggregate: partial counts, merged elsewhere', async () => {
  const partial = async (keys: readonly (string | null)[]): Promise<Uint8Array> => {
    const guest = await open('count-by-key', { function: 'count' });
    expect(await guest.batch(streamOf([{ wire: 'VARCHAR', values: keys }]))).toEqual([]);
    return (await guest.endPartial())[0]?.stream ?? new Uint8Array();
  };
  const many = Array.from({ length: 200_000 }, (_, i) => `key ${i % 1000}`);
  const parts = [await partial(['a', 'b', null, 'a']), await partial(['c', 'a']), await partial(many)];
  const guest = await open('count-by-key', { function: 'count' });
  for (const part of parts) await guest.merge(part);
  const merged = rows(await guest.endFinal());
  expect(merged.slice(0, 4)).toEqual([
    ['a', 3n],
    ['b', 1n],
    ['c', 1n],
    ['key 0', 200n],
  ]);
  expect(merged).toHaveLength(1003);
  expect(guest.close().memoryBytes).toBeLessThan(64 * 1048576);
});

test('sum of squares with SIMD: partial sums, merged elsewhere', async () => {
  const partials: Uint8Array[] = [];
  for (const values of [[1, 2, 3, 4, 5, null, 7], [10], []]) {
    const guest = await open('sum-of-squares', { function: 'sumOfSquares' });
    await guest.batch(streamOf([{ wire: 'DOUBLE', values }]));
    partials.push((await guest.endPartial())[0]?.stream ?? new Uint8Array());
  }
  const guest = await open('sum-of-squares', { function: 'sumOfSquares' });
  for (const partial of partials) await guest.merge(partial);
  expect(rows(await guest.endFinal())).toEqual([[204, 8n]]);
});

test('Mandelbrot with SIMD equals the plain loop', async () => {
  const [width, height, iterations] = [32, 20, 100];
  const guest = await open('mandelbrot', { function: 'mandelbrot', params: { width, height, iterations } });
  const out = await guest.batch(streamOf([{ wire: 'INTEGER', values: Array.from({ length: height }, (_, y) => y) }]));
  const expected: number[][] = [];
  for (let py = 0; py < height; py++) {
    for (let px = 0; px < width; px++) {
      let [x, y, n] = [0, 0, 0];
      const [re, im] = [(px * 3.5) / width - 2.5, (2.5 * py) / height - 1.25];
      while (n < iterations && x * x + y * y <= 4) {
        [x, y] = [x * x - y * y + re, (x + x) * y + im];
        n++;
      }
      expected.push([py, px, n]);
    }
  }
  expect(rows(out)).toEqual(expected);
});
