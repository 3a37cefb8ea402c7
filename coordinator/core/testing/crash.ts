/** A coordinator that dies in the middle of a fleet's life, and the one that takes its place: what it knows is what was written down. */
import type { BlockId, JobId } from '../../../shared/ids.ts';
import type { PhysicalPlan } from '../../../shared/plan/physical.ts';
import type { CoreEventOf } from '../events.ts';
import { type JournalRecord, jobOf } from '../journal.ts';
import { Scheduler } from '../scheduler.ts';
import type { FakeAttempt, FakeTab } from './fake-tab.ts';
import type { Fleet } from './fleet.ts';

export interface Crash {
  /** How many of the last records were not on disk yet. */
  readonly lost: number;
  /** Which tabs come back. */
  readonly returns?: (tab: FakeTab, index: number) => boolean;
  /** Which blocks of the coordinator were in its memory only. */
  readonly inMemory?: (blockId: BlockId) => boolean;
}

/** Writes down what the fleet's core gives it, as the store does: nothing of jobs that are over but what they made. */
export class FakeJournal {
  readonly #fleet: Fleet;
  readonly #accepted = new Map<JobId, CoreEventOf<'jobSubmitted'>>();
  #records: JournalRecord[] = [];
  #crashes = 0;

  /** The fleet's scheduler must be made with `journal`. */
  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    fleet.afterEvent = (event, commands) => {
      if (event.type === 'jobSubmitted') this.#accepted.set(event.jobId, event);
      this.#records.push(...fleet.scheduler.takeJournal());
      for (const command of commands) if (command.type === 'settleJob') this.#forget(command.jobId);
    };
  }

  get records(): readonly JournalRecord[] {
    return this.#records;
  }

  /** The next coordinator will plan it so. */
  replan(jobId: JobId, plan: PhysicalPlan): void {
    const event = this.#accepted.get(jobId);
    if (event) this.#accepted.set(jobId, { ...event, plan });
  }

  #forget(jobId: JobId): void {
    this.#accepted.delete(jobId);
    this.#records = this.#records.filter((record) => jobOf(record) !== jobId || record.type === 'blockAccepted');
  }

  /** The tabs that came back, with what they told. */
  crash({ lost, returns = () => true, inMemory = () => false }: Crash): FakeTab[] {
    const fleet = this.#fleet;
    this.#records.length = Math.max(0, this.#records.length - lost);
    const tabs = [...fleet.tabs.values()];
    this.#end(inMemory);
    const idSeed = `t${++this.#crashes}`;
    fleet.scheduler = new Scheduler({ ...fleet.options, idSeed });
    const copies = [...fleet.coordinator].map(([blockId, digest]) => ({ blockId, digest }));
    fleet.send({ type: 'journalRestored', records: this.#records, copies });
    for (const { atMs, ...job } of [...this.#accepted.values()])
      fleet.send({ ...job, submittedAtMs: job.submittedAtMs ?? atMs, resumed: true });
    fleet.send({ type: 'jobsResumed' });
    return tabs.filter((tab, i) => !tab.traits.local && !tab.leaving && returns(tab, i)).map((tab) => this.#return(tab));
  }

  #end(inMemory: (blockId: BlockId) => boolean): void {
    const fleet = this.#fleet;
    const results = new Set([...fleet.settled.values()].flatMap(({ result = [] }) => result.map((block) => block.blockId)));
    for (const blockId of [...fleet.coordinator.keys()]) {
      if (inMemory(blockId) && !results.has(blockId)) fleet.coordinator.delete(blockId);
    }
    for (const tab of fleet.tabs.values()) {
      const left = fleet.stores.get(tab.storeId);
      fleet.stores.delete(tab.storeId);
      if (left && !tab.traits.local) fleet.asleep.set(tab.storeId, left);
    }
    fleet.tabs.clear();
    fleet.collects.length = 0;
    fleet.copies.length = 0;
  }

  /** It says what it still runs, and may report it late; then what it holds. */
  #return(tab: FakeTab): FakeTab {
    const fleet = this.#fleet;
    const back = fleet.join(tab.workerId.slice('w-'.length), tab.traits, tab.storeId);
    const { sessionId } = back;
    const orphans: FakeAttempt[] = [...tab.attempts.values()].filter((attempt) => attempt.started);
    back.cancelled.push(...orphans.map((attempt) => ({ ...attempt, sessionId })));
    const attempts = orphans.map(({ attemptId, slot, task }) => ({ attemptId, slot, blockId: task.blockId }));
    if (attempts.length > 0) fleet.send({ type: 'attemptsAnnounced', sessionId, attempts });
    fleet.announce(back);
    return back;
  }
}
