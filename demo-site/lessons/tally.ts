/** Which tab did how much in a run, counted from the story lines of its jobs. No DOM. */
import type { StoryLineJson } from '../../client/index.ts';

export interface Share {
  readonly workerId: string;
  readonly done: number;
  readonly running: number;
  /** Attempts that ended without a result: the tab went, was paused, or the task failed there. */
  readonly lost: number;
}

interface Attempt {
  readonly workerId: string;
  readonly jobId: string;
  /** `cancelled`: nobody wanted its result any more. */
  state: 'running' | 'done' | 'lost' | 'cancelled';
}

/** Attempts kept at most; the oldest go first. */
const ATTEMPTS_KEPT = 20_000;

export class Tally {
  readonly #attempts = new Map<string, Attempt>();

  /** Lines may come before the page knows that a job is one of its own: all are kept, and asked for by job. */
  tell({ subject, what, detail = {} }: StoryLineJson): void {
    if (what === 'attemptLeased') {
      const { workerId, jobId } = detail;
      if (typeof workerId !== 'string' || typeof jobId !== 'string') return;
      this.#attempts.set(subject, { workerId, jobId, state: 'running' });
      const oldest = this.#attempts.size > ATTEMPTS_KEPT ? this.#attempts.keys().next().value : undefined;
      if (oldest !== undefined) this.#attempts.delete(oldest);
    } else if (what === 'attemptEnded') {
      const attempt = this.#attempts.get(subject);
      if (attempt) attempt.state = detail.how === 'succeeded' ? 'done' : detail.how === 'cancelled' ? 'cancelled' : 'lost';
    }
  }

  /** Of the jobs named, by tab, in the order in which the tabs came in. */
  shares(jobIds: ReadonlySet<string>): readonly Share[] {
    const shares = new Map<string, { workerId: string; done: number; running: number; lost: number }>();
    for (const { workerId, jobId, state } of this.#attempts.values()) {
      if (!jobIds.has(jobId)) continue;
      const share = shares.get(workerId) ?? { workerId, done: 0, running: 0, lost: 0 };
      if (state !== 'cancelled') share[state]++;
      shares.set(workerId, share);
    }
    return [...shares.values()];
  }
}
