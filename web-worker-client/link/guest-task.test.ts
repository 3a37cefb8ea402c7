/** Tasks with guests on their way through the link: steps that the protocol carries, modules that are fetched once. */
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { GuestStep } from '../../shared/plan/physical.ts';
import type { TaskSpec } from '../../shared/plan/task.ts';
import { NO_COSTS, success } from './testing/fake-slot.ts';
import { type Harness, leaseOf, openHarness, sliceOf, taskOf } from './testing/harness.ts';

let h: Harness;

beforeAll(loadHashes);
beforeEach(async () => {
  h = await openHarness({ slots: 2 });
});
afterEach(() => h.close());

const bytes = new Uint8Array(5000).map((_, i) => i % 7);
const columns = [{ name: 'Größe', type: 'DOUBLE', wire: 'DOUBLE' }];
const STEPS: readonly GuestStep[] = [
  {
    kind: 'guest',
    action: 'map',
    code: { kind: 'batch', module: 0, function: 'f', params: { over: 1.5, words: ['a', 'b'], none: [], on: true } },
    rows: { sql: 'FROM in1', columns },
    sides: [{ sql: 'FROM in2', columns }],
    output: columns,
  },
  {
    kind: 'guest',
    action: 'mapPartitions',
    code: { kind: 'stream', module: 0, input: 'tsv', output: 'lines', args: ['-v'] },
    rows: { sql: 'FROM s0', columns },
    output: columns,
  },
  {
    kind: 'guest',
    action: 'merge',
    code: { kind: 'script', source: 'export const f = {}', function: 'f' },
    rows: { sql: 'FROM s1', columns },
    keys: ['Größe'],
    output: columns,
  },
];

test('a module is fetched once a tab, and goes to each slot once, unless the slot lacks it', async () => {
  await h.link.start();
  const { session, data } = await h.coordinator.admit();
  const slice = sliceOf(3, bytes);
  const task: TaskSpec = { ...taskOf([{ kind: 'module', slice }]), steps: STEPS };
  session.tell(leaseOf('a1', 0, task));
  const { message: fetch } = await data.inbox.next('fetch');
  expect(fetch.slices).toEqual([expect.objectContaining({ blockId: slice.blockId, bucket: 0 })]);
  const header = { type: 'piece', fetchId: fetch.fetchId, index: 0, offset: 0, total: 5000, codec: 'raw', rawBytes: 5000 };
  data.sendBinary(header, [bytes]);
  data.tell({ type: 'done', fetchId: fetch.fetchId });
  const first = await session.inbox.next('attemptSucceeded', (m) => m.attemptId === 'a1');
  expect(first.message.costs).toMatchObject({ fetchedBytes: 5000, fetchedSlices: 1 });
  for (const [id, slot, cachedBytes] of [
    ['a2', 0, 0],
    ['a3', 1, 5000],
    ['a4', 1, 0],
  ] as const) {
    session.tell(leaseOf(id, slot, task));
    const { message } = await session.inbox.next('attemptSucceeded', (m) => m.attemptId === id);
    expect(message.costs).toMatchObject({ fetchedBytes: 0, cachedBytes });
  }
  const whole = [{ kind: 'module', slices: [{ slice, codec: 'raw', bytes }] }];
  const none = [{ kind: 'module', slices: [] }];
  const tasks = h.slots.started.flatMap((slot) => slot.tasks).sort((a, b) => (a.attemptId < b.attemptId ? -1 : 1));
  expect(tasks.map(({ attemptId, inputs }) => [attemptId, inputs])).toEqual([
    ['a1', whole],
    ['a2', none],
    ['a3', whole],
    ['a4', none],
  ]);
  for (const { spec } of tasks) expect(spec.steps).toEqual(STEPS);

  // The slot has let go of it.
  h.slots.behaviour = ({ inputs }) =>
    inputs.some((input) => input.kind === 'module' && input.slices.length === 0)
      ? { kind: 'lacking', inputs: [{ input: 0, ordinals: [] }], residents: [], costs: NO_COSTS }
      : success([new Uint8Array([1])]);
  session.tell(leaseOf('a5', 0, task));
  const { message } = await session.inbox.next('attemptSucceeded', (m) => m.attemptId === 'a5');
  expect(message.costs).toMatchObject({ fetchedBytes: 0, cachedBytes: 5000 });
  expect(
    h.slots.started
      .find((slot) => slot.index === 0)
      ?.tasks.slice(-2)
      .map(({ inputs }) => inputs),
  ).toEqual([none, whole]);
});
