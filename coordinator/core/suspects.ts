/**
 * Which attempts of a worker that went may have run there, and may so be why it went. A tab tells of a start only when the attempt
 * has run for a while, so a task that ends its tab at once is never told of: silence does not clear it.
 */
import { bytesToLoad } from './residents.ts';
import type { Attempt, Slot, Worker } from './state.ts';

export function suspectsOf(worker: Worker): Set<Attempt> {
  return new Set(worker.slots.flatMap(suspectsAt));
}

/**
 * A slot runs one attempt at a time, the oldest whose input is there. So if one is known to run, no other does; else it may be the
 * oldest, or one behind it as long as all before it may still be fetching.
 */
function suspectsAt(slot: Slot): readonly Attempt[] {
  const attempts = [...slot.attempts];
  const running = attempts.filter((attempt) => attempt.startedAtMs !== undefined);
  if (running.length > 0) return running;
  const ready = attempts.findIndex((attempt) => !mayFetch(attempt));
  return ready < 0 ? attempts : attempts.slice(0, ready + 1);
}

function mayFetch({ task, slot }: Attempt): boolean {
  return bytesToLoad(task, slot) > 0 || task.sources.some((source) => source.kind === 'group');
}
