/** Few rows merged without an engine, beside the engine of the coordinator's own slot: the same block to the bit, or none. */
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rowsOf, streamOf } from '../../shared/arrow/testing.ts';
import { digestOf, loadHashes } from '../../shared/hash.ts';
import type { BlockId } from '../../shared/ids.ts';
import type { SqlStep } from '../../shared/plan/physical.ts';
import type { TaskSpec } from '../../shared/plan/task.ts';
import type { SlotInput } from '../../shared/slots/api.ts';
import { type Aggregate, type Expr, ref } from '../planner/expressions.ts';
import { GuestSteps } from '../planner/guest-steps.ts';
import type { LogicalNode } from '../planner/logical.ts';
import { splitAggregate } from '../planner/split-aggregate.ts';
import { fromWire, planColumn } from '../planner/wire.ts';
import { TestClock } from '../sessions/testing/clock.ts';
import { LocalSlot } from './local-slot.ts';
import { mergedTask } from './merge-task.ts';
import { DIST } from './testing/two-stages.ts';

let slot: LocalSlot;
beforeAll(async () => {
  await loadHashes();
  slot = new LocalSlot({ clock: new TestClock(), entry: join(DIST, 'slot-entry.js') });
  await slot.ready();
});
afterAll(() => slot.close());

const bigints = (most: bigint): fc.Arbitrary<bigint> =>
  fc.oneof({ weight: 4, arbitrary: fc.bigInt(-3n, 3n) }, fc.bigInt(-most, most), fc.constantFrom(most, -most));
const decimals = (width: number, scale: number): fc.Arbitrary<string> =>
  bigints(10n ** BigInt(width) - 1n).map((value) => {
    const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0');
    const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
    return value < 0n ? `-${text}` : text;
  });
const doubles = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -4, max: 4 }).map((n) => n / 10 + 0) },
  { weight: 6, arbitrary: fc.double({ noNaN: true, min: -1e12, max: 1e12 }) },
  fc.constantFrom(-0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1.7e308, 5e-324),
);

/** Values as `streamOf` takes them, by type. */
const VALUES: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  BOOLEAN: fc.boolean(),
  TINYINT: fc.integer({ min: -128, max: 127 }),
  UTINYINT: fc.integer({ min: 0, max: 255 }),
  SMALLINT: fc.integer({ min: -3, max: 3 }),
  USMALLINT: fc.integer({ min: 0, max: 65_535 }),
  INTEGER: fc.integer({ min: -2, max: 2 }),
  UINTEGER: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  BIGINT: bigints(2n ** 63n - 1n),
  UBIGINT: fc.bigInt(0n, 2n ** 64n - 1n),
  HUGEINT: decimals(38, 0),
  'DECIMAL(4,1)': decimals(4, 1),
  'DECIMAL(15,2)': decimals(15, 2),
  'DECIMAL(38,4)': fc.oneof({ weight: 3, arbitrary: decimals(20, 4) }, decimals(38, 4)),
  DOUBLE: doubles,
  DATE: fc.integer({ min: -100_000, max: 100_000 }),
  TIMESTAMP: fc.bigInt(-(10n ** 15n), 10n ** 15n),
  'TIMESTAMP WITH TIME ZONE': fc.bigInt(-(10n ** 15n), 10n ** 15n),
  VARCHAR: fc.oneof(fc.constantFrom('', 'a', 'ab', 'b', 'é', '\u{1d11e}', '\uffee', 'a\0', "'"), fc.string({ unit: 'grapheme' })),
};
const TYPES = Object.keys(VALUES);
const NUMBERS = TYPES.filter((type) => /INT|DECIMAL|DOUBLE/.test(type));

interface Case {
  readonly groups: readonly string[];
  readonly calls: readonly { readonly name: string; readonly type: string }[];
  readonly order: readonly { readonly column: number; readonly descending: boolean; readonly nullsFirst: boolean }[];
  readonly bounds: { readonly limit: number | undefined; readonly offset: number } | undefined;
  /** Streams of rows. */
  readonly parts: readonly (readonly (readonly unknown[])[])[];
}

/** What each aggregate call is given: partial columns, as the planner splits it. */
function callOf({ name, type }: { readonly name: string; readonly type: string }): Aggregate {
  const scale = /^DECIMAL\(\d+,(\d+)\)$/.exec(type)?.[1];
  const sum = type === 'DOUBLE' ? 'DOUBLE' : scale === undefined ? 'HUGEINT' : `DECIMAL(38,${scale})`;
  const made = name === 'count' ? 'BIGINT' : name === 'avg' ? 'DOUBLE' : name === 'sum' ? sum : type;
  return { name, args: [ref(0, type)], distinct: false, orders: [], extra: [], type: made };
}

const splitOf = (call: Case['calls'][number]) => {
  const split = splitAggregate(callOf(call));
  if (!split) throw new Error(`${call.name}(${call.type}) has no parts`);
  return split;
};

const partialTypes = ({ groups, calls }: Pick<Case, 'groups' | 'calls'>): string[] => [
  ...groups,
  ...calls.flatMap((call) => splitOf(call).partial.map((p) => p.type)),
];

const calls = fc.oneof(
  fc.record({ name: fc.constantFrom('min', 'max', 'count'), type: fc.constantFrom(...TYPES) }),
  fc.record({ name: fc.constant('sum'), type: fc.constantFrom(...NUMBERS) }),
  fc.record({ name: fc.constant('avg'), type: fc.constantFrom(...NUMBERS.filter((type) => type !== 'HUGEINT')) }),
);

const cases: fc.Arbitrary<Case> = fc
  .record({
    groups: fc.array(fc.constantFrom(...TYPES), { maxLength: 3 }),
    calls: fc.array(calls, { minLength: 1, maxLength: 4 }),
    keysFirst: fc.boolean(),
    how: fc.array(fc.record({ descending: fc.boolean(), nullsFirst: fc.boolean() }), { minLength: 7, maxLength: 7 }),
    bounds: fc.option(fc.record({ limit: fc.option(fc.nat(4), { nil: undefined }), offset: fc.nat(2) }), { nil: undefined }),
  })
  .chain(({ groups, calls: made, keysFirst, how, bounds }) => {
    const columns = [...groups.keys(), ...(keysFirst ? [] : made.map((_, i) => groups.length + i))];
    const keys = (keysFirst ? columns : columns.reverse()).map((column, i) => ({ column, ...how[i] }));
    const order = groups.length === 0 ? [] : (keys as Case['order'][number][]);
    const row = fc.tuple(
      ...partialTypes({ groups, calls: made }).map((type) => fc.option(VALUES[type] ?? fc.nat(), { freq: 6 })),
    );
    return fc.record({
      groups: fc.constant(groups),
      calls: fc.constant(made),
      order: fc.constant(order),
      bounds: fc.constant(order.length > 0 ? bounds : undefined),
      parts: fc.array(fc.array(row, { maxLength: 6 }), { minLength: 1, maxLength: 3 }),
    });
  });

/** As the planner says the last stage of such a query. */
function planOf({ groups, calls: made, order, bounds }: Case): {
  readonly root: LogicalNode;
  readonly partial: readonly string[];
} {
  const partial = partialTypes({ groups, calls: made });
  const merged: Aggregate[] = [];
  const results: Expr[] = [];
  let at = groups.length;
  for (const call of made) {
    const split = splitOf(call);
    const parts = split.merge(split.partial.map((p) => ref(at++, p.type)));
    const base = groups.length + merged.length;
    merged.push(...parts);
    const out = split.result(parts.map((m, j) => ref(base + j, m.type)));
    results.push({ kind: 'cast', arg: out, type: callOf(call).type, safe: false });
  }
  const keys = groups.map((type, i) => ref(i, type));
  const final: LogicalNode = {
    op: 'aggregate',
    input: {
      op: 'exchange',
      types: partial,
      exchange: { kind: 'gather', producer: { branches: [], types: partial, many: true, partitioning: { kind: 'single' } } },
    },
    groups: keys,
    aggregates: merged,
    sets: undefined,
    groupings: [],
    phase: 'final',
    types: [...groups, ...merged.map((m) => m.type)],
  };
  const exprs = [...keys, ...results];
  const projected: LogicalNode = { op: 'project', input: final, exprs, types: exprs.map((e) => e.type) };
  const types = projected.types;
  const by = order.map(({ column, ...how }) => ({ expr: ref(column, types[column] ?? ''), ...how }));
  if (by.length === 0) return { root: projected, partial };
  const sorted: LogicalNode = bounds
    ? { op: 'limit', input: projected, keys: by, ...bounds, percent: undefined, phase: 'whole', types }
    : { op: 'sort', input: projected, keys: by, types };
  return { root: sorted, partial };
}

function taskOf(one: Case): { readonly spec: TaskSpec; readonly inputs: readonly SlotInput[]; readonly step: SqlStep } {
  const { root, partial } = planOf(one);
  const columns = partial.map(planColumn);
  const steps = new GuestSteps(
    () => ({ columns: columns.map((c, i) => fromWire(`t.c${i}`, c)), table: 'in0' }),
    () => 0,
  ).stepsOf(root, root.types);
  const slices = one.parts.map((rows, i) => {
    const bytes = streamOf(columns.map(({ wire }, c) => ({ wire, values: rows.map((row) => row[c]) })));
    const blockId = String(i).repeat(64) as BlockId;
    return { slice: { blockId, bucket: 0, digest: digestOf(bytes), bytes: bytes.length }, codec: 'raw' as const, bytes };
  });
  const spec: TaskSpec = {
    blockId: 'f'.repeat(64) as BlockId,
    steps,
    inputs: [{ kind: 'slices', columns, slices: slices.map(({ slice }) => slice) }],
    output: { columns: root.types.map(planColumn), partitioning: { kind: 'single' } },
    title: 'merge',
    maxRunMs: 60_000,
    minRunMs: 0,
  };
  const [step] = steps;
  if (step?.kind !== 'sql') throw new Error('no SQL step');
  return { spec, inputs: [{ kind: 'slices', slices }], step };
}

let runs = 0;
async function engineBlock({ spec, inputs }: ReturnType<typeof taskOf>) {
  return slot.run({ attemptId: `att_${runs++}`, spec, inputs: structuredClone(inputs) });
}

test('partial rows of any plain types give the block that the engine makes', async () => {
  let merged = 0;
  await fc.assert(
    fc.asyncProperty(cases, async (one) => {
      const task = taskOf(one);
      expect(task.step.merge).toBeDefined();
      const block = mergedTask(task.spec, task.inputs);
      if (!block) return;
      merged++;
      const outcome = await engineBlock(task);
      const made = outcome.kind === 'succeeded' ? outcome : { digest: JSON.stringify(outcome), buckets: [], streams: [] };
      const rows = (streams: readonly Uint8Array[]) => streams.flatMap(rowsOf);
      expect(rows(block.buckets.map(({ stream }) => stream))).toEqual(rows(made.streams));
      expect(block.digest).toBe(made.digest);
      expect(block.buckets.map(({ info }) => info)).toEqual(made.buckets);
    }),
    { numRuns: 500 },
  );
  // Most of the others have a NaN or two rows that tie.
  expect(merged).toBeGreaterThan(100);
});

const SUM: Case = { groups: [], calls: [{ name: 'sum', type: 'DOUBLE' }], order: [], bounds: undefined, parts: [] };
const COUNTS: Case = {
  groups: ['VARCHAR'],
  calls: [{ name: 'count', type: 'VARCHAR' }],
  order: [{ column: 1, descending: true, nullsFirst: false }],
  bounds: undefined,
  parts: [],
};

test.each<[string, Case]>([
  ['NaN', { ...SUM, parts: [[[1], [Number.NaN]]] }],
  ['-0, which the engine adds and compares in its own ways', { ...SUM, parts: [[[-0]]] }],
  ['a sum of doubles without a value', { ...SUM, parts: [[[1.7e308], [1.7e308]]] }],
  ['a sum of more than 38 digits', { ...SUM, calls: [{ name: 'sum', type: 'HUGEINT' }], parts: [[['9'.repeat(38)], ['1']]] }],
  ['a mean of a sum beyond 2^53', { ...SUM, calls: [{ name: 'avg', type: 'BIGINT' }], parts: [[['9007199254740993', 2n]]] }],
  ['a mean that is -0', { ...SUM, calls: [{ name: 'avg', type: 'DOUBLE' }], parts: [[[-5e-324, 2n]]] }],
  ['rows that tie', { ...COUNTS, parts: [[['a', 2n]], [['b', 2n]]] }],
  ['a count beyond BIGINT', { ...COUNTS, parts: [[['a', 2n ** 63n - 1n]], [['a', 1n]]] }],
  ['many cells', { ...SUM, parts: [Array.from({ length: 8_193 }, (_, i) => [i])] }],
])('the engine decides: %s', (_what, one) => {
  const task = taskOf(one);
  expect(task.step.merge).toBeDefined();
  expect(mergedTask(task.spec, task.inputs)).toBeUndefined();
});

test('damaged bytes, and a step that does not say what it merges, are the engine’s', () => {
  const task = taskOf({ ...SUM, parts: [[[1]], [[2]]] });
  expect(mergedTask(task.spec, task.inputs)).toBeDefined();
  const [held] = task.inputs;
  if (held?.kind !== 'slices') throw new Error('no slices');
  const damaged = held.slices.map((slice, i) => (i === 1 ? { ...slice, bytes: slice.bytes.slice().fill(7, -20) } : slice));
  expect(mergedTask(task.spec, [{ kind: 'slices', slices: damaged }])).toBeUndefined();
  expect(mergedTask({ ...task.spec, steps: [{ kind: 'sql', sql: task.step.sql }] }, task.inputs)).toBeUndefined();
});
