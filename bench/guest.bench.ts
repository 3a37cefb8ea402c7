/**
 * `muster bench guest`: what the batch ABI costs, copies included, beside loops over the same numbers in JavaScript and C; the same word
 * count in five languages; and what SQL around a guest adds.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../coordinator/cli/package-root.ts';
import { compileGuestSource } from '../guest/assemblyscript/testing/compile.ts';
import { compileGuest, type Guest, openGuest } from '../web-worker-client/guest/index.ts';
import { type ChainTimes, chainTable, chainTimes, scoreChain, wordChain } from './guest-chain.ts';
import { doubles, type Numbers } from './guest-numbers.ts';
import { type Text, textOf } from './guest-text.ts';
import { type WordSpeed, wordSpeed, wordTable } from './guest-words.ts';
import { nativeLoop } from './native-loop.ts';
import { median } from './statistics.ts';
import { type WordCounter, wordCounters } from './word-counters.ts';

export const summary =
  'Guest modules: the batch ABI beside JavaScript and native C, a word count in five languages, SQL around guests';

export interface BenchOptions {
  readonly repetitions?: number;
  readonly rows?: number;
  readonly out?: string;
  readonly print: (text: string) => void;
  readonly note: (line: string) => void;
}

const ROWS = 10_000_000;
const REPETITIONS = 15;
/** Times the JavaScript loop, and the native one; MB/s of the word count in C; SQL around a guest, times the guest's task alone. */
const BOUNDS = { javascript: 1.5, native: 2, wordsMegabytes: 100, sqlAround: 1.15 };
const TEXT_BYTES = 16_000_000;
/** Word counts and chains take longer each. */
const FEWER_REPETITIONS = 7;

/** Resolves with the milliseconds that it took. */
interface Way {
  readonly name: string;
  run(): Promise<number>;
}

export async function run({ repetitions = REPETITIONS, rows = ROWS, out, print, note }: BenchOptions): Promise<number> {
  const numbers = doubles(rows);
  const { measured, ratios } = await againstLoops(numbers, repetitions, note);
  print(loopTable(measured, rows));
  print(`guest / JavaScript loop ${ratios.javascript.toFixed(2)} (bound ${BOUNDS.javascript})`);
  print(Number.isNaN(ratios.native) ? '\n' : `, guest / native C ${ratios.native.toFixed(2)} (bound ${BOUNDS.native})\n`);

  const fewer = Math.min(repetitions, FEWER_REPETITIONS);
  const text = textOf(TEXT_BYTES);
  const counters = await wordCounters(1);
  const words: WordSpeed[] = [];
  for (const counter of counters) words.push(await wordSpeed(counter, text, fewer));
  print(`\n${wordTable(words, text)}`);
  const chains = await aroundGuests(counters, text, numbers, fewer);
  print(`\n${chainTable(chains)}SQL around / the guest's task: bound ${BOUNDS.sqlAround}\n`);

  const folder = out ?? join('bench', 'out');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'guest.json');
  writeFileSync(
    path,
    `${JSON.stringify({ rows, bounds: BOUNDS, ratios, measured, textBytes: text.bytes, words, chains }, null, 2)}\n`,
  );
  note(`written to ${path}`);
  const inC = words.find(({ language }) => language === 'C')?.megabytesPerSecond;
  const within = [
    ratios.javascript <= BOUNDS.javascript,
    !(ratios.native > BOUNDS.native),
    inC === undefined || inC >= BOUNDS.wordsMegabytes,
    chains.every(({ taskMs, chainMs }) => chainMs <= BOUNDS.sqlAround * taskMs),
  ];
  return within.every(Boolean) ? 0 : 1;
}

async function aroundGuests(
  counters: readonly WordCounter[],
  text: Text,
  numbers: Numbers,
  repetitions: number,
): Promise<readonly ChainTimes[]> {
  const times: ChainTimes[] = [];
  for (const counter of counters) {
    if (counter.missing === undefined) times.push(await chainTimes(wordChain(counter, text), repetitions));
  }
  times.push(await chainTimes(scoreChain(numbers), repetitions));
  return times;
}

interface Measured {
  readonly name: string;
  readonly bestMs: number;
  readonly medianMs: number;
}

async function againstLoops(
  numbers: Numbers,
  repetitions: number,
  note: BenchOptions['note'],
): Promise<{ measured: readonly Measured[]; ratios: { javascript: number; native: number } }> {
  const ways: Way[] = [javascriptLoop(numbers), await sumGuest(numbers), copyAlone(numbers), await mapGuest(numbers)];
  const native = nativeLoop(numbers.values.length);
  if (native === undefined) note('gcc is not installed: no native loop');
  else ways.push({ name: 'native C, gcc -O3', run: async () => native.run() });
  const times = new Map<string, number[]>(ways.map((way) => [way.name, []]));
  // In turn, so that a busy moment hits all; the first round warms up.
  for (let round = 0; round <= repetitions; round++) {
    for (const way of ways) {
      const ms = await way.run();
      if (round > 0) times.get(way.name)?.push(ms);
    }
  }
  native?.close();
  const measured = [...times].map(([name, ms]) => ({ name, bestMs: Math.min(...ms), medianMs: median(ms) }));
  const of = (name: string): number => measured.find((m) => m.name.startsWith(name))?.medianMs ?? Number.NaN;
  const guest = of('guest, sum');
  return { measured, ratios: { javascript: guest / of('JavaScript'), native: guest / of('native') } };
}

async function timed(work: () => Promise<void> | void): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

function expectSum(found: number, numbers: Numbers, who: string): void {
  if (Math.abs(found - numbers.sumOfSquares) > 1e-9 * numbers.sumOfSquares) throw new Error(`${who}: ${found} is a wrong sum`);
}

function javascriptLoop(numbers: Numbers): Way {
  const loop = (values: Float64Array): number => {
    let sum = 0;
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number;
      sum += value * value;
    }
    return sum;
  };
  return {
    name: 'JavaScript loop over a Float64Array',
    run: () => timed(() => expectSum(loop(numbers.values), numbers, 'JavaScript')),
  };
}

async function opener(example: string, functionName: string): Promise<() => Promise<Guest>> {
  const wasm = await compileGuestSource(`examples/${example}.ts`, join(packageRoot(), 'guest', 'assemblyscript'));
  const { module, admitted } = await compileGuest(wasm);
  const limits = { memoryBytesMax: admitted.memoryBytesMax };
  return () => openGuest('batch', module, { function: functionName, seed: 1n, limits });
}

/** Everything: a new instance, all batches copied in, the sum out. */
async function sumGuest(numbers: Numbers): Promise<Way> {
  const open = await opener('sum-of-squares', 'sumOfSquares');
  return {
    name: 'guest, sum of squares (AssemblyScript, SIMD)',
    run: () =>
      timed(async () => {
        const guest = await open();
        await guest.batch(numbers.stream);
        const [sum] = await guest.endFinal();
        guest.close();
        expectSum(numbers.firstValueOf(sum?.stream), numbers, 'the guest');
      }),
  };
}

function copyAlone(numbers: Numbers): Way {
  const memory = new WebAssembly.Memory({ initial: 32 });
  const target = new Float64Array(memory.buffer, 0, 65_536);
  return {
    name: 'copying the batches into a memory alone',
    run: () =>
      timed(() => {
        for (let at = 0; at < numbers.values.length; at += 65_536) target.set(numbers.values.subarray(at, at + 65_536));
      }),
  };
}

/** Two columns out for one in: 160 MB through emit at the default size. */
async function mapGuest(numbers: Numbers): Promise<Way> {
  const open = await opener('map', 'square');
  return {
    name: 'guest, map to two columns (SDK, row by row)',
    run: () =>
      timed(async () => {
        const guest = await open();
        for (const stream of numbers.pieces) await guest.batch(stream);
        guest.close();
      }),
  };
}

function loopTable(measured: readonly Measured[], rows: number): string {
  const cell = (value: number, digits = 1): string => value.toFixed(digits).padStart(12);
  const lines = measured.map(
    (m) => `${m.name.padEnd(46)}${cell(m.bestMs)}${cell(m.medianMs)}${cell(rows / m.medianMs / 1000, 0)}\n`,
  );
  const heads = ['best ms', 'median ms', 'M rows/s'].map((h) => h.padStart(12)).join('');
  return `${`${rows} doubles`.padEnd(46)}${heads}\n${lines.join('')}`;
}
