/** now() and its kin as constants of the time of planning. */
import { CLOCKS } from './functions.ts';

/** Written without parentheses, they are names to the parser and clocks to the binder. */
const BARE: ReadonlyMap<string, string> = new Map([
  ['current_timestamp', 'now'],
  ['localtimestamp', 'current_localtimestamp'],
  ['current_time', 'get_current_time'],
  ['localtime', 'current_localtime'],
]);

export const CLOCK_WORDS: readonly string[] = [...CLOCKS.keys(), ...BARE.keys()];

/** The macro's own text, with the time written in. */
export function clockLiteral(word: string, nowMs: number): string {
  const lower = word.toLowerCase();
  const sql = CLOCKS.get(BARE.get(lower) ?? lower);
  if (sql === undefined) throw new RangeError(`${word} is no clock`);
  return `(${sql.replaceAll("getvariable('muster_now')", `CAST('${BigInt(Math.trunc(nowMs)) * 1000n}' AS BIGINT)`)})`;
}
