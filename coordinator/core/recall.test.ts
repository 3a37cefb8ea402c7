/** A lease behind a task that runs on and on goes to a slot that is idle. */
import { beforeAll, expect, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import { Scheduler } from './scheduler.ts';
import type { FakeAttempt } from './testing/fake-tab.ts';
import { Fleet } from './testing/fleet.ts';
import { aggregatePlan } from './testing/plans.ts';

beforeAll(loadHashes);

const shape = { dataset: 'd', chunks: 1 };

/** Tab a has loaded the table and runs one task over it; another one waits behind it. Tab b joins then. */
function scene(options: ConstructorParameters<typeof Fleet>[0] = {}) {
  const fleet = new Fleet(options);
  const a = fleet.join('a');
  fleet.submit('job-1', aggregatePlan(shape, 1));
  fleet.finish();
  const looping = fleet.submit('job-2', aggregatePlan(shape, 2));
  const [first] = fleet.attempts();
  if (!first) throw new Error('no attempt is leased');
  fleet.start(first);
  const waiting = fleet.submit('job-3', aggregatePlan(shape, 3));
  const b = fleet.join('b');
  const of = (tab: typeof a): string[] => [...tab.attempts.values()].map((attempt: FakeAttempt) => attempt.task.blockId);
  return { fleet, a, b, looping, waiting, first, of };
}

it('moves after a second, is no failure, and its job ends while the other one runs on', () => {
  const { fleet, a, b, looping, waiting, first, of } = scene();
  expect([of(a).length, of(b).length]).toEqual([2, 0]);
  const dueAtMs = fleet.scheduler.nextDeadline() ?? 0;
  expect(dueAtMs).toBe(fleet.nowMs + 1000);
  fleet.passTo(dueAtMs);
  expect([of(a), of(b).length]).toEqual([[first.task.blockId], 1]);
  const story = fleet.scheduler.story(waiting).map(({ what, why }) => `${what}: ${why}`);
  expect(story.join('\n')).toMatch(/attemptEnded: it waited behind a task that runs long on w-a/);
  for (const attempt of [...b.attempts.values()]) fleet.run(attempt, { inline: true });
  for (const attempt of fleet.attempts()) if (attempt.attemptId !== first.attemptId) fleet.run(attempt, { inline: true });
  expect(fleet.settled.get(waiting)?.state).toBe('successful');
  expect(fleet.scheduler.job(looping)?.state).toBe('running');
});

it('is known to wait after a restart of the coordinator', () => {
  const { fleet, of, a, b } = scene();
  fleet.reload((saved, options) => Scheduler.restore(saved as never, options));
  fleet.passTo(fleet.nowMs + 1000);
  expect([of(a).length, of(b).length]).toEqual([1, 1]);
});

it('waits as long as the pace makes the one ahead last', () => {
  const { fleet, a, b, of } = scene({ paceMs: 3000 });
  fleet.passTo(fleet.nowMs + 5000);
  expect([of(a).length, of(b).length]).toEqual([2, 0]);
});
