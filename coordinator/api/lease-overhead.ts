/**
 * What a task costs beside its own work: from the decision to lease it to the acceptance of its report, less the time that its tab says
 * it waited for its slot and worked. A histogram as Prometheus has them, folded from stories.
 */
import { LOCAL_WORKER } from '../core/local-worker.ts';
import type { NumberedStory } from './services.ts';

/** Upper bounds in milliseconds. */
const BOUNDS_MS = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200, 300, 500, 1_000, 2_000, 5_000];
/** Attempts of which the lease was told and not yet the end; the oldest are forgotten beyond that. */
const OPEN_MOST = 100_000;

export class LeaseOverhead {
  /** When each attempt was leased. */
  readonly #open = new Map<string, number>();
  readonly #counts = new Array<number>(BOUNDS_MS.length + 1).fill(0);
  #sumMs = 0;
  #count = 0;

  leased({ subject, atMs, detail }: NumberedStory): void {
    if (detail?.workerId === LOCAL_WORKER) return;
    this.#open.set(subject, atMs);
    if (this.#open.size <= OPEN_MOST) return;
    const oldest = this.#open.keys().next().value;
    if (oldest !== undefined) this.#open.delete(oldest);
  }

  ended({ subject, atMs, detail }: NumberedStory): void {
    const leasedAtMs = this.#open.get(subject);
    this.#open.delete(subject);
    if (leasedAtMs === undefined || detail?.how !== 'succeeded') return;
    const ownMs = ['queueMs', 'loadMs', 'computeMs', 'packMs'].reduce((sum, name) => sum + Number(detail[name] ?? 0), 0);
    const overheadMs = Math.max(0, atMs - leasedAtMs - ownMs);
    const at = BOUNDS_MS.findIndex((bound) => overheadMs <= bound);
    const bucket = at < 0 ? BOUNDS_MS.length : at;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sumMs += overheadMs;
    this.#count++;
  }

  /** Counts up to each bound, in seconds; the sum; how many there were. */
  picture(): {
    readonly buckets: readonly (readonly [le: string, count: number])[];
    readonly sum: number;
    readonly count: number;
  } {
    let below = 0;
    const buckets = BOUNDS_MS.map((bound, i) => {
      below += this.#counts[i] ?? 0;
      return [String(bound / 1_000), below] as const;
    });
    return { buckets: [...buckets, ['+Inf', this.#count]], sum: this.#sumMs / 1_000, count: this.#count };
  }
}
