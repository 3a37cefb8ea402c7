/** Lines for accumulators among a program's words, by the rules of guest/SPEC-stream.md. */
import { describe, expect, test } from 'vitest';
import { GuestError } from '../../shared/guest/guest-error.ts';
import { LIMITS } from '../../shared/limits.ts';
import { AccumulatorBook } from '../guest/accumulator-book.ts';
import { CounterLines } from './counter-lines.ts';

/** What comes of stderr that is written in pieces of `size` bytes. */
function split(stderr: string, size: number, end: 'finish' | 'abandon' = 'finish') {
  const book = new AccumulatorBook();
  const log: number[] = [];
  const lines = new CounterLines({ add: (name, amount) => book.add(name, amount), log: (bytes) => log.push(...bytes) });
  const bytes = new TextEncoder().encode(stderr);
  for (let at = 0; at < bytes.length; at += size) lines.add(bytes.subarray(at, at + size));
  lines[end]();
  return { sums: book.sums(), log: new TextDecoder().decode(new Uint8Array(log)) };
}

const TEXT = `words
reporter:counter:files,empty,1
repor
reporter:status:half done
reporter:counter:files,empty,2
 reporter:counter:not,one,1
reporter:counter:bytes,read, all,-2.5e3\r
the end`;
const LOG = `words
repor
reporter:status:half done
 reporter:counter:not,one,1
the end`;

describe('S-36: lines for accumulators', () => {
  test.each([1, 3, 17, 18, 1000])('in pieces of %i bytes', (size) => {
    expect(split(TEXT, size)).toEqual({ sums: { 'bytes.read, all': -2500, 'files.empty': 3 }, log: LOG });
  });

  test('a last line needs no end; of a program that fails it is words', () => {
    expect(split('reporter:counter:a,b,1', 5)).toEqual({ sums: { 'a.b': 1 }, log: '' });
    expect(split('reporter:counter:a,b,1', 5, 'abandon')).toEqual({ sums: undefined, log: 'reporter:counter:a,b,1' });
    expect(split('report', 5)).toEqual({ sums: undefined, log: 'report' });
  });

  test.each([
    ['reporter:counter:a,b\n', 'no group, counter and amount'],
    ['reporter:counter:a,b,\n', 'its amount is ""'],
    ['reporter:counter:a,b,many\n', 'its amount is "many"'],
    ['reporter:counter:a,b,Infinity\n', 'its amount is "Infinity"'],
    [`reporter:counter:a,${'b'.repeat(300)},1\n`, 'more than 256 bytes'],
    [`reporter:counter:a,${'b'.repeat(LIMITS.accumulatorNameBytes - 1)},1\n`, 'has 65 bytes; 64 are allowed'],
  ])('%j is the author’s error', (line, why) => {
    expect(() => split(line, 7)).toThrow(GuestError);
    expect(() => split(line, 7)).toThrow(why);
  });
});
