/**
 * Runs of chunks that a worker was told in this session. A run of 25 chunks and 4 columns takes 19 kB to name all its slices; a warm
 * query's leases name the run instead. Whoever calls `shorten` sends what it gives, in that order.
 */
import { LIMITS } from '../../shared/limits.ts';
import type { ChunkRun, TaskInput } from '../../shared/plan/task.ts';
import type { CoordinatorMessage } from '../../shared/protocol/session.ts';

export type LeasedInput = Extract<CoordinatorMessage, { type: 'lease' }>['task']['inputs'][number];

export class ToldRuns {
  /** The number of each; the one named longest ago first. */
  readonly #told = new Map<string, number>();

  shorten(inputs: readonly TaskInput[]): LeasedInput[] {
    // Only readonly marks and brands differ.
    return inputs.map((input) => (input.kind === 'chunks' ? this.#shorten(input.run) : input) as LeasedInput);
  }

  #shorten(run: ChunkRun): object {
    const key = keyOf(run);
    const known = this.#told.get(key);
    if (known !== undefined) {
      this.#told.delete(key);
      this.#told.set(key, known);
      return { kind: 'told', told: known };
    }
    const told = this.#free();
    this.#told.set(key, told);
    return { kind: 'chunks', told, run };
  }

  #free(): number {
    if (this.#told.size < LIMITS.runsTold) return this.#told.size;
    const [oldest = ['', 0] as const] = this.#told;
    this.#told.delete(oldest[0]);
    return oldest[1];
  }
}

/** A dataset's version and the chunks, which `residentKey` names, and the columns decide all slices. */
function keyOf({ residentKey, dataset, columns }: ChunkRun): string {
  return JSON.stringify([residentKey, dataset, ...columns.map((column) => column.ordinal)]);
}
