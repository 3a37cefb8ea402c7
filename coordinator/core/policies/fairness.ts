/**
 * Whose turn it is when a slot is free: authors share slots by their weights, and each author's jobs share the author's by theirs. So
 * submitting many jobs gets nobody more.
 */

/** A job with work, and what it and its author have by now. */
export interface Claim {
  readonly jobLeases: number;
  readonly jobWeight: number;
  /** Of all the author's jobs. */
  readonly authorLeases: number;
  readonly authorWeight: number;
}

/** Negative: the first comes before the second. Equal ones keep their order, by age. */
export function byTurn(a: Claim, b: Claim): number {
  const authors = share(a.authorLeases, a.authorWeight) - share(b.authorLeases, b.authorWeight);
  return authors === 0 ? share(a.jobLeases, a.jobWeight) - share(b.jobLeases, b.jobWeight) : authors;
}

function share(leases: number, weight: number): number {
  return leases / Math.max(weight, Number.MIN_VALUE);
}
