/**
 * The leases of one tab. Per slot they form a queue in the order of arrival: one runs while the others fetch.
 * Invariant: at most one attempt of a slot is `running` or `stopping`.
 */
export interface Attempt {
  readonly attemptId: string;
  readonly slot: number;
  readonly title: string;
  state: 'fetching' | 'ready' | 'running' | 'stopping';
  /** The coordinator has been told how it ended: its outcome is to be discarded. */
  settled: boolean;
  startedAtMs: number;
}

export class Attempts {
  readonly #byId = new Map<string, Attempt>();

  get(attemptId: string): Attempt | undefined {
    return this.#byId.get(attemptId);
  }

  all(): readonly Attempt[] {
    return [...this.#byId.values()];
  }

  ofSlot(slot: number): readonly Attempt[] {
    return this.all().filter((a) => a.slot === slot);
  }

  add(attemptId: string, slot: number, title: string): Attempt {
    const attempt: Attempt = { attemptId, slot, title, state: 'fetching', settled: false, startedAtMs: 0 };
    this.#byId.set(attemptId, attempt);
    return attempt;
  }

  remove(attemptId: string): void {
    this.#byId.delete(attemptId);
  }

  occupies(attempt: Attempt): boolean {
    return attempt.state === 'running' || attempt.state === 'stopping';
  }

  /** The attempt that the slot should run now: the oldest ready one, if nothing occupies the slot. */
  next(slot: number): Attempt | undefined {
    const queue = this.ofSlot(slot);
    if (queue.some((a) => this.occupies(a))) return undefined;
    return queue.find((a) => a.state === 'ready');
  }

  /** Attempts whose outcome the coordinator still waits for. */
  unsettled(): readonly Attempt[] {
    return this.all().filter((a) => !a.settled);
  }
}
