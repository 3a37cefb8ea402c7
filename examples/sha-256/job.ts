/** A search that ends early: many ranges of nonces at once, and as soon as one is found the job is cancelled. */
import { columns, type Example, type GuestSource, planOf, rowsAsTheyCome, spread, sql } from '../example.ts';

/** `ranges` of `rangeLength` nonces are looked through, each a task. `all`: goes on to the end, and gives the first nonce of each range. */
export const SIZES = { text: 'muster ', bits: 17, ranges: 64, rangeLength: 25_000, all: false };

const GUESTS = {
  AssemblyScript: { language: 'AssemblyScript', kind: 'batch', source: 'examples/sha-256/guest.as.ts' },
  C: { language: 'C', kind: 'batch', source: 'examples/sha-256/guest.c' },
} as const satisfies Readonly<Record<string, GuestSource>>;

/** The least nonce; with `all` that of each range which has one. Ranges come in order, so the first that comes is the least of all. */
export function sha256Search(language: keyof typeof GUESTS = 'AssemblyScript', sizes = SIZES): Example<readonly number[]> {
  const { text, bits, ranges, rangeLength, all } = sizes;
  return {
    name: `sha-256 in ${language}`,
    title: `A number that makes SHA-256 begin with ${bits} zero bits`,
    inputs: {},
    guests: { search: GUESTS[language] },
    async run(context) {
      const job = await context.submit(
        planOf({
          ranges: sql(`SELECT range * ${rangeLength} AS first, (range + 1) * ${rangeLength} AS last FROM range(${ranges})`),
          spread: spread('ranges', ranges),
          found: {
            kind: 'guest',
            operation: 'flatMap',
            input: 'spread',
            code: { kind: 'batch', module: context.code('search'), function: 'search', params: { text, bits } },
            schema: columns('nonce BIGINT'),
          },
        }),
      );
      const found: number[] = [];
      for await (const { nonce } of rowsAsTheyCome(job)) {
        found.push(Number(nonce));
        if (all) continue;
        await job.cancel();
        break;
      }
      return found;
    },
  };
}
