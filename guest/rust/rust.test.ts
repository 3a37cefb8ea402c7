/** The Rust SDK, its template and its examples, built with the cargo that is here. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { expectSquare, expectSumOfSquares, expectWordCount, expectWords } from '../testing/acceptance.ts';
import { buildRust, RUST_BATCH, RUST_STREAM, skipName } from '../testing/toolchains.ts';

/** Building the standard library from source takes a minute, the first time. */
const SLOW_MS = 400_000;

test('the SDK has less than 150 lines', () => {
  expect(readFileSync(new URL('./src/muster.rs', import.meta.url), 'utf8').split('\n').length).toBeLessThan(150);
});

if (RUST_BATCH.missing !== undefined) test.skip(skipName(RUST_BATCH), () => undefined);
else {
  test(
    'batch guests: an aggregate, a flatMap',
    async () => {
      const module = buildRust('functions', 'library');
      await expectSumOfSquares(module);
      await expectWords(module);
    },
    SLOW_MS,
  );

  test('the template', () => expectSquare(buildRust('template', 'library')), SLOW_MS);
}

if (RUST_STREAM.missing !== undefined) test.skip(skipName(RUST_STREAM), () => undefined);
else {
  test('a stream guest counts words', () => expectWordCount(buildRust('word_count', 'command')), SLOW_MS);
}
