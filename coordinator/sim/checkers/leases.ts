/** Books of all leases, kept from events and commands alone: to whom, for what, how long. */
import type { AttemptId, BlockId, SessionId } from '../../../shared/ids.ts';
import { LIMITS } from '../../../shared/limits.ts';
import type { CoreCommand } from '../../core/commands.ts';
import type { CoreEvent, WorkerTraits } from '../../core/events.ts';
import type { Scheduler } from '../../core/scheduler.ts';
import type { Watcher } from '../observed-core.ts';
import { must } from './violation.ts';

interface Lease {
  readonly sessionId: SessionId;
  readonly blockId: BlockId;
  readonly slot: number;
  renewedAtMs: number;
}

interface Worker {
  readonly workerId: string;
  traits: WorkerTraits;
  isGoing: boolean;
}

type LeaseCommand = Extract<CoreCommand, { type: 'leaseTask' }>;

/** Timers of the shell may come this much late. */
const SLACK_MS = 100;

export class LeaseBook implements Watcher {
  readonly #leases = new Map<AttemptId, Lease>();
  readonly #byBlock = new Map<BlockId, Set<AttemptId>>();
  readonly #workers = new Map<SessionId, Worker>();
  readonly #leaseMs: number;

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  readonly before = (event: CoreEvent): void => {
    switch (event.type) {
      case 'workerJoined':
        this.#workers.set(event.sessionId, { workerId: event.workerId, traits: event.traits, isGoing: false });
        return;
      case 'workerChanged': {
        const worker = this.#workers.get(event.sessionId);
        if (worker) worker.traits = event.traits;
        return;
      }
      case 'workerLeaving': {
        const worker = this.#workers.get(event.sessionId);
        if (worker) worker.isGoing = true;
        return;
      }
      case 'workerDrained':
        for (const worker of this.#workers.values()) if (worker.workerId === event.workerId) worker.isGoing = true;
        return;
      case 'workerLost':
        this.#workers.delete(event.sessionId);
        for (const [id, { sessionId }] of this.#leases) if (sessionId === event.sessionId) this.#end(id);
        return;
      case 'attemptSucceeded':
      case 'attemptFailed':
        if (this.#leases.get(event.attemptId)?.sessionId === event.sessionId) this.#end(event.attemptId);
        return;
      case 'attemptStarted':
        this.#renew(event.attemptId, event);
        return;
      case 'heartbeatReceived':
        for (const id of event.running) this.#renew(id, event);
    }
  };

  readonly after = (event: CoreEvent, commands: readonly CoreCommand[], scheduler: Scheduler): void => {
    for (const command of commands) {
      if (command.type === 'leaseTask') this.#begin(command, event, scheduler);
      else if (command.type === 'cancelAttempt' && this.#leases.get(command.attemptId)?.sessionId === command.sessionId)
        this.#end(command.attemptId);
    }
  };

  /** Looked at now and then: nobody keeps a lease that was not renewed, and the core's sessions are the ones that are there. */
  check(nowMs: number, scheduler: Scheduler): void {
    for (const [id, { renewedAtMs, sessionId }] of this.#leases) {
      must(nowMs <= renewedAtMs + this.#leaseMs + SLACK_MS, 'lease-expires', () => `${id} was last renewed at ${renewedAtMs}`);
      must(this.#workers.has(sessionId), 'live-session', () => `${id} is leased to ${sessionId}, which is gone`);
    }
    for (const { sessionId, busySlots, current } of scheduler.workers()) {
      must(this.#workers.has(sessionId), 'live-session', () => `the core has ${sessionId}, which is gone`);
      const own = [...this.#leases.values()].filter((lease) => lease.sessionId === sessionId).length;
      must(
        own === current.length && busySlots <= own,
        'leases-agree',
        () => `${sessionId}: ${current.length} leases, told ${own}`,
      );
    }
  }

  get size(): number {
    return this.#leases.size;
  }

  has(attemptId: string): boolean {
    return this.#leases.has(attemptId as AttemptId);
  }

  #begin({ sessionId, attemptId, slot, task }: LeaseCommand, { atMs }: CoreEvent, scheduler: Scheduler): void {
    const worker = this.#workers.get(sessionId);
    must(worker, 'live-session', () => `${attemptId} is leased to ${sessionId}, which is gone`);
    const { traits } = worker;
    must(
      !traits.paused && !worker.isGoing,
      'willing-worker',
      () => `${attemptId} is leased to ${worker.workerId}, which takes none`,
    );
    must(slot < traits.slots, 'willing-worker', () => `${attemptId} is leased to slot ${slot} of ${traits.slots}`);
    let inSlot = 0;
    for (const lease of this.#leases.values()) if (lease.sessionId === sessionId && lease.slot === slot) inSlot++;
    must(
      inSlot < LIMITS.leasesPerSlot,
      'slot-bound',
      () => `slot ${slot} of ${worker.workerId} got a lease beyond its ${inSlot}`,
    );
    must(!this.#leases.has(attemptId), 'attempt-once', () => `${attemptId} was leased twice`);
    const others = this.#byBlock.get(task.blockId) ?? new Set();
    const isSecond = scheduler.story(attemptId).some((line) => line.detail?.cause === 'speculation');
    const most = isSecond && !task.title.includes('indeterminate') ? 1 : 0;
    must(others.size <= most, 'one-attempt', () => `${attemptId} makes ${task.blockId}, and so does ${[...others].join()}`);
    for (const other of others) {
      const isElsewhere = this.#leases.get(other)?.sessionId !== sessionId;
      must(isElsewhere, 'one-attempt', () => `${attemptId} runs in the tab that runs ${other}, of the same task`);
    }
    this.#checkInputs(attemptId, task, scheduler);
    this.#leases.set(attemptId, { sessionId, blockId: task.blockId, slot, renewedAtMs: atMs });
    this.#byBlock.set(task.blockId, others.add(attemptId));
  }

  /** Its slices are held by somebody, and named with the digests that are accepted. */
  #checkInputs(attemptId: AttemptId, { inputs }: LeaseCommand['task'], scheduler: Scheduler): void {
    for (const input of inputs) {
      if (input.kind !== 'slices') continue;
      for (const { blockId, bucket, digest } of input.slices) {
        const accepted = scheduler.blockInfo(blockId)?.buckets[bucket]?.digest;
        must(accepted === digest, 'accepted-inputs', () => `${attemptId} reads ${blockId} as ${digest}, accepted is ${accepted}`);
        const { onCoordinator, sessions } = scheduler.holders(blockId);
        must(onCoordinator || sessions.length > 0, 'held-inputs', () => `${attemptId} reads ${blockId}, which nobody holds`);
      }
    }
  }

  #renew(id: AttemptId, event: Extract<CoreEvent, { type: 'attemptStarted' | 'heartbeatReceived' }>): void {
    const lease = this.#leases.get(id);
    if (lease?.sessionId === event.sessionId) lease.renewedAtMs = event.atMs;
  }

  #end(id: AttemptId): void {
    const lease = this.#leases.get(id);
    this.#leases.delete(id);
    const others = lease && this.#byBlock.get(lease.blockId);
    if (lease && others?.delete(id) && others.size === 0) this.#byBlock.delete(lease.blockId);
  }
}
