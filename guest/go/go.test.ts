/** The Go SDK, its template and its examples, built with the go that is here. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { expectSquare, expectSumOfSquares, expectWordCount, expectWords } from '../testing/acceptance.ts';
import { buildGo, GO, skipName } from '../testing/toolchains.ts';

const SLOW_MS = 240_000;

test('the SDK has less than 150 lines', () => {
  expect(readFileSync(new URL('./muster/muster.go', import.meta.url), 'utf8').split('\n').length).toBeLessThan(150);
});

if (GO.missing !== undefined) test.skip(skipName(GO), () => undefined);
else {
  test(
    'batch guests: an aggregate, a flatMap',
    async () => {
      const module = buildGo('sumsquares', 'library');
      await expectSumOfSquares(module);
      await expectWords(module);
    },
    SLOW_MS,
  );

  test('the template', () => expectSquare(buildGo('template', 'library')), SLOW_MS);

  test('a stream guest counts words', () => expectWordCount(buildGo('wordcount', 'command')), SLOW_MS);
}
