/** Runs of chunks that leases of this session told in full, and later ones name by number. */
import type { CoordinatorMessage } from '../../shared/protocol/session.ts';
import { BadMessageError } from './messages.ts';

type LeasedInput = Extract<CoordinatorMessage, { type: 'lease' }>['task']['inputs'][number];
type Told = Extract<LeasedInput, { kind: 'told' }>;
type Chunks = Extract<LeasedInput, { kind: 'chunks' }>;

export class ToldRuns {
  readonly #runs = new Map<number, Chunks['run']>();

  /** The inputs in full. Call it for every lease, in the order in which they came. Throws BadMessageError. */
  inFull(inputs: readonly LeasedInput[]): readonly Exclude<LeasedInput, Told>[] {
    return inputs.map((input) => {
      if (input.kind === 'told') return { kind: 'chunks', run: this.#find(input.told) };
      if (input.kind === 'chunks' && input.told !== undefined) this.#runs.set(input.told, input.run);
      return input;
    });
  }

  #find(told: number): Chunks['run'] {
    const run = this.#runs.get(told);
    if (!run) throw new BadMessageError(`a lease names run ${told}, which this session was not told`);
    return run;
  }
}
