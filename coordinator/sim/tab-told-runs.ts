/** Runs of chunks that leases of this session told in full: link/told-runs.ts. */
import type { ChunkRun, TaskInput } from '../../shared/plan/task.ts';
import type { LeasedInput } from '../sessions/told-runs.ts';

export class TabToldRuns {
  readonly #runs = new Map<number, ChunkRun>();

  /** The inputs in full; undefined: one names a run that was not told. */
  inFull(inputs: readonly LeasedInput[]): readonly TaskInput[] | undefined {
    const all: TaskInput[] = [];
    for (const input of inputs) {
      if (input.kind === 'chunks' && input.told !== undefined) this.#runs.set(input.told, input.run as unknown as ChunkRun);
      const run = input.kind === 'told' ? this.#runs.get(input.told) : undefined;
      if (input.kind === 'told' && !run) return undefined;
      all.push(run ? { kind: 'chunks', run } : (input as unknown as TaskInput));
    }
    return all;
  }
}
