import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { namedByPosition } from '../../shared/arrow/canonical.ts';
import { ReferenceSplitter } from '../../shared/arrow/split.ts';
import { streamOf } from '../../shared/arrow/testing.ts';
import { digestOf, loadHashes } from '../../shared/hash.ts';
import type { SortKey } from '../../shared/plan/physical.ts';
import { KernelMemory } from './kernel-memory.ts';
import { KernelSorter } from './kernel-sorter.ts';
import { looseStream } from './testing/loose-stream.ts';

/** Values, many of them equal, and numbers in the order that ORDER BY gives them. */
interface Type {
  readonly values: fc.Arbitrary<unknown>;
  readonly order: (value: unknown) => number | bigint;
}

const asIs = (value: unknown): number | bigint => value as number | bigint;
const between = (bits: number): Type => ({
  values: fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 })),
  order: asIs,
});
const below = (bits: number): Type => ({
  values: fc.oneof(fc.nat(5), fc.integer({ min: 0, max: 2 ** bits - 1 })),
  order: asIs,
});
const long: Type = {
  values: fc.oneof(fc.bigInt({ min: -3n, max: 3n }), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  order: asIs,
};
const real = (values: fc.Arbitrary<number>): Type => ({
  values: fc.oneof(values, fc.constantFrom(0, -0, Number.NaN, 1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)),
  // NaN is the greatest.
  order: (value) => (Number.isNaN(value) ? 2n ** 2001n : value === Number.POSITIVE_INFINITY ? 2n ** 2000n : (value as number)),
});

const TYPES: Readonly<Record<string, Type>> = {
  TINYINT: between(8),
  SMALLINT: between(16),
  INTEGER: between(32),
  DATE: between(32),
  BIGINT: long,
  TIME: long,
  TIMESTAMP: long,
  TIMESTAMP_NS: long,
  'TIMESTAMP WITH TIME ZONE': long,
  UTINYINT: below(8),
  USMALLINT: below(16),
  UINTEGER: below(32),
  UBIGINT: {
    values: fc.oneof(fc.bigInt({ min: 0n, max: 4n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
    order: (value) => BigInt.asUintN(64, value as bigint),
  },
  FLOAT: real(fc.float()),
  DOUBLE: real(fc.double()),
  'DECIMAL(18,2)': {
    values: fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }).map((n) => `${n}.25`),
    order: (value) => Number.parseFloat(value as string),
  },
};

interface Column {
  readonly wire: string;
  readonly values: readonly unknown[];
}

const column = (rows: number): fc.Arbitrary<Column> =>
  fc.constantFrom(...Object.keys(TYPES)).chain((wire) => {
    const values = TYPES[wire]?.values ?? fc.nat();
    const few = fc.array(values, { minLength: 1, maxLength: 4 }).chain((some) => fc.constantFrom(...some));
    return fc
      .constantFrom(values, few, fc.option(values, { freq: 3 }))
      .chain((some) => fc.array(some, { minLength: rows, maxLength: rows }))
      .map((all) => ({ wire, values: all }));
  });

const table = fc.integer({ min: 0, max: 90 }).chain((rows) => fc.array(column(rows), { minLength: 1, maxLength: 5 }));
const someKeys = fc.array(fc.record({ column: fc.nat(4), descending: fc.boolean(), nullsFirst: fc.boolean() }), {
  minLength: 1,
  maxLength: 4,
});

const memory = new KernelMemory();
const noBreath = async (): Promise<void> => undefined;

beforeAll(loadHashes);

/** Row numbers in order; equals as they came. */
function sorted(columns: readonly Column[], keys: readonly SortKey[]): number[] {
  const rows = columns[0]?.values.length ?? 0;
  return Array.from({ length: rows }, (_, i) => i).sort((a, b) => {
    for (const { column: at, descending, nullsFirst } of keys) {
      const { wire = '', values = [] } = columns[at] ?? {};
      const [one, other] = [values[a] ?? null, values[b] ?? null];
      if (one === null || other === null) {
        if (one === other) continue;
        return (one === null) === nullsFirst ? -1 : 1;
      }
      const order = TYPES[wire]?.order ?? asIs;
      const [x, y] = [order(one), order(other)];
      if (x < y) return descending ? 1 : -1;
      if (x > y) return descending ? -1 : 1;
    }
    return 0;
  });
}

test('rows are in the order of ORDER BY, whatever the types, the cuts and what stands under NULLs', async () => {
  const property = fc.asyncProperty(
    table,
    someKeys,
    fc.nat(4),
    fc.array(fc.nat(90), { maxLength: 6 }),
    fc.integer({ min: 1, max: 40 }),
    fc.nat(1000),
    async (columns, drawn, extra, cuts, batchRows, seed) => {
      const keys = drawn.map((key) => ({ ...key, column: key.column % columns.length }));
      const rows = columns[0]?.values.length ?? 0;
      const stored = columns.slice(0, Math.max(1, columns.length - extra));
      const names = namedByPosition(stored.map((c) => c.wire));
      const behind = columns.slice(stored.length).map((c) => c.wire);
      const sorter = new KernelSorter(memory, names, behind, keys, batchRows);
      const at = [0, ...cuts.map((c) => Math.min(c, rows)).sort((a, b) => a - b), rows];
      for (let i = 1; i < at.length; i++) {
        const part = columns.map((c) => ({ ...c, values: c.values.slice(at[i - 1], at[i]) }));
        sorter.addPiece(looseStream(part, seed + i));
      }
      const reference = new ReferenceSplitter(names, { kind: 'single' }, batchRows);
      const order = sorted(columns, keys);
      reference.addPiece(streamOf(stored.map((c) => ({ ...c, values: order.map((row) => c.values[row]) }))));
      const [expected] = reference.finish();
      const [found] = await sorter.finish(noBreath);
      expect(found?.rows).toBe(rows);
      expect(Buffer.compare(found?.bytes ?? new Uint8Array(), expected?.bytes ?? new Uint8Array())).toBe(0);
      expect(found?.digest).toBe(digestOf(expected?.bytes ?? new Uint8Array()));
    },
  );
  await fc.assert(property, { numRuns: 600 });
});

test('rows of several segments with NULLs among them, in one batch after the other', async () => {
  const rows = 300_000;
  const values = Array.from({ length: rows }, (_, i) => (i % 1000 === 999 ? null : (i * 7919) % 100_003));
  const given = [
    { wire: 'INTEGER', values },
    { wire: 'INTEGER', values: values.map((_, i) => i) },
  ];
  const keys = [{ column: 0, descending: true, nullsFirst: true }];
  const names = namedByPosition(['INTEGER', 'INTEGER']);
  const sorter = new KernelSorter(new KernelMemory(), names, [], keys);
  sorter.addPiece(streamOf(given));
  const order = sorted(given, keys);
  const expected = streamOf(given.map((c) => ({ ...c, values: order.map((row) => c.values[row]) })));
  expect(Buffer.compare((await sorter.finish(noBreath))[0]?.bytes ?? new Uint8Array(), expected)).toBe(0);
});

test('columns that it can not hold, or sort by, are refused', async () => {
  const key = [{ column: 0, descending: false, nullsFirst: false }];
  expect(() => new KernelSorter(memory, namedByPosition(['VARCHAR']), [], key)).toThrow(/column c0 of type VARCHAR/);
  const interval = new KernelSorter(memory, namedByPosition(['INTERVAL']), [], key);
  await expect(interval.finish(noBreath)).rejects.toThrow(/by column 0/);
  const one = new KernelSorter(memory, namedByPosition(['INTEGER']), [], key);
  expect(() => one.addPiece(streamOf([{ wire: 'BIGINT', values: [1n] }]))).toThrow(/came as BIGINT/);
});
