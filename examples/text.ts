/** Text for the examples about words: made from a seed, so that every run and every machine has the same. */
import { Prng } from '../shared/prng.ts';

const COMMON = (
  'the of and to a in that it is was for on as with he be at by had not are but from or have an they which one you were her all she ' +
  'there would their we him been has when who will more no if out so said what up its about into than them can only other new some'
).split(' ');
const SYLLABLES = 'ka lo mi ren tu sal vor be na dir go pel sha un fi mar to ques zu hal ber ed in os'.split(' ');
const RARE_WORDS = 3000;
const SEED = 20_011;

function rareWords(prng: Prng): string[] {
  const words = new Set<string>();
  while (words.size < RARE_WORDS) words.add(Array.from({ length: 2 + prng.below(3) }, () => prng.pick(SYLLABLES)).join(''));
  return [...words];
}

export interface Line {
  readonly doc: number;
  readonly line: string;
}

/** Lines of 4 to 12 words; few words are frequent and many are rare, as in any language. */
export function textLines({ documents, linesEach }: { readonly documents: number; readonly linesEach: number }): Line[] {
  const prng = new Prng(SEED);
  const rare = rareWords(prng);
  const word = (): string =>
    prng.below(3) > 0
      ? (COMMON[Math.floor(COMMON.length * prng.float() ** 2)] as string)
      : (rare[Math.floor(rare.length * prng.float() ** 3)] as string);
  return Array.from({ length: documents * linesEach }, (_, i) => ({
    doc: Math.floor(i / linesEach),
    line: Array.from({ length: 4 + prng.below(9) }, word).join(' '),
  }));
}

/** The lines as CSV with columns doc and line. No word has a comma or a quotation mark. */
export function csvOf(lines: readonly Line[]): string {
  return `doc,line\n${lines.map(({ doc, line }) => `${doc},${line}\n`).join('')}`;
}
