/**
 * SQL, a guest, SQL in one task, beside the same guest alone: fed from memory by its host, and as the only step of a task. One slot, in this
 * thread, with its input loaded.
 */
import { join } from 'node:path';
import { packageRoot } from '../coordinator/cli/package-root.ts';
import { compileGuestSource } from '../guest/assemblyscript/testing/compile.ts';
import { parseStream, streamRows } from '../shared/arrow/ipc.ts';
import type { DatasetVersion } from '../shared/ids.ts';
import type { GuestStep } from '../shared/plan/physical.ts';
import type { Slot } from '../web-worker-client/slots/slot.ts';
import {
  bootedSlot,
  coded,
  moduleInput,
  named,
  planColumn,
  type TestInput,
  taskOf,
} from '../web-worker-client/slots/testing/tasks.ts';
import type { Numbers } from './guest-numbers.ts';
import type { Text } from './guest-text.ts';
import { opener, runGuest } from './guest-words.ts';
import type { WordCounter } from './word-counters.ts';

export interface ChainCase {
  readonly name: string;
  readonly guest: Pick<WordCounter, 'step' | 'module'>;
  /** One column, of this type. */
  readonly streams: readonly Uint8Array[];
  readonly type: string;
  /** Over the guest's rows, as s0. */
  readonly after: string;
  readonly columns: readonly string[];
}

/** The words of a text and how often each is there; the most frequent of them. */
export function wordChain(counter: WordCounter, { streams }: Text): ChainCase {
  const number = counter.step.code.kind === 'stream' ? 'CAST(c1 AS BIGINT)' : 'c1';
  return {
    name: `words, ${counter.language}`,
    guest: counter,
    streams,
    type: 'VARCHAR',
    after: `SELECT c0, ${number} AS n FROM s0 ORDER BY n DESC, c0 LIMIT 100`,
    columns: ['VARCHAR', 'BIGINT'],
  };
}

/** A score for each row; the mean of the good ones. */
export function scoreChain({ pieces }: Numbers): ChainCase {
  const step: GuestStep = {
    kind: 'guest',
    action: 'map',
    code: { kind: 'batch', module: 1, function: 'score' },
    rows: { sql: 'SELECT c0 FROM in0', columns: named(['x', 'DOUBLE']) },
    output: named(['score', 'DOUBLE']),
  };
  return {
    name: 'scores, AssemblyScript',
    guest: { step, module: () => compileGuestSource('examples/score.ts', join(packageRoot(), 'guest', 'assemblyscript')) },
    streams: pieces,
    type: 'DOUBLE',
    after: 'SELECT avg(c0) AS score, count(*) AS n FROM s0 WHERE c0 > 0.5',
    columns: ['DOUBLE', 'BIGINT'],
  };
}

export interface ChainTimes {
  readonly name: string;
  /** The best of each: the host alone, a task of the guest alone, SQL around it. */
  readonly hostMs: number;
  readonly taskMs: number;
  readonly chainMs: number;
}

const MEMORY_BYTES = 1536 * 1024 * 1024;
/** A machine that is busy with other things for seconds needs more rounds than were asked for. */
const ROUNDS_MOST = 25;

/** What is measured is the work without what disturbs it: the best of all rounds, once another was nearly as good. */
function settled(times: readonly number[]): boolean {
  const [best = 0, second = Number.POSITIVE_INFINITY] = [...times].sort((a, b) => a - b);
  return second <= 1.02 * best;
}

/** A resident run of one column. */
function loaded({ name, streams, type }: ChainCase): TestInput {
  const rows = streams.map((stream) => streamRows(parseStream(stream)));
  const chunks = streams.map((stream) => coded(stream));
  const column = { ...planColumn(type), ordinal: 0, slices: chunks.map(({ slice }) => slice) };
  return {
    spec: {
      kind: 'chunks',
      run: { residentKey: name, dataset: 'd', version: 'v' as DatasetVersion, chunkRows: rows, columns: [column] },
    },
    given: { kind: 'chunks', columns: [{ ordinal: 0, chunks }] },
  };
}

export async function chainTimes(chain: ChainCase, repetitions: number): Promise<ChainTimes> {
  const slot = await bootedSlot(MEMORY_BYTES);
  const { step } = chain.guest;
  const inputs = [loaded(chain), ...(chain.guest.module === undefined ? [] : [moduleInput(await chain.guest.module())])];
  const task = (steps: readonly (GuestStep | string)[], columns: readonly string[]) => () => ran(slot, steps, columns, inputs);
  const open = await opener(chain.guest);
  const ways = {
    hostMs: async () => void (await runGuest(open, chain.streams)),
    taskMs: task(
      [step],
      step.output.map(({ type }) => type),
    ),
    chainMs: task([step, chain.after], chain.columns),
  };
  const times = { hostMs: [] as number[], taskMs: [] as number[], chainMs: [] as number[] };
  for (let round = 0; round <= repetitions || (round <= ROUNDS_MOST && !Object.values(times).every(settled)); round++) {
    for (const way of ['hostMs', 'taskMs', 'chainMs'] as const) {
      const startedMs = performance.now();
      await ways[way]();
      if (round > 0) times[way].push(performance.now() - startedMs);
    }
  }
  return {
    name: chain.name,
    hostMs: Math.min(...times.hostMs),
    taskMs: Math.min(...times.taskMs),
    chainMs: Math.min(...times.chainMs),
  };
}

async function ran(
  slot: Slot,
  steps: readonly (GuestStep | string)[],
  columns: readonly string[],
  inputs: readonly TestInput[],
): Promise<void> {
  const outcome = await slot.run(taskOf(steps, columns, inputs));
  if (outcome.kind !== 'succeeded') throw new Error(JSON.stringify(outcome));
}

export function chainTable(all: readonly ChainTimes[]): string {
  const heads = ['host ms', 'task ms', 'SQL around ms', '/ host', '/ task'].map((head) => head.padStart(15)).join('');
  const lines = all.map(({ name, hostMs, taskMs, chainMs }) => {
    const figures = [
      hostMs.toFixed(1),
      taskMs.toFixed(1),
      chainMs.toFixed(1),
      (chainMs / hostMs).toFixed(2),
      (chainMs / taskMs).toFixed(2),
    ];
    return `${name.padEnd(34)}${figures.map((figure) => figure.padStart(15)).join('')}\n`;
  });
  return `${'SQL -> guest -> SQL'.padEnd(34)}${heads}\n${lines.join('')}`;
}
