/** now() and its kin as constants of the time of planning. */
import { CLOCKS } from './functions.ts';

export const CLOCK_WORDS: readonly string[] = [
  ...CLOCKS.keys(),
  'current_timestamp',
  'localtimestamp',
  'current_time',
  'localtime',
];

/** The macro's own text, with the time written in. */
export function clockLiteral(name: string, nowMs: number): string {
  const key = name.toLowerCase();
  const sql = CLOCKS.get(key) ?? CLOCKS.get('now') ?? '';
  return `(${sql.replaceAll("getvariable('muster_now')", `CAST('${BigInt(Math.trunc(nowMs)) * 1000n}' AS BIGINT)`)})`;
}
