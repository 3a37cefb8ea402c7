import { expect, test } from 'vitest';
import { csvOf, textLines } from '../text.ts';
import { wordCountOracle } from './oracle.ts';

test('counts words', () => {
  const lines = ['the cat the dog', 'cat'].map((line, doc) => ({ doc, line }));
  expect(wordCountOracle(lines)).toEqual([
    ['cat', 2],
    ['dog', 1],
    ['the', 2],
  ]);
});

test('the text is the same each time, has frequent words and rare ones, and is CSV as it is', () => {
  const sizes = { documents: 20, linesEach: 10 };
  const lines = textLines(sizes);
  expect(lines).toHaveLength(200);
  expect(textLines(sizes)).toEqual(lines);
  const counts = wordCountOracle(lines).map(([, n]) => n);
  expect(Math.max(...counts)).toBeGreaterThan(50);
  expect(counts.filter((n) => n === 1).length).toBeGreaterThan(100);
  expect(csvOf(lines).split('\n')[1]).toBe(`0,${lines[0]?.line}`);
  expect(csvOf(lines)).not.toContain('"');
});
