/** Random life of a fleet: one step is a kind and two numbers that choose among what is there, so that cases shrink well. */
import type { AttemptId, BlockId, Digest, JobId, SessionId, StoreId, WorkerId } from '../../../shared/ids.ts';
import type { PhysicalPlan } from '../../../shared/plan/physical.ts';
import { NO_COSTS } from '../../../shared/plan/task.ts';
import type { JobOptions } from '../events.ts';
import { Scheduler } from '../scheduler.ts';
import { answerCopy } from './answer-copy.ts';
import type { FakeAttempt, FakeTab } from './fake-tab.ts';
import type { Fleet } from './fleet.ts';
import {
  adaptivePlan,
  aggregatePlan,
  branch,
  broadcast,
  cachedSumsPlan,
  caching,
  forward,
  gather,
  hash,
  hashed,
  joinPlan,
  planOf,
  racingPlan,
  scan,
  sortPlan,
} from './plans.ts';

export interface Step {
  readonly kind: StepKind;
  readonly a: number;
  readonly b: number;
}

const T = { dataset: 'lines', chunks: 9 };
const SKEWED = { dataset: 'skewed', chunks: 6 };
const U = { dataset: 'flights', chunks: 3, ordinals: [0] };

/** Plans that share stages with each other, so that jobs meet in tasks and blocks. */
export const PLANS: readonly (() => PhysicalPlan)[] = [
  () => aggregatePlan(T, 1),
  () => aggregatePlan(T, 2),
  () => aggregatePlan({ ...T, needed: [2, 3, 7] }, 1),
  () => aggregatePlan({ ...T, needed: [] }, 3),
  () => planOf([branch('select 1')]),
  () => planOf([branch('build', scan(U))], [branch('join', scan(T), broadcast(0))], [branch('final', gather(1))]),
  () => planOf([branch('partial 1', scan(T)), branch('partial 1', scan(T))], [branch('final union', gather(0))]),
  () => planOf([branch('partial 1', scan(T))], [branch('each', forward(0))], [branch('last', gather(1))]),
  () => planOf({ branches: [branch('unordered rows', scan(T))], determinacy: 'unordered' }, [branch('top', gather(0))]),
  () => planOf({ branches: [branch('indeterminate rows', scan(U))], determinacy: 'indeterminate' }, [branch('two', gather(0))]),
  () => planOf([branch('join at once', scan(T, 'all'), scan(U))], [branch('both', gather(0), broadcast(0))]),
  () => joinPlan(T, U),
  () => joinPlan(SKEWED, U, 6),
  () => sortPlan(SKEWED),
  () => adaptivePlan(T, U, 1_000),
  () => adaptivePlan(SKEWED, T, 5),
  () => adaptivePlan(T, { ...U, needed: [] }, 5),
  () => racingPlan(T, U),
  () => planOf(hashed(8, branch('left', scan(T))), hashed(6, branch('sum', hash(0))), [branch('sum', hash(1))]),
  () => planOf(hashed(8, branch('left', scan(T)), branch('one')), [branch('sum', hash(0)), branch('rows', hash(0))]),
  () => cachedSumsPlan(T, 1),
  () => cachedSumsPlan(T, 2, 'tabs-2'),
  () => cachedSumsPlan(T, 1, 'coordinator'),
  () => cachedSumsPlan(T, 2, 'memory'),
  () => caching(joinPlan(T, U), 0, 'left', 'memory'),
  () =>
    caching(planOf([branch('partial 1', scan(T))], [branch('each', forward(0))], [branch('last', gather(1))]), 0, 'a', 'memory'),
  () => caching(adaptivePlan(T, U, 1_000), 2, 'join of lines'),
  () =>
    caching(
      caching(planOf([branch('partial 1', scan(T))], [branch('each', forward(0))], [branch('last', gather(1))]), 0, 'a'),
      1,
      'b',
    ),
  () => caching(planOf([branch('unordered rows', scan(T))], [branch('top', gather(0))]), 0, 'unordered', 'memory'),
  () =>
    caching(
      planOf({ branches: [branch('indeterminate rows', scan(U))], determinacy: 'indeterminate' }, [branch('two', gather(0))]),
      0,
      'x',
    ),
];

/** Bytes that stores may keep: nothing, about one block, some, and more than there is. */
const CAPS = [0, 8, 40, 4_000].map((mib) => mib * 1024 * 1024);

type Act = (fleet: Fleet, a: number, b: number) => void;

const pick = <X>(items: Iterable<X>, n: number): X | undefined => {
  const list = [...items];
  return list[n % Math.max(1, list.length)];
};
const withTab = (act: (fleet: Fleet, tab: FakeTab, b: number) => void): Act => {
  return (fleet, a, b) => {
    const tab = pick(fleet.tabs.values(), a);
    if (tab) act(fleet, tab, b);
  };
};
const withAttempt = (act: (fleet: Fleet, attempt: FakeAttempt, b: number) => void): Act => {
  return (fleet, a, b) => {
    const attempt = pick(fleet.attempts(), a);
    if (attempt) act(fleet, attempt, b);
  };
};

/** Other bytes each time for what may differ; the same for what may not. */
function variantOf(attempt: FakeAttempt, b: number): string {
  return /unordered|indeterminate/.test(attempt.task.title) ? `-${b % 3}` : '';
}

const run = withAttempt((fleet, attempt, b) => {
  const costs = { fetchMs: b % 7, loadMs: b % 5, loadedBytes: (b % 4) * 1_000_000 };
  fleet.run(attempt, { inline: b % 3 === 0, variant: variantOf(attempt, b), costs });
});

function submit(fleet: Fleet, a: number, b: number): void {
  const plan = pick(PLANS, a)?.();
  const options: Partial<JobOptions> = {
    reuse: b % 5 !== 0,
    weight: 1 + (b % 3),
    ...(b % 11 === 1 ? { slotsMax: 1 } : {}),
    ...(b % 13 === 1 ? { deadlineMs: 5_000 } : {}),
  };
  if (plan) fleet.submit(`job-${fleet.nextNumber()}`, plan, options, `author-${b % 2}`);
}

function lateReport(fleet: Fleet, a: number, b: number): void {
  const tabs = [...fleet.tabs.values()].filter((tab) => tab.cancelled.length > 0);
  const attempt = pick(tabs, a)?.cancelled.pop();
  if (!attempt) return;
  if (b % 4 === 0) fleet.fail(attempt, 'released');
  else fleet.succeed(attempt, { inline: b % 3 === 0, variant: variantOf(attempt, b) });
}

/** Reports that are made up, or said twice. */
function oddReport(fleet: Fleet, a: number, b: number): void {
  const tab = pick(fleet.tabs.values(), a);
  const lease = pick(fleet.leases, b);
  const sessionId = tab?.sessionId ?? ('s-nobody' as SessionId);
  const attemptId = lease?.attemptId ?? ('a-none' as AttemptId);
  const blockId = lease?.task.blockId ?? ('b-none' as BlockId);
  const digest = 'digest-odd' as Digest;
  if (fleet.attempts().some((attempt) => attempt.attemptId === attemptId)) return;
  fleet.send({
    type: 'attemptSucceeded',
    sessionId,
    attemptId: 'a-none' as AttemptId,
    blockId,
    digest,
    buckets: [{ rows: 1, bytes: 1, digest }],
    inline: false,
    costs: NO_COSTS,
  });
  fleet.send({ type: 'attemptFailed', sessionId, attemptId, failure: { reason: 'author', code: 'odd', message: 'said late' } });
  fleet.send({ type: 'attemptStarted', sessionId, attemptId, slot: 70 });
  fleet.send({ type: 'heartbeatReceived', sessionId: 's-nobody' as SessionId, running: [attemptId] });
  fleet.send({ type: 'workerLost', sessionId: 's-nobody' as SessionId, why: 'closed' });
  fleet.send({ type: 'workerDrained', workerId: 'w-nobody' as WorkerId });
  fleet.send({ type: 'blocksDropped', storeId: 'store-none' as StoreId, blockIds: [blockId] });
  fleet.send({ type: 'collectFailed', blockId: 'b-none' as BlockId, why: 'odd' });
  fleet.send({ type: 'blockCollected', blockId: 'b-none' as BlockId, digest });
  fleet.send({ type: 'inventoryReported', sessionId, blocks: [{ blockId: 'b-none' as BlockId, digest }], last: b % 2 === 0 });
  fleet.send({ type: 'jobCancelled', jobId: 'job-none' as JobId });
  fleet.send({ type: 'residentsChanged', sessionId, changes: [{ slot: 99, residentKey: 'x', ordinals: [1] }] });
}

/** What can happen; the weights make most things go well, so that there is much to lose. */
const STEPS = {
  join: [6, (fleet, a, b) => void (fleet.tabs.size < 5 && fleet.join(`n${a % 5}`, { slots: 1 + (b % 3) }, `store-${b % 4}`))],
  /** The coordinator's own slot comes, or comes back; it goes as tabs go. */
  local: [
    6,
    (fleet) => {
      const isThere = [...fleet.tabs.values()].some((tab) => tab.traits.local);
      if (!isThere) fleet.join('coordinator', { slots: 1, local: true }, 'coordinator');
    },
  ],
  announce: [8, withTab((fleet, tab, b) => void (tab.traits.local || fleet.announce(tab, b % 3 === 0 ? 1 : undefined)))],
  tell: [4, withTab((fleet, tab, b) => void (tab.traits.local || fleet.tellStore(tab, CAPS[b % CAPS.length])))],
  fillDisk: [
    1,
    (fleet, a, b) => {
      fleet.isDiskFull = a % 2 === 0;
      fleet.diskBytes = CAPS[b % CAPS.length] ?? 0;
    },
  ],
  submit: [8, (fleet, a, b) => void (fleet.unsettled() < 6 && submit(fleet, a, b))],
  start: [8, withAttempt((fleet, attempt) => attempt.started || fleet.start(attempt))],
  run: [40, run],
  kill: [2, withTab((fleet, tab, b) => void fleet.kill(tab, b % 2 === 0 ? 'closed' : 'silent'))],
  leave: [1, withTab((fleet, tab) => tab.leaving || fleet.leave(tab))],
  drain: [1, withTab((fleet, tab) => fleet.drain(tab))],
  go: [
    3,
    (fleet) => {
      const tab = fleet.tabs.get(fleet.dismissed.shift() ?? ('s-nobody' as SessionId));
      if (tab) fleet.kill(tab);
    },
  ],
  pause: [2, withTab((fleet, tab) => fleet.pause(tab))],
  resume: [4, withTab((fleet, tab) => fleet.change(tab, { paused: false }))],
  resize: [1, withTab((fleet, tab, b) => fleet.change(tab, { slots: b % 4 }))],
  died: [1, withAttempt((fleet, attempt) => fleet.fail(attempt, 'died'))],
  released: [2, withAttempt((fleet, attempt) => fleet.fail(attempt, 'released'))],
  late: [4, lateReport],
  odd: [2, oddReport],
  heartbeat: [6, withTab((fleet, tab) => fleet.heartbeat(tab))],
  time: [4, (fleet, a) => fleet.passTo(fleet.nowMs + (a % 3_000))],
  collect: [8, (fleet) => void fleet.answerCollect()],
  copy: [4, (fleet) => void answerCopy(fleet)],
  evict: [
    3,
    (fleet, a, b) => {
      const [storeId, blocks] = pick(fleet.stores, a) ?? [];
      const blockId = blocks && pick(blocks.keys(), b);
      if (storeId && blockId) fleet.evict(storeId, blockId, b % 2 === 0);
    },
  ],
  unload: [
    2,
    withTab((fleet, tab, b) => {
      const key = pick(tab.residents, b);
      if (key) fleet.unload(tab, key);
    }),
  ],
  disk: [
    1,
    (fleet, a) => {
      const id = pick(fleet.coordinator.keys(), a);
      if (id) fleet.loseCoordinatorCopy(id);
    },
  ],
  cancel: [
    1,
    (fleet, a) => void (a % 3 === 0 && fleet.send({ type: 'jobCancelled', jobId: pick(fleet.jobs, a) ?? ('job-none' as JobId) })),
  ],
  letGo: [
    1,
    (fleet, a) => {
      const pin = pick(fleet.scheduler.cache().relations, a);
      fleet.send({ type: 'relationReleased', pinId: pin?.id ?? 'cache-none' });
    },
  ],
  forget: [1, (fleet, a) => fleet.forget(pick(fleet.settled.keys(), a))],
  reload: [1, (fleet) => fleet.reload((snapshot, options) => Scheduler.restore(snapshot, options))],
  author: [0, withAttempt((fleet, attempt) => fleet.fail(attempt, 'author'))],
  resource: [0, withAttempt((fleet, attempt) => fleet.fail(attempt, 'resource'))],
} as const satisfies { readonly [kind: string]: readonly [weight: number, act: Act] };

export type StepKind = keyof typeof STEPS;

/** Each kind as often as its weight; `fatal` adds failures that jobs do not survive. */
export function stepKinds(fatal: boolean): StepKind[] {
  const kinds: StepKind[] = [];
  for (const [kind, [weight]] of Object.entries(STEPS)) {
    const times = weight > 0 ? weight : fatal ? 1 : 0;
    for (let i = 0; i < times; i++) kinds.push(kind as StepKind);
  }
  return kinds;
}

export function take(fleet: Fleet, { kind, a, b }: Step): void {
  STEPS[kind][1](fleet, a, b);
}

/** No more faults: a good tab comes, the others are well again, and all jobs must end. */
export function settleDown(fleet: Fleet): void {
  for (const tab of [...fleet.tabs.values()]) if (tab.leaving || tab.draining) fleet.kill(tab);
  for (const tab of fleet.tabs.values()) {
    fleet.change(tab, { paused: false });
    if (!tab.traits.local) fleet.announce(tab);
  }
  fleet.isDiskFull = false;
  fleet.diskBytes = Number.POSITIVE_INFINITY;
  fleet.join('rescue', { slots: 2 });
  fleet.finish();
}
