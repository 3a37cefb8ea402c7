/** Queues and memory stay bounded, and nothing is left when all is over. */
import type { Scheduler } from '../../core/scheduler.ts';
import type { Tab } from '../tab.ts';
import { must } from './violation.ts';

/** Far beyond what a run of this size needs; a queue without a bound gets there. */
const FRAMES_MOST = 4_000;
const WAITING_MOST = 2_000;
const ATTEMPTS_MOST = 500;

export interface Sizes {
  readonly framesUnderWay: number;
  readonly collecting: number;
  readonly reading: number;
  readonly framesWaiting: number;
  readonly attemptsOfTab: number;
}

export function checkBounds(sizes: Sizes): void {
  must(sizes.framesUnderWay <= FRAMES_MOST, 'bounded', () => `${sizes.framesUnderWay} frames are under way in one pipe`);
  must(sizes.collecting <= WAITING_MOST, 'bounded', () => `${sizes.collecting} copies wait for the coordinator`);
  must(sizes.reading <= WAITING_MOST, 'bounded', () => `${sizes.reading} reads are under way`);
  must(sizes.framesWaiting <= WAITING_MOST, 'bounded', () => `${sizes.framesWaiting} frames wait in one session`);
  must(sizes.attemptsOfTab <= ATTEMPTS_MOST, 'bounded', () => `a tab has ${sizes.attemptsOfTab} attempts`);
}

export function isIdle({ attempts, fetches }: Tab): boolean {
  return attempts.size === 0 && fetches.underWay === 0;
}

/** All jobs are over, and nothing is on its way: no tab may still have anything to do. */
export function checkTabsIdle(tabs: Iterable<Tab>): void {
  for (const tab of tabs) {
    must(tab.attempts.size === 0, 'tab-at-rest', () => `${tab.name} still has ${tab.attempts.ids().join(', ')}`);
    must(tab.fetches.underWay === 0, 'tab-at-rest', () => `${tab.name} still fetches`);
  }
}

/** All jobs are forgotten and all tabs gone. */
export function checkEmpty(scheduler: Scheduler, limits: { readonly endedAttempts: number }): void {
  const {
    jobs,
    tasks,
    attempts,
    workers,
    stores,
    free,
    residents,
    collecting,
    waitingStages,
    readyJobs,
    spreading,
    ended,
    blocks,
  } = scheduler.snapshot();
  const left = { jobs, tasks, attempts, workers, stores, residents, collecting, waitingStages, readyJobs, spreading };
  for (const [what, list] of Object.entries(left))
    must(list.length === 0, 'nothing-left', () => `${list.length} ${what} are left`);
  must(
    free.every((slots) => slots.length === 0),
    'nothing-left',
    () => 'slots are left',
  );
  must(ended.length <= limits.endedAttempts, 'bounded', () => `${ended.length} ended attempts are remembered`);
  must(
    blocks.every((block) => block.onCoordinator && block.pins === 0),
    'nothing-left',
    () => 'blocks are left that nobody can hold',
  );
}
