/**
 * Tabs have no ICU, without which the engine cannot do calendar arithmetic on TIMESTAMP WITH TIME ZONE. The planner's time zone is
 * always UTC, where such a value and the TIMESTAMP of the same digits mean the same: so the argument is cast, and the result back.
 */
import { castTo, type Expr } from './expressions.ts';

const ZONED = 'TIMESTAMP WITH TIME ZONE';

/** Functions with an overload for zoned timestamps in ICU only. Compared with the engines' lists by tab-functions.test.ts. */
export const CALENDAR: ReadonlySet<string> = new Set(
  (
    '+ - add subtract age century date_diff datediff date_part datepart date_sub datesub date_trunc datetrunc day dayname dayofmonth dayofweek dayofyear ' +
    'decade epoch epoch_ms epoch_ns epoch_us era generate_series hour isfinite isinf isodow isoyear julian last_day microsecond millennium millisecond ' +
    'minute month monthname nanosecond quarter range second strftime time_bucket week weekday weekofyear year yearweek'
  ).split(' '),
);

/** A call as it was bound, but free of zoned timestamps. */
export function withoutZone(
  fn: string,
  args: readonly Expr[],
  type: string,
  call: (args: readonly Expr[], type: string) => Expr,
): Expr {
  if (!CALENDAR.has(fn) || !args.some((a) => a.type === ZONED)) return call(args, type);
  const plain = args.map((a) => (a.type === ZONED ? castTo(a, 'TIMESTAMP') : a));
  if (type === ZONED) return castTo(call(plain, 'TIMESTAMP'), ZONED);
  return type === `${ZONED}[]` ? castTo(call(plain, 'TIMESTAMP[]'), type) : call(plain, type);
}

/** Zoned timestamps become dates and times by way of plain ones. */
export function castInUtc(arg: Expr, type: string, safe: boolean): Expr {
  const through = arg.type === ZONED && (type === 'DATE' || type === 'TIME') ? castTo(arg, 'TIMESTAMP') : arg;
  return { kind: 'cast', arg: through, type, safe };
}
