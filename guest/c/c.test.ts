/** The C SDK, its template and its examples, built with the clang that is here. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { expectSquare, expectSumOfSquares, expectWordCount, expectWords } from '../testing/acceptance.ts';
import { buildCBatch, buildCStream, C_BATCH, C_STREAM, skipName } from '../testing/toolchains.ts';

test('the SDK has less than 150 lines', () => {
  expect(readFileSync(new URL('./muster.h', import.meta.url), 'utf8').split('\n').length).toBeLessThan(150);
});

if (C_BATCH.missing !== undefined) test.skip(skipName(C_BATCH), () => undefined);
else {
  describe('batch guests', () => {
    test('an aggregate, a flatMap', async () => {
      const module = buildCBatch('examples/functions.c');
      await expectSumOfSquares(module);
      await expectWords(module);
    });

    test('the template', () => expectSquare(buildCBatch('template.c')));
  });
}

if (C_STREAM.missing !== undefined) test.skip(skipName(C_STREAM), () => undefined);
else {
  test('a stream guest counts words', () => expectWordCount(buildCStream('examples/word_count_stream.c')), 60_000);
}
