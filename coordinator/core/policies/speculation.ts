/**
 * When a task gets a second attempt in an idle slot: the first takes far longer than its stage's other tasks took (LATE: Zaharia and
 * others, 2008), or its worker is known to be so slow that beginning anew elsewhere is sooner done.
 */

/** An attempt that succeeded: how long it had its slot, and what it read. */
export interface RunSample {
  readonly ms: number;
  readonly bytes: number;
}

/** Samples that a stage keeps. */
export const RUN_SAMPLES = 31;
/** Nothing that runs shorter is worth a second attempt. */
export const SECOND_FLOOR_MS = 1_000;
/** So many times what is usual is too long. */
const OVER_USUAL = 1.5;
/** The idle slot must be done this many times sooner. */
const SOONER = 2;
/** With fewer tasks than this many more than there are, all others but one must be done. */
const SAMPLES_LEAST = 3;
/** Part of the slots that may run second attempts at once: new work finds the others free. */
const SECONDS_PART = 0.25;

export interface RunningFigures {
  readonly elapsedMs: number;
  /** What the stage's finished tasks let expect; undefined: nothing yet. */
  readonly usualMs: number | undefined;
  /** What its worker takes for the whole, by what it has shown; undefined: nothing yet. */
  readonly hereMs: number | undefined;
  /** What the idle slot takes for the whole, with loading; undefined: it has shown nothing yet. */
  readonly thereMs: number | undefined;
}

export interface SecondAttempt {
  /** How long the first must have run; Infinity: by what is known, there will be none. */
  readonly afterMs: number;
  readonly why: 'unusual' | 'slow';
}

export function secondAttempt({ elapsedMs, usualMs, hereMs, thereMs }: RunningFigures): SecondAttempt {
  if (isMuchSooner(hereMs === undefined ? undefined : hereMs - elapsedMs, thereMs))
    return { afterMs: SECOND_FLOOR_MS, why: 'slow' };
  if (usualMs === undefined) return { afterMs: Number.POSITIVE_INFINITY, why: 'unusual' };
  return { afterMs: Math.max(SECOND_FLOOR_MS, OVER_USUAL * usualMs), why: 'unusual' };
}

/** Undefined: not known. */
export function isMuchSooner(hereMs: number | undefined, thereMs: number | undefined): boolean {
  return hereMs !== undefined && thereMs !== undefined && hereMs > SOONER * thereMs;
}

/** The median run, longer in proportion for a task that reads more than the median; undefined: too few of the stage's tasks are done. */
export function usualMs(samples: readonly RunSample[], tasks: number, bytes: number): number | undefined {
  if (samples.length === 0 || samples.length < Math.min(SAMPLES_LEAST, tasks - 1)) return undefined;
  const usualBytes = median(samples.map((sample) => sample.bytes));
  return median(samples.map((sample) => sample.ms)) * Math.max(1, usualBytes > 0 ? bytes / usualBytes : 1);
}

export function secondsMost(liveSlots: number): number {
  return Math.max(1, Math.floor(SECONDS_PART * liveSlots));
}

function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
