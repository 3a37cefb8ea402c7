/** How fast a shuffle splits, moves and loads, from one run that is watched: beside the timed ones, which nothing looks at. */
import type { JobJson } from '../client/index.ts';
import { countersOf } from '../playwright/grid.ts';

const MiB = 2 ** 20;
/** Between two looks at what the relay has passed on. */
const LOOK_MS = 20;
const SPLIT = /split by (hash|range)/;

export interface Rate {
  readonly rowsPerSecond: number;
  readonly mibPerSecond: number;
}

export interface ShuffleRates {
  /** Of all stages that split their output. */
  readonly madeRows: number;
  readonly madeMiB: number;
  /** Of one slot while it does just that: rows into buckets and digests, and buckets into the engine's tables. */
  readonly split: Rate;
  readonly load: Rate;
  /** Of all slots together, through the coordinator, from the first byte to the last; what slots compute meanwhile does not stop it. */
  readonly move: Rate;
}

/** When the relay passed on how much. */
export interface Passage {
  readonly bytes: number;
  readonly ms: number;
}

/** Asks again and again for what the relay has passed on while `work` is done. */
export async function watchPassage<T>(
  relayedBytes: () => Promise<number>,
  work: () => Promise<T>,
): Promise<{ readonly passage: Passage; readonly result: T }> {
  const before = await relayedBytes();
  let bytes = before;
  let [firstMs, lastMs] = [0, 0];
  let done = false;
  const watching = (async () => {
    while (!done) {
      const askedMs = performance.now();
      const now = await relayedBytes();
      if (now > bytes) {
        // It began to move after the look before.
        if (bytes === before) firstMs = askedMs - LOOK_MS;
        lastMs = performance.now();
        bytes = now;
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  })();
  try {
    const result = await work();
    return { result, passage: { bytes: (await relayedBytes()) - before, ms: lastMs - firstMs } };
  } finally {
    done = true;
    await watching;
  }
}

export function ratesOf(job: JobJson, { bytes, ms }: Passage): ShuffleRates {
  const { packMs, loadMs, bytesLoaded } = countersOf(job);
  const stages = job.stages.filter(({ title, state }) => state === 'successful' && SPLIT.test(title));
  const madeRows = stages.reduce((sum, stage) => sum + stage.rows, 0);
  const madeBytes = stages.reduce((sum, stage) => sum + stage.bytes, 0);
  const rate = (rows: number, of: number, inMs: number): Rate =>
    inMs > 0
      ? { rowsPerSecond: (rows / inMs) * 1000, mibPerSecond: (of / MiB / inMs) * 1000 }
      : { rowsPerSecond: 0, mibPerSecond: 0 };
  return {
    madeRows,
    madeMiB: madeBytes / MiB,
    split: rate(madeRows, madeBytes, packMs),
    load: rate(madeRows, bytesLoaded, loadMs),
    move: rate(madeBytes > 0 ? (madeRows * bytes) / madeBytes : 0, bytes, ms),
  };
}
