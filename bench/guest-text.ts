/** Text for the word counts of the guest bench, made from a seed: lines as streams of 64 Ki rows, and how often each word is there. */
import { Canonicaliser } from '../shared/arrow/canonical.ts';
import { BATCH_ROWS } from '../shared/guest/abi.ts';
import { Prng } from '../shared/prng.ts';

export interface Text {
  readonly rows: number;
  /** UTF-8, with a byte for each line's end. */
  readonly bytes: number;
  /** One VARCHAR column, `line`. */
  readonly streams: readonly Uint8Array[];
  readonly counts: ReadonlyMap<string, number>;
}

const SEED = 1851;
const VOCABULARY = 20_000;
/** Words of a line. */
const WORDS = { least: 5, most: 15 };

function vocabulary(prng: Prng): string[] {
  const letter = (): string => String.fromCharCode(97 + prng.below(26));
  const words = new Set<string>();
  // Frequent words come first, and are short.
  while (words.size < VOCABULARY) {
    words.add(Array.from({ length: 2 + prng.below(3) + Math.floor(Math.log10(words.size + 1) * 1.5) }, letter).join(''));
  }
  return [...words];
}

/** At least so many bytes. Ranks are drawn from a distribution close to Zipf's, as words of a language are. */
export function textOf(bytes: number): Text {
  const prng = new Prng(SEED);
  const words = vocabulary(prng);
  const counts = new Map<string, number>();
  const streams: Uint8Array[] = [];
  const utf8 = new TextEncoder();
  let made = 0;
  let rows = 0;
  while (made < bytes) {
    const offsets = new Int32Array(BATCH_ROWS + 1);
    const lines: string[] = [];
    for (let row = 0; row < BATCH_ROWS; row++) {
      const line: string[] = [];
      for (let i = WORDS.least + prng.below(WORDS.most - WORDS.least + 1); i > 0; i--) {
        const word = words[Math.floor(VOCABULARY ** prng.float()) - 1] ?? '';
        counts.set(word, (counts.get(word) ?? 0) + 1);
        line.push(word);
      }
      const text = line.join(' ');
      lines.push(text);
      offsets[row + 1] = (offsets[row] ?? 0) + text.length;
    }
    const canonical = new Canonicaliser([{ name: 'line', wire: 'VARCHAR' }], BATCH_ROWS);
    const view = { rows: BATCH_ROWS, validity: null, offsets, data: utf8.encode(lines.join('')), children: [] };
    canonical.addColumns([view], BATCH_ROWS);
    streams.push(canonical.finish().bytes);
    made += (offsets[BATCH_ROWS] ?? 0) + BATCH_ROWS;
    rows += BATCH_ROWS;
  }
  return { rows, bytes: made, streams, counts };
}
