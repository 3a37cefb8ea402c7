/** The same search, one nonce after the other, with whichever SHA-256 is at hand. */
import type { SIZES } from './job.ts';

/** SHA-256 of a text, in hexadecimal. */
type Sha256 = (text: string) => string;

export function sha256Oracle(sha256: Sha256, { text, bits, ranges, rangeLength, all }: typeof SIZES): readonly number[] {
  const found: number[] = [];
  for (let range = 0; range < ranges && (all || found.length === 0); range++) {
    const nonce = firstIn(
      range * rangeLength,
      (range + 1) * rangeLength,
      (n) => Math.clz32(firstWord(sha256(`${text}${n}`))) >= bits,
    );
    if (nonce !== undefined) found.push(nonce);
  }
  return found;
}

const firstWord = (digest: string): number => Number.parseInt(digest.slice(0, 8), 16);

function firstIn(first: number, last: number, isFound: (nonce: number) => boolean): number | undefined {
  for (let nonce = first; nonce < last; nonce++) if (isFound(nonce)) return nonce;
  return undefined;
}
