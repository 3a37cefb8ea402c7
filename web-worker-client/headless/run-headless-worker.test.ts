/** The whole worker with the real engine in real threads, beside a coordinator of few words. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestOf, loadHashes } from '../../shared/hash.ts';
import type { TaskSpec } from '../../shared/plan/task.ts';
import { FakeCoordinator, type SessionPeer } from '../link/testing/fake-coordinator.ts';
import { leaseOf, taskOf } from '../link/testing/harness.ts';
import { runHeadlessWorker } from './run-headless-worker.ts';

const slotEntry = new URL('../../dist/node/slot-entry.js', import.meta.url);
const output = { columns: [{ type: 'BIGINT', wire: 'BIGINT' }], partitioning: { kind: 'single' } } as const;
const sqlTask = (sql: string): TaskSpec => taskOf([], { steps: [{ kind: 'sql', sql }], output, title: sql });

let coordinator: FakeCoordinator;
let session: SessionPeer;
let ended: Promise<void>;
const stop = new AbortController();

beforeAll(async () => {
  await loadHashes();
  coordinator = await FakeCoordinator.open();
  ended = runHeadlessWorker({ url: coordinator.url, slots: 1, slotEntry, signal: stop.signal });
  ended.catch(() => undefined);
  ({ session } = await coordinator.admit());
}, 60_000);

afterAll(() => coordinator.close());

test('runs SQL and reports the result inline, with its digest', async () => {
  session.tell(leaseOf('a1', 0, sqlTask('select cast(sum(i) as bigint) as c0 from range(1000) t(i)')));
  const { message, payload } = await session.inbox.next('attemptSucceeded');
  expect(message.buckets).toMatchObject([{ rows: 1, digest: digestOf(payload) }]);
});

test("an SQL error is the author's", async () => {
  session.tell(leaseOf('a2', 0, sqlTask("select cast('x' as bigint) as c0")));
  expect((await session.inbox.next('attemptFailed')).message.failure.reason).toBe('author');
});

test('a cancel frees the slot within a second, and the engine lives on', async () => {
  session.tell(leaseOf('a3', 0, sqlTask('select count(*) as c0 from range(100000) a, range(100000) b where a.range <> b.range')));
  await session.inbox.next('attemptStarted', (m) => m.attemptId === 'a3');
  const askedAtMs = performance.now();
  session.tell({ type: 'cancelAttempt', attemptId: 'a3', why: 'the job was cancelled' });
  expect((await session.inbox.next('attemptFailed')).message.failure.reason).toBe('released');
  expect(performance.now() - askedAtMs).toBeLessThan(1000);
  session.tell(leaseOf('a4', 0, sqlTask('select cast(42 as bigint) as c0')));
  await session.inbox.next('attemptSucceeded');
}, 20_000);

test('aborting says goodbye and ends', async () => {
  stop.abort();
  await session.inbox.next('leaving');
  expect(await session.closed).toBe(1000);
  await ended;
});

test('a coordinator that turns the worker away ends it with words', async () => {
  const running = runHeadlessWorker({ url: coordinator.url, slots: 1, slotEntry });
  const refused = expect(running).rejects.toThrow(/token/);
  (await coordinator.nextSession()).socket.close(4401, 'token');
  await refused;
}, 60_000);
