/** The other way round of calendar.ts: its texts, and the usual variants of ISO 8601, as the numbers that Arrow holds. */
const DATE = /^(-?\d{4,7})-(\d\d)-(\d\d)$/;
const TIME = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?$/;
/** After a time only: a date ends like an offset. */
const ZONE = /(?<=:\d\d(?:\.\d+)?)(?:Z|([+-])(\d\d)(?::?(\d\d))?)$/;
const INTERVAL_PART = /^(-?\d+) (year|month|day)s?$/;
const INTERVAL_TIME = /^(-?)(\d+):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/;
const DAY_NANOS = 86_400_000_000_000n;
const INT64_MAX = 2n ** 63n - 1n;
const INT32_MAX = 2 ** 31 - 1;
const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const leap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;

/** Howard Hinnant's days_from_civil (https://howardhinnant.github.io/date_algorithms.html). */
function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468;
}

/** Days since 1970-01-01; undefined for what is no date. */
export function parseDate(text: string): number | undefined {
  if (text === 'infinity') return INT32_MAX;
  if (text === '-infinity') return -INT32_MAX;
  const found = DATE.exec(text);
  if (found === null) return undefined;
  const [year, month, day] = [Number(found[1]), Number(found[2]), Number(found[3])];
  if (day < 1 || day > (MONTH_DAYS[month - 1] ?? 0) || (month === 2 && day === 29 && !leap(year))) return undefined;
  return daysOf(year, month, day);
}

/** Nanoseconds since midnight. */
export function parseTimeNanos(text: string): bigint | undefined {
  const found = TIME.exec(text);
  if (found === null) return undefined;
  const [hours, minutes, seconds] = [Number(found[1]), Number(found[2]), Number(found[3] ?? 0)];
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  return BigInt(hours * 3600 + minutes * 60 + seconds) * 1_000_000_000n + BigInt((found[4] ?? '').padEnd(9, '0'));
}

/**
 * Nanoseconds since 1970-01-01T00:00:00, not bounded to 64 bits; the engine's infinities stay words. With `zoned`, text may
 * end in Z or an offset, which is taken off.
 */
export function parseTimestampNanos(text: string, zoned: boolean): bigint | 'infinity' | '-infinity' | undefined {
  if (text === 'infinity' || text === '-infinity') return text;
  const zone = zoned ? ZONE.exec(text) : null;
  const local = zone === null ? text : text.slice(0, zone.index);
  const at = local.search(/[T ]/);
  const date = parseDate(at < 0 ? local : local.slice(0, at));
  const time = at < 0 ? 0n : parseTimeNanos(local.slice(at + 1));
  if (date === undefined || time === undefined) return undefined;
  const minutes = zone?.[1] === undefined ? 0 : Number(zone[2]) * 60 + Number(zone[3] ?? 0);
  const offset = BigInt(zone?.[1] === '-' ? -minutes : minutes) * 60_000_000_000n;
  return BigInt(date) * DAY_NANOS + time - offset;
}

export const infinityOf = (word: 'infinity' | '-infinity'): bigint => (word === 'infinity' ? INT64_MAX : -INT64_MAX);

export interface Interval {
  readonly months: number;
  readonly days: number;
  readonly nanos: bigint;
}

/** The words of intervalText: `1 year 2 months 3 days 04:05:06.5`. */
export function parseInterval(text: string): Interval | undefined {
  let [months, days, nanos] = [0, 0, 0n];
  const words = text.trim().split(/\s+/);
  const clock = INTERVAL_TIME.exec(words.at(-1) ?? '');
  if (clock !== null) {
    const seconds = BigInt(clock[2] ?? 0) * 3600n + BigInt(clock[3] ?? 0) * 60n + BigInt(clock[4] ?? 0);
    nanos = seconds * 1_000_000_000n + BigInt((clock[5] ?? '').padEnd(6, '0')) * 1_000n;
    if (clock[1] === '-') nanos = -nanos;
    words.pop();
  }
  if (words.length % 2 !== 0 || (words.length === 0 && clock === null)) return undefined;
  for (let i = 0; i < words.length; i += 2) {
    const part = INTERVAL_PART.exec(`${words[i]} ${words[i + 1]}`);
    if (part === null) return undefined;
    if (part[2] === 'year') months += 12 * Number(part[1]);
    else if (part[2] === 'month') months += Number(part[1]);
    else days += Number(part[1]);
  }
  return { months, days, nanos };
}
