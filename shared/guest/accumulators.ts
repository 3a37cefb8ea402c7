/**
 * What guests count on the side: numbers under names, summed. A task's sums stand in its report and in its block's record, so that a
 * job counts a block once, whatever was tried, repeated or reused to have it.
 */
import { LIMITS } from '../limits.ts';

/** Sums by name; a block without any has none of these. */
export type Accumulators = Readonly<Record<string, number>>;

/** Why an accumulator can't have this name; undefined: it can. */
export function wrongName(name: string): string | undefined {
  if (name === '') return 'an accumulator needs a name';
  // Most names are short; only those near the limit are measured.
  if (name.length * 3 <= LIMITS.accumulatorNameBytes) return undefined;
  const bytes = new TextEncoder().encode(name).length;
  if (bytes <= LIMITS.accumulatorNameBytes) return undefined;
  const begin = JSON.stringify(name.slice(0, 20));
  return `the name of an accumulator that begins with ${begin} has ${bytes} bytes; ${LIMITS.accumulatorNameBytes} are allowed`;
}

/** Why a report can't carry these; undefined: it can. */
export function wrongAccumulators(given: Accumulators): string | undefined {
  const entries = Object.entries(given);
  if (entries.length === 0) return 'accumulators: there are none';
  if (entries.length > LIMITS.accumulatorsPerTask) {
    return `accumulators: a task has at most ${LIMITS.accumulatorsPerTask}, not ${entries.length}`;
  }
  for (const [name, sum] of entries) {
    const why = wrongName(name) ?? (Number.isFinite(sum) ? undefined : `the accumulator ${name} is not a finite number`);
    if (why !== undefined) return why;
  }
  return undefined;
}

/** With names in order, so that equal sums are equal text. Undefined when there are none. */
export function sortedAccumulators(sums: ReadonlyMap<string, number>): Accumulators | undefined {
  if (sums.size === 0) return undefined;
  return Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Sums of parts, added in the order in which they are given: floating point sums depend on it. Undefined when no part has any. */
export function sumAccumulators(parts: Iterable<Accumulators>): Accumulators | undefined {
  const sums = new Map<string, number>();
  for (const part of parts) {
    for (const [name, amount] of Object.entries(part)) sums.set(name, bounded((sums.get(name) ?? 0) + amount));
  }
  return sortedAccumulators(sums);
}

/** JSON has no infinity: a sum that leaves the range of doubles stays at its end. */
const bounded = (sum: number): number => Math.min(Number.MAX_VALUE, Math.max(-Number.MAX_VALUE, sum));
