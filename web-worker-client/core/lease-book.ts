/**
 * The leases of one tab and what becomes of them. Per slot they form a queue in the order of arrival: one runs while the others fetch.
 * Invariants: at most one attempt of a slot is `running` or `stopping`; each lease is answered with at most one of `report` and
 * `handBack`.
 */
import { type Attempt, Attempts } from './attempts.ts';
import type { TabCommand } from './commands.ts';
import type { AttemptEnding } from './events.ts';
import type { Contribution } from './view.ts';

/** More leases than this in one slot are handed back: the coordinator has lost count. */
const LEASES_KEPT_PER_SLOT = 16;

export class LeaseBook {
  readonly #attempts = new Attempts();
  readonly #emit: (command: TabCommand) => void;
  #tasks = 0;
  #rows = 0;
  #cpuMs = 0;

  constructor(emit: (command: TabCommand) => void) {
    this.#emit = emit;
  }

  all(): readonly Attempt[] {
    return this.#attempts.all();
  }

  /** Attempts whose outcome the coordinator still waits for. */
  unsettled(): readonly Attempt[] {
    return this.#attempts.unsettled();
  }

  contribution(): Contribution {
    return { tasks: this.#tasks, rows: this.#rows, cpuSeconds: this.#cpuMs / 1000 };
  }

  /** Takes a lease, or hands it back with `refusal`. */
  lease(attemptId: string, slot: number, title: string, refusal: string | undefined): void {
    if (this.#attempts.get(attemptId)) return;
    const full = this.#attempts.ofSlot(slot).length >= LEASES_KEPT_PER_SLOT ? 'this slot has too many leases' : undefined;
    const why = refusal ?? full;
    if (why !== undefined) {
      this.#emit({ type: 'handBack', attemptId, why });
      this.#emit({ type: 'forgetAttempt', attemptId });
      return;
    }
    this.#attempts.add(attemptId, slot, title);
    this.#emit({ type: 'fetchInputs', attemptId, slot });
  }

  fetched(attemptId: string, atMs: number): void {
    const attempt = this.#attempts.get(attemptId);
    if (attempt?.state !== 'fetching') return;
    attempt.state = 'ready';
    this.#runNext(attempt.slot, atMs);
  }

  ended(attemptId: string, ending: AttemptEnding, atMs: number): void {
    const attempt = this.#attempts.get(attemptId);
    if (!attempt) return;
    this.#attempts.remove(attemptId);
    this.#emit({ type: attempt.settled ? 'discard' : 'report', attemptId });
    if (!attempt.settled) this.#note(attempt, ending, atMs);
    this.#runNext(attempt.slot, atMs);
  }

  cancel(attemptId: string, why: string): void {
    const attempt = this.#attempts.get(attemptId);
    if (!attempt || attempt.state === 'stopping') return;
    this.#emit({ type: 'log', words: `${attempt.title}: cancelled (${why}).` });
    if (attempt.state !== 'running') {
      this.#handBack(attempt, why);
      return;
    }
    // The report goes out when the slot is free; should the task succeed first, its block is worth telling.
    attempt.state = 'stopping';
    this.#emit({ type: 'stopAttempt', attemptId, slot: attempt.slot, why });
  }

  /** Says `released` at once for all attempts that fit, and gets them out of their slots. */
  handBack(why: string, fits: (attempt: Attempt) => boolean = () => true): void {
    for (const attempt of this.#attempts.unsettled()) if (fits(attempt)) this.#handBack(attempt, why);
  }

  handBackWaiting(why: string): void {
    this.handBack(why, (attempt) => !this.#attempts.occupies(attempt));
  }

  /** Ends everything without a word to the coordinator, which has given it to others. */
  abandon(why: string): void {
    for (const attempt of this.#attempts.all()) this.#abandon(attempt, why);
  }

  #handBack(attempt: Attempt, why: string): void {
    this.#emit({ type: 'handBack', attemptId: attempt.attemptId, why });
    this.#abandon(attempt, why);
  }

  #abandon(attempt: Attempt, why: string): void {
    attempt.settled = true;
    const { attemptId, slot } = attempt;
    if (attempt.state === 'running') {
      attempt.state = 'stopping';
      this.#emit({ type: 'stopAttempt', attemptId, slot, why });
    } else if (attempt.state !== 'stopping') {
      this.#attempts.remove(attemptId);
      this.#emit({ type: 'forgetAttempt', attemptId });
    }
  }

  #runNext(slot: number, atMs: number): void {
    const attempt = this.#attempts.next(slot);
    if (!attempt) return;
    attempt.state = 'running';
    attempt.startedAtMs = atMs;
    this.#emit({ type: 'runAttempt', attemptId: attempt.attemptId, slot });
  }

  #note(attempt: Attempt, ending: AttemptEnding, atMs: number): void {
    if (ending.how === 'failed') {
      this.#emit({ type: 'log', words: `${attempt.title}: ${ending.message}` });
      return;
    }
    this.#tasks += 1;
    this.#rows += ending.rows;
    this.#cpuMs += ending.cpuMs;
    const took = seconds(atMs - attempt.startedAtMs);
    this.#emit({
      type: 'log',
      words: `${attempt.title}: done in ${took}, ${ending.rows} ${ending.rows === 1 ? 'row' : 'rows'}.`,
    });
  }
}

function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
