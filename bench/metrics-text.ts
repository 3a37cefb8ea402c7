/** What a coordinator says of itself: its metrics, in Prometheus' text format. */

import { adminToken } from '../coordinator/cli/data-dir.ts';
import type { CoordinatorProcess } from '../playwright/coordinator-process.ts';
import { plainFetch } from './http-reader.ts';

const OVERHEAD = /^muster_lease_overhead_seconds_bucket\{le="([^"]+)"\} (\d+)$/gm;

/** Counts of tasks by overhead: `upToMs[i]` bounds `counts[i]`, the last without a bound. */
export interface Overheads {
  readonly upToMs: readonly number[];
  readonly counts: readonly number[];
}

export async function readMetrics(coordinator: CoordinatorProcess): Promise<string> {
  const headers = { authorization: `Bearer ${adminToken(coordinator.dataDir)}` };
  return (await plainFetch(`${coordinator.url}/metrics`, { headers })).text();
}

export function overheadsOf(metrics: string): Overheads {
  const lines = [...metrics.matchAll(OVERHEAD)].map(([, le, count]) => [Number(le) * 1_000, Number(count)] as const);
  if (lines.length === 0) throw new Error('the metrics say nothing of the overhead of leases');
  return {
    upToMs: lines.map(([le]) => (Number.isNaN(le) ? Number.POSITIVE_INFINITY : le)),
    counts: lines.map(([, count], i) => count - (lines[i - 1]?.[1] ?? 0)),
  };
}

export function since(before: Overheads, after: Overheads): Overheads {
  return { upToMs: after.upToMs, counts: after.counts.map((count, i) => count - (before.counts[i] ?? 0)) };
}

/** The least of the bounds that at least the part `p` of all tasks kept. */
export function boundOf({ upToMs, counts }: Overheads, p: number): number {
  const all = counts.reduce((sum, count) => sum + count, 0);
  let below = 0;
  for (const [i, count] of counts.entries()) {
    below += count;
    if (below >= p * all) return upToMs[i] ?? Number.POSITIVE_INFINITY;
  }
  return Number.NaN;
}
