/** Workers come, change and go; their slots and stores with them. */
import { setFree } from './attempts.ts';
import { dueAtMs, runDueAtMs, scheduleWake, takeDue } from './deadlines.ts';
import { handBackWaiting } from './draining.ts';
import type { CoreEventOf } from './events.ts';
import { failAttempt, failForDeadline } from './failures.ts';
import { collect, newStore } from './inventory.ts';
import { copierGone } from './keeping.ts';
import { copiesLost, isStoreGoing, soleCopies } from './losses.ts';
import { rehome } from './queue.ts';
import { indexResidents, setResident, unindex } from './residents.ts';
import { slotsCame } from './stages.ts';
import { type Attempt, type Core, isEligible, type Slot, type Store, type Worker } from './state.ts';
import { note } from './stories.ts';
import { suspectsOf } from './suspects.ts';
import { dropTables, isStrangeTable } from './tables.ts';

export function workerJoined(core: Core, event: CoreEventOf<'workerJoined'>): void {
  const { sessionId, workerId, storeId, traits } = event;
  if (core.workers.has(sessionId)) {
    note(core, workerId, 'eventIgnored', 'the session has joined already');
    return;
  }
  let store = core.stores.get(storeId);
  if (!store) {
    store = newStore(storeId);
    core.stores.set(storeId, store);
  }
  store.sessions.add(sessionId);
  const worker: Worker = {
    sessionId,
    workerId,
    store,
    slots: [],
    attempts: new Set(),
    traits: { ...traits, slots: 0 },
    draining: false,
    leaving: false,
    lastHeardMs: core.now,
    wakeAtMs: Number.POSITIVE_INFINITY,
    speeds: new Map(),
    tasksDone: 0,
    recomputed: 0,
    rows: 0,
    unmatched: [],
    announced: new Map(),
  };
  core.workers.set(sessionId, worker);
  if (traits.local) core.local = worker;
  if (!traits.local) core.journal?.push({ type: 'workerJoined', workerId });
  core.stories.keep(workerId);
  note(core, workerId, 'workerJoined', `session ${sessionId}`, [], { slots: traits.slots, visibility: traits.visibility });
  alter(core, worker, () => {
    worker.traits = traits;
  });
}

/** Changes what decides whether the worker's slots may get leases, and keeps all indexes right. */
function alter(core: Core, worker: Worker, change: () => void): void {
  alterAll(core, [worker], change);
}

/** As `alter`, for a change that concerns several workers at once. */
export function alterAll(core: Core, workers: readonly Worker[], change: () => void): void {
  for (const worker of workers) {
    for (const slot of worker.slots) core.free[slot.attempts.size]?.delete(slot);
    core.liveSlots -= slotsOf(worker);
  }
  change();
  for (const worker of workers) {
    while (worker.slots.length < worker.traits.slots) {
      worker.slots.push(newSlot(worker, worker.slots.length));
    }
    core.liveSlots += slotsOf(worker);
    for (const slot of worker.slots) {
      setFree(core, slot, () => undefined);
      indexResidents(core, slot);
    }
  }
  for (const slot of workers.flatMap((worker) => worker.slots)) {
    if (slot.backlog > 0 && !isOpen(slot)) rehome(core, slot);
    else core.freed.add(slot);
  }
  // Somebody may be faster than those who were idle before.
  core.lookAtMs = Math.min(core.lookAtMs, core.now);
  if (core.liveSlots > 0) slotsCame(core);
  core.keeping.isThin = true;
}

function newSlot(worker: Worker, index: number): Slot {
  return { worker, index, attempts: new Set(), residents: new Map(), backlog: 0, backlogBytes: 0 };
}

function slotsOf(worker: Worker): number {
  return isEligible(worker) ? worker.traits.slots : 0;
}

function isOpen(slot: Slot): boolean {
  return isEligible(slot.worker) && slot.index < slot.worker.traits.slots;
}

export function workerChanged(core: Core, { sessionId, traits }: CoreEventOf<'workerChanged'>): void {
  const worker = core.workers.get(sessionId);
  if (!worker) return;
  worker.lastHeardMs = core.now;
  if (traits.paused !== worker.traits.paused) {
    note(core, worker.workerId, traits.paused ? 'workerPaused' : 'workerResumed', 'its tab said so');
  }
  alter(core, worker, () => {
    worker.traits = traits;
  });
}

export function workerDrained(core: Core, { workerId }: CoreEventOf<'workerDrained'>): void {
  for (const worker of core.workers.values()) {
    if (worker.workerId !== workerId || worker.draining) continue;
    note(core, workerId, 'workerDrained', 'it finishes what it has and gets no more');
    alter(core, worker, () => {
      worker.draining = true;
    });
    core.draining.add(worker);
    handBackWaiting(core, worker);
    saveSoleCopies(core, worker.store);
  }
}

/** Its attempts are handed back at once; its blocks can be had until the session closes. */
export function workerLeaving(core: Core, { sessionId }: CoreEventOf<'workerLeaving'>): void {
  const worker = core.workers.get(sessionId);
  if (!worker || worker.leaving) return;
  note(core, worker.workerId, 'workerLeaving', 'it said so');
  alter(core, worker, () => {
    worker.leaving = true;
  });
  for (const attempt of [...worker.attempts]) {
    failAttempt(core, attempt, { reason: 'released', code: 'leaving', message: `${worker.workerId} left` });
    core.out.push({ type: 'cancelAttempt', sessionId, attemptId: attempt.id, why: 'the worker is leaving' });
  }
  saveSoleCopies(core, worker.store);
}

/** What only stores that go hold and is still needed goes to the coordinator while there is time. */
function saveSoleCopies(core: Core, store: Store): void {
  if (!isStoreGoing(core, store)) return;
  for (const block of soleCopies(core, store)) collect(core, block, 'urgent');
}

export function workerLost(core: Core, { sessionId, why }: CoreEventOf<'workerLost'>): void {
  const worker = core.workers.get(sessionId);
  if (!worker) return;
  const { workerId, store } = worker;
  const wasLeaving = worker.leaving;
  copierGone(core, sessionId);
  note(core, workerId, 'workerLost', why);
  alter(core, worker, () => {
    worker.leaving = true;
  });
  core.workers.delete(sessionId);
  core.announcers.delete(worker);
  core.draining.delete(worker);
  const isBack = [...core.workers.values()].some((other) => other.workerId === workerId);
  if (!isBack && !worker.traits.local) core.journal?.push({ type: 'workerLeft', workerId });
  if (core.local === worker) delete core.local;
  for (const slot of worker.slots) {
    for (const key of slot.residents.keys()) unindex(core, slot, key);
    core.freed.delete(slot);
  }
  const mayHaveRun = wasLeaving ? new Set<Attempt>() : suspectsOf(worker);
  for (const attempt of [...worker.attempts]) {
    const reason = mayHaveRun.has(attempt) ? 'died' : 'released';
    failAttempt(core, attempt, { reason, code: 'session-lost', message: `the session of ${workerId} was lost (${why})` });
  }
  store.sessions.delete(sessionId);
  if (store.sessions.size > 0) {
    capStore(core, store);
    return;
  }
  core.stores.delete(store.id);
  core.fullStores.delete(store);
  copiesLost(
    core,
    [...store.blocks].map((block) => [block, store] as const),
    `${workerId} was lost (${why}), and with it the only copy`,
  );
}

/**
 * Tabs of one profile may differ: one that cannot write to disk keeps less. By the last word alone, copies would come while the one speaks
 * and be dropped when the other does, for ever.
 */
export function capStore(core: Core, store: Store): void {
  const caps = [...store.sessions].flatMap((id) => core.workers.get(id)?.capBytes ?? []);
  if (caps.length > 0) store.capBytes = Math.min(...caps);
  core.crowded.add(store);
  core.keeping.isThin = true;
}

export function heartbeatReceived(core: Core, { sessionId, running }: CoreEventOf<'heartbeatReceived'>): void {
  const worker = core.workers.get(sessionId);
  if (!worker) return;
  worker.lastHeardMs = core.now;
  for (const id of running) {
    const attempt = core.attempts.get(id);
    if (attempt?.worker === worker) attempt.expiresAtMs = core.now + core.limits.leaseMs;
    else core.out.push({ type: 'cancelAttempt', sessionId, attemptId: id, why: 'its lease has ended' });
  }
}

export function residentsChanged(core: Core, { sessionId, changes }: CoreEventOf<'residentsChanged'>): void {
  const worker = core.workers.get(sessionId);
  if (!worker) return;
  for (const { slot: index, residentKey, ordinals } of changes) {
    const slot = worker.slots[index];
    if (!slot) continue;
    if (ordinals.length > 0 && isStrangeTable(core, residentKey)) {
      dropTables(core, slot, [residentKey]);
      continue;
    }
    setResident(core, slot, residentKey, ordinals);
    if (ordinals.length === 0 && slot.backlog > 0) rehome(core, slot);
    core.freed.add(slot);
  }
}

export function timePassed(core: Core): void {
  for (const due of takeDue(core)) {
    if ('stages' in due) {
      failForDeadline(core, due);
      continue;
    }
    const mayHaveRun = suspectsOf(due);
    for (const attempt of [...due.attempts])
      if (dueAtMs(core, attempt) <= core.now) expire(core, attempt, mayHaveRun.has(attempt));
    scheduleWake(core, due);
  }
}

function expire(core: Core, attempt: Attempt, mayHaveRun: boolean): void {
  const { workerId, sessionId } = attempt.worker;
  const ranTooLong = runDueAtMs(core, attempt) <= core.now;
  const message = ranTooLong
    ? `it ran longer than ${core.limits.maxRunMs} ms on ${workerId}`
    : `${workerId} did not renew its lease for ${core.limits.leaseMs} ms`;
  core.out.push({ type: 'cancelAttempt', sessionId, attemptId: attempt.id, why: message });
  const lost = mayHaveRun ? 'died' : 'released';
  failAttempt(core, attempt, {
    reason: ranTooLong ? 'deadline' : lost,
    code: ranTooLong ? 'max-run' : 'lease-expired',
    message,
  });
}
