/** What a worker that drains does next: finish what runs, then hand over what only it has, then go. */

export type DrainStep = 'finishing' | 'handingOver' | 'done';

export interface DrainFigures {
  readonly running: number;
  /** Blocks that somebody needs and nobody else will have once it is gone. */
  readonly soleCopies: number;
}

export function drainStep({ running, soleCopies }: DrainFigures): DrainStep {
  if (running > 0) return 'finishing';
  return soleCopies > 0 ? 'handingOver' : 'done';
}
