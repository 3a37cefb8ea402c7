/** Tasks with guests on their way through the link: steps that the protocol carries, modules that are fetched once. */
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { GuestStep } from '../../shared/plan/physical.ts';
import type { TaskSpec } from '../../shared/plan/task.ts';
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

test('a module is fetched once a tab, whatever slot and task it is for', async () => {
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
  for (const [id, slot] of [
    ['a2', 0],
    ['a3', 1],
  ] as const) {
    session.tell(leaseOf(id, slot, task));
    const { message } = await session.inbox.next('attemptSucceeded', (m) => m.attemptId === id);
    expect(message.costs).toMatchObject({ fetchedBytes: 0, cachedBytes: 5000 });
  }
  const given = h.slots.started.flatMap(({ tasks }) => tasks);
  expect(given).toHaveLength(3);
  for (const { inputs, spec } of given) {
    expect(spec.steps).toEqual(STEPS);
    expect(inputs).toEqual([{ kind: 'module', slices: [{ slice, codec: 'raw', bytes }] }]);
  }
});
