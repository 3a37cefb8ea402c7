/** DNA of a few families: copies of an ancestor with letters changed, lost and added. Made from a seed. */
import { Prng } from '../../shared/prng.ts';

const LETTERS = 'ACGT';
const SEED = 1970;

export interface Sizes {
  readonly families: number;
  readonly membersEach: number;
  readonly length: number;
}

export function sequences({ families, membersEach, length }: Sizes): string[] {
  const prng = new Prng(SEED);
  const letter = (): string => LETTERS[prng.below(4)] as string;
  const mutated = (ancestor: string): string =>
    [...ancestor].map((at) => ({ 0: letter(), 1: '', 2: at + letter() })[prng.below(25)] ?? at).join('');
  return Array.from({ length: families }, () => Array.from({ length }, letter).join('')).flatMap((ancestor) =>
    Array.from({ length: membersEach }, () => mutated(ancestor)),
  );
}
