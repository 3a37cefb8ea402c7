/** Virtual time for a fake fleet. */
import type { AttemptId } from '../../../shared/ids.ts';
import type { FakeAttempt } from './fake-tab.ts';
import type { Fleet } from './fleet.ts';

/** Lets time pass until nothing is leased: each slot runs its leases one after the other, each for `msOf` it. */
export function pass(fleet: Fleet, msOf: (attempt: FakeAttempt) => number): void {
  const ends = new Map<AttemptId, number>();
  for (let steps = 0; steps < 10_000; steps++) {
    const heads = [...fleet.tabs.values()].flatMap((tab) => [...tab.attempts.values()].slice(0, 1));
    for (const head of heads) if (!ends.has(head.attemptId)) ends.set(head.attemptId, fleet.nowMs + msOf(head));
    const endOf = ({ attemptId }: FakeAttempt): number => ends.get(attemptId) ?? 0;
    const [next] = heads.toSorted((a, b) => endOf(a) - endOf(b));
    const wakes = fleet.scheduler.nextDeadline() ?? Number.POSITIVE_INFINITY;
    if (next && endOf(next) <= wakes) {
      fleet.nowMs = endOf(next);
      fleet.run(next);
    } else if (next) fleet.passTo(wakes);
    else if (!fleet.answerCollect()) return;
  }
  throw new Error('it does not end');
}
