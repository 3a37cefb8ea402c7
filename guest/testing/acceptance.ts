/** What the examples of every language must do alike: the same functions under the same names, the same answers. */
import { expect } from 'vitest';
import { rowsOf, streamOf } from '../../shared/arrow/testing.ts';
import { LIMITS } from '../../shared/limits.ts';
import { AccumulatorBook } from '../../web-worker-client/guest/accumulator-book.ts';
import type { Guest, GuestOutput } from '../../web-worker-client/guest/guest.ts';
import { openGuest } from '../../web-worker-client/guest/index.ts';
import { runStreamTask } from '../../web-worker-client/guest-stream/run-stream-task.ts';

const TEXT = ['the cat  the dog', '', 'déjà\tvu the end', ' x', 'cat'];
const COUNTS = [
  ['cat', '2'],
  ['dog', '1'],
  ['déjà', '1'],
  ['end', '1'],
  ['the', '3'],
  ['vu', '1'],
  ['x', '1'],
];

const open = (module: WebAssembly.Module, name: string, accumulators = new AccumulatorBook()): Promise<Guest> =>
  openGuest('batch', module, { function: name, seed: 1n, limits: { memoryBytesMax: LIMITS.guestMemoryBytes }, accumulators });

const rows = (outputs: readonly GuestOutput[]): unknown[][] => outputs.flatMap(({ stream }) => rowsOf(stream));

/** A stream guest that counts words: lines in, word TAB count out, sorted by bytes; also where words cross blocks of input. */
export function expectWordCount(module: WebAssembly.Module): void {
  const count = (lines: readonly (string | null)[]): unknown[][] => {
    const streams = [streamOf([{ name: 'line', wire: 'VARCHAR', values: lines }])];
    const columns = [{ name: 'line', wire: 'VARCHAR' }];
    const task = { module, table: { columns, streams }, partition: 0, seed: 1n };
    return rowsOf(runStreamTask({ ...task, inputFormat: 'lines', outputFormat: 'tsv' }).stream.bytes);
  };
  expect(count(TEXT)).toEqual(COUNTS);
  expect(count([])).toEqual([]);
  const long = Array.from({ length: 60_000 }, (_, i) => `${'abcdefghij'.slice(i % 7)} w${i % 3}`);
  const expected = new Map<string, number>();
  for (const word of long.flatMap((line) => line.split(' '))) expected.set(word, (expected.get(word) ?? 0) + 1);
  const sorted = [...expected].map(([word, n]) => [word, String(n)]).sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
  expect(count(long)).toEqual(sorted);
  const giant = 'g'.repeat(600_000);
  expect(count([giant, `${giant} ${giant}`])).toEqual([[giant, '3']]);
}

/** `sumsq`: an aggregate whose parts are merged; NULLs count for nothing. */
export async function expectSumOfSquares(module: WebAssembly.Module): Promise<void> {
  const part = async (values: readonly (number | null)[]): Promise<Uint8Array> => {
    const guest = await open(module, 'sumsq');
    // Two batches: state lives from one call to the next.
    expect(await guest.batch(streamOf([{ name: 'x', wire: 'DOUBLE', values: values.slice(0, 20) }]))).toEqual([]);
    await guest.batch(streamOf([{ name: 'x', wire: 'DOUBLE', values: values.slice(20) }]));
    const [output] = await guest.endPartial();
    guest.close();
    return output?.stream ?? new Uint8Array();
  };
  const values = Array.from({ length: 101 }, (_, i) => i - 50);
  const parts = [await part(values), await part([3, null, 4])];
  const merger = await open(module, 'sumsq');
  for (const stream of parts) await merger.merge(stream);
  expect(rows(await merger.endFinal())).toEqual([[values.reduce((sum, x) => sum + x * x, 0) + 25, 103n]]);
  merger.close();
}

/** `words`: a flatMap from text to words and their lengths in bytes, which counts them as `words`. */
export async function expectWords(module: WebAssembly.Module): Promise<void> {
  const accumulators = new AccumulatorBook();
  const guest = await open(module, 'words', accumulators);
  const found = rows(await guest.batch(streamOf([{ name: 'line', wire: 'VARCHAR', values: [...TEXT, null] }])));
  expect(found).toEqual([
    ...['the', 'cat', 'the', 'dog'].map((word) => [word, 3]),
    ['déjà', 6],
    ['vu', 2],
    ['the', 3],
    ['end', 3],
    ['x', 1],
    ['cat', 3],
  ]);
  expect(rows(await guest.batch(streamOf([{ name: 'line', wire: 'VARCHAR', values: [null] }])))).toEqual([]);
  expect(accumulators.sums()).toEqual({ words: found.length });
  guest.close();
}

/** `square` of the template, in its last column. */
export async function expectSquare(module: WebAssembly.Module): Promise<void> {
  const guest = await open(module, 'square');
  const found = rows(await guest.batch(streamOf([{ name: 'x', wire: 'DOUBLE', values: [1.5, -2, 0] }])));
  expect(found.map((row) => row.at(-1))).toEqual([2.25, 4, 0]);
  guest.close();
}
