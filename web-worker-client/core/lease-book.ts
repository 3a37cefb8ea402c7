/**
 * The leases of one tab and what becomes of them. Per slot they form a queue in the order of arrival: one runs while the others fetch.
 * Invariants: at most one attempt of a slot is `running` or `stopping`; each lease is answered with at most one of `report` and
 * `handBack`.
 *
 * An attempt that runs when its session is lost is an orphan: the coordinator has given it to others, but its block may still be
 * the first to be made. So it runs on; should the same task be leased to this tab again, that lease follows the orphan.
 */
import { type Attempt, Attempts } from './attempts.ts';
import type { TabCommand } from './commands.ts';
import type { AttemptEnding } from './events.ts';
import type { Contribution } from './view.ts';

/** More leases than this in one slot are handed back: the coordinator has lost count. */
const LEASES_KEPT_PER_SLOT = 16;
/** An orphan that nobody follows makes way for the next lease of its slot after this time. */
export const ORPHAN_MS = 10_000;

type NewLease = Pick<Attempt, 'attemptId' | 'slot' | 'blockId' | 'title'>;

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

  knows(attemptId: string): boolean {
    return this.#attempts.get(attemptId) !== undefined;
  }

  /** Attempts whose outcome the coordinator still waits for. */
  unsettled(): readonly Attempt[] {
    return this.#attempts.unsettled();
  }

  /** What runs on though its session was lost. */
  orphans(): readonly Attempt[] {
    return this.#attempts.all().filter((attempt) => attempt.orphanedAtMs !== undefined);
  }

  contribution(): Contribution {
    return { tasks: this.#tasks, rows: this.#rows, cpuSeconds: this.#cpuMs / 1000 };
  }

  /** Takes a lease, or hands it back with `refusal`. */
  lease(lease: NewLease, refusal: string | undefined): void {
    const { attemptId, slot } = lease;
    if (this.#attempts.get(attemptId)) return;
    const full = this.#attempts.ofSlot(slot).length >= LEASES_KEPT_PER_SLOT ? 'this slot has too many leases' : undefined;
    const why = refusal ?? full;
    if (why !== undefined) {
      this.#emit({ type: 'handBack', attemptId, why });
      this.#emit({ type: 'forgetAttempt', attemptId });
      return;
    }
    const orphan = this.#attempts.orphanOf(lease.blockId);
    const attempt = this.#attempts.add(lease);
    if (orphan) attempt.state = 'following';
    else this.#emit({ type: 'fetchInputs', attemptId, slot });
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
    // Whoever gets the outcome, and were it nobody: the volunteer's machine has worked.
    this.#cpuMs += ending.cpuMs;
    if (attempt.orphanedAtMs !== undefined) this.#orphanEnded(attempt, ending, atMs);
    else this.#emit({ type: attempt.settled ? 'discard' : 'report', attemptId });
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

  /** Says `released` at once for all attempts that fit, and gets them out of their slots, orphans too. */
  handBack(why: string, fits: (attempt: Attempt) => boolean = () => true): void {
    for (const attempt of this.#attempts.all()) {
      if (!fits(attempt)) continue;
      if (!attempt.settled) this.#handBack(attempt, why);
      else this.#abandon(attempt, why);
    }
  }

  handBackWaiting(why: string): void {
    this.handBack(why, (attempt) => !this.#attempts.occupies(attempt));
  }

  /** The coordinator has given everything to others. What runs is finished all the same; the rest is forgotten. */
  orphan(atMs: number): void {
    for (const attempt of this.#attempts.all()) {
      if (attempt.state === 'running' && !attempt.settled) {
        attempt.settled = true;
        attempt.orphanedAtMs = atMs;
      } else if (attempt.state !== 'running') this.#abandon(attempt, 'the connection was lost');
    }
  }

  /** Orphans end without a word: they were another coordinator's. */
  abandonOrphans(why: string): void {
    for (const attempt of this.#attempts.all()) if (attempt.orphanedAtMs !== undefined) this.#abandon(attempt, why);
  }

  /** Orphans that have kept others waiting for long enough make way. */
  endStaleOrphans(atMs: number): void {
    for (const attempt of this.#attempts.all()) {
      if (attempt.orphanedAtMs === undefined || atMs < attempt.orphanedAtMs + ORPHAN_MS) continue;
      const keepsWaiting = this.#attempts.ofSlot(attempt.slot).some((a) => a.state === 'ready');
      if (keepsWaiting && this.#attempts.followersOf(attempt).length === 0) this.#abandon(attempt, 'its lease has ended');
    }
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
    attempt.orphanedAtMs = undefined;
    const { attemptId, slot } = attempt;
    if (attempt.state === 'running') {
      attempt.state = 'stopping';
      this.#emit({ type: 'stopAttempt', attemptId, slot, why });
      this.#leaveAlone(attempt);
    } else if (attempt.state !== 'stopping') {
      this.#attempts.remove(attemptId);
      this.#emit({ type: 'forgetAttempt', attemptId });
    }
  }

  #orphanEnded(orphan: Attempt, ending: AttemptEnding, atMs: number): void {
    const [follower] = ending.how === 'succeeded' ? this.#attempts.followersOf(orphan) : [];
    if (!follower) {
      this.#emit({ type: ending.how === 'succeeded' ? 'reportLate' : 'discard', attemptId: orphan.attemptId });
      this.#leaveAlone(orphan);
      return;
    }
    this.#attempts.remove(follower.attemptId);
    this.#emit({ type: 'takeOutcome', attemptId: follower.attemptId, from: orphan.attemptId });
    this.#emit({ type: 'report', attemptId: follower.attemptId });
    this.#emit({ type: 'discard', attemptId: orphan.attemptId });
    this.#note({ ...follower, startedAtMs: orphan.startedAtMs }, ending, atMs);
    this.#leaveAlone(orphan);
  }

  /** Those who followed it go their own way. */
  #leaveAlone(orphan: Attempt): void {
    for (const follower of this.#attempts.followersOf(orphan)) {
      follower.state = 'fetching';
      this.#emit({ type: 'fetchInputs', attemptId: follower.attemptId, slot: follower.slot });
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
