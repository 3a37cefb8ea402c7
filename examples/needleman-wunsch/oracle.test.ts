import { expect, test } from 'vitest';
import { SIZES } from './job.ts';
import { alignmentScore, needlemanWunschOracle } from './oracle.ts';
import { sequences } from './sequences.ts';

test('known alignments', () => {
  expect(alignmentScore('ACGT', 'ACGT')).toBe(4);
  expect(alignmentScore('', 'ACG')).toBe(-6);
  expect(alignmentScore('GATTACA', 'GCATGCT')).toBe(-1);
  expect(alignmentScore('ACGT', 'AGT')).toBe(1);
});

test('members of a family are alike, those of two are not', () => {
  const scores = needlemanWunschOracle(sequences({ ...SIZES, length: 100 }));
  expect(scores).toHaveLength((24 * 23) / 2);
  const family = (member: number): number => Math.floor(member / SIZES.membersEach);
  const [inside, across] = [true, false].map((same) =>
    scores.filter(([a, b]) => (family(a) === family(b)) === same).map(([, , score]) => score),
  );
  expect(Math.min(...(inside ?? []))).toBeGreaterThan(Math.max(...(across ?? [])));
});
