/**
 * A slot that computes nothing: what is left of a task is the way that it goes, from the coordinator's decision to its acceptance. Its
 * outcome is a row or some in each bucket, in bytes and with digests that are right.
 */

import { columnStream } from '../shared/arrow/column-writer.ts';
import { bucketCount } from '../shared/arrow/split.ts';
import { digestOf, digestOfBlock } from '../shared/hash.ts';
import type { Prng } from '../shared/prng.ts';
import type { SlotApi, SlotOutcome, SlotTask } from '../shared/slots/api.ts';

type Succeeded = Extract<SlotOutcome, { readonly kind: 'succeeded' }>;

/** What the slots of a process are told together, while they run. */
export interface Pretence {
  /** How long a task takes on average, 0: nothing at all. Drawn anew for each between half and one and a half of it. */
  computeMs: number;
  /** Of an output, in equal parts in its buckets; a row in each if nothing is said. */
  readonly blockRows?: number;
}

/** The only column that the bench's plans have. */
const WIRE = 'BIGINT';
/** Of a value's eight. */
const RANDOM_BYTES = 5;

export class NoopSlot implements SlotApi {
  readonly #pretence: Pretence;
  readonly #random: Prng;
  readonly #outcomes: Map<number, Succeeded>;

  /** `outcomes` are shared by the slots of a process, by number of buckets. */
  constructor(pretence: Pretence, random: Prng, outcomes: Map<number, Succeeded>) {
    this.#pretence = pretence;
    this.#random = random;
    this.#outcomes = outcomes;
  }

  async boot(): Promise<{ readonly engineVersion: string }> {
    return { engineVersion: 'no-op' };
  }

  async run({ spec }: SlotTask): Promise<SlotOutcome> {
    const { columns, partitioning } = spec.output;
    const [column, ...others] = columns;
    if (column?.wire !== WIRE || others.length > 0) throw new Error(`a no-op slot makes one ${WIRE} column`);
    const outcome = this.#outcomeOf(bucketCount(partitioning));
    const { computeMs } = this.#pretence;
    if (computeMs === 0) return outcome;
    const beganMs = performance.now();
    await new Promise((resolve) => setTimeout(resolve, computeMs * (0.5 + this.#random.float())));
    return { ...outcome, costs: { ...outcome.costs, computeMs: performance.now() - beganMs } };
  }

  async cancel(): Promise<void> {}

  async setShare(): Promise<void> {}

  async dropResidents(): Promise<readonly []> {
    return [];
  }

  #outcomeOf(buckets: number): Succeeded {
    const known = this.#outcomes.get(buckets);
    if (known) return known;
    const rows = Math.ceil((this.#pretence.blockRows ?? buckets) / buckets);
    // Where there are many, bytes that do not become fewer when they are coded; sums of such values fit into a BIGINT.
    const data = new Uint8Array(8 * rows).map((_, at) => (rows > 1 && at % 8 < RANDOM_BYTES ? this.#random.below(256) : 0));
    const values = { validity: null, offsets: null, data, rows, children: [] };
    const stream = columnStream('c0', WIRE, rows, values);
    const info = { rows, bytes: stream.byteLength, digest: digestOf(stream) };
    const infos = Array.from({ length: buckets }, () => info);
    const outcome: Succeeded = {
      kind: 'succeeded',
      digest: digestOfBlock(infos),
      buckets: infos,
      streams: infos.map(() => stream),
      residents: [],
      costs: { loadMs: 0, computeMs: 0, packMs: 0, loadedBytes: 0 },
    };
    this.#outcomes.set(buckets, outcome);
    return outcome;
  }
}
