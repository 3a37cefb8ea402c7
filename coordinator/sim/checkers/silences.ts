/** Tabs that are gone without a word are noticed in time. */
import { LIMITS } from '../../../shared/limits.ts';
import type { Coordinator } from '../coordinator.ts';
import { must } from './violation.ts';

/** The issue's own figure: silent loss is noticed in under 15 s. */
const NOTICED_MS = 15_000;

export class Silences {
  /** Worker ids of tabs that can't speak any more, and since when. */
  readonly #silent = new Map<string, number>();

  /** Nothing of this tab can reach the coordinator from now on. */
  fell(sessionName: string | undefined, nowMs: number): void {
    if (sessionName !== undefined && !this.#silent.has(sessionName)) this.#silent.set(sessionName, nowMs);
  }

  /** Who was silent then is no session of the next life. */
  coordinatorDied(): void {
    this.#silent.clear();
  }

  check(nowMs: number, { sessions }: Coordinator): void {
    for (const [name, sinceMs] of this.#silent) {
      const isThere = [...sessions.values()].some(({ identity }) => identity.sessionId === name);
      if (!isThere) this.#silent.delete(name);
      must(!isThere || nowMs <= sinceMs + NOTICED_MS, 'silence-noticed', () => {
        return `${name} can't be heard since ${sinceMs}, and is still a session after ${nowMs - sinceMs} ms (silence is ${LIMITS.sessionSilenceMs})`;
      });
    }
  }
}
