/**
 * Dates and times as text: `YYYY-MM-DD`, `HH:MM:SS[.ffffff]`, and the two joined by a T (ISO 8601). A fraction is written in full
 * when it is not zero. The engine's infinities stay words. Years before 1 are counted as ISO does (year 0 is 1 BC).
 */
const DAY_MICROS = 86_400_000_000n;
const INT64_MAX = 2n ** 63n - 1n;
const INT32_MAX = 2 ** 31 - 1;

const two = (value: number): string => (value < 10 ? `0${value}` : String(value));

/** Days since 1970-01-01. */
export function dateText(days: number): string {
  if (days === INT32_MAX) return 'infinity';
  if (days === -INT32_MAX) return '-infinity';
  return civil(days);
}

/** Howard Hinnant's civil_from_days (https://howardhinnant.github.io/date_algorithms.html): exact for every 32-bit day. */
function civil(days: number): string {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const years = String(Math.abs(year)).padStart(4, '0');
  return `${year < 0 ? '-' : ''}${years}-${two(month)}-${two(day)}`;
}

/** Time of day from microseconds (below 2^53) and the digits that stand for what is below a microsecond. */
function clock(micros: number, nanos = 0): string {
  const seconds = Math.floor(micros / 1_000_000);
  const fraction = micros - seconds * 1_000_000;
  const text = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  if (nanos !== 0) return `${text}.${String(fraction).padStart(6, '0')}${String(nanos).padStart(3, '0')}`;
  return fraction === 0 ? text : `${text}.${String(fraction).padStart(6, '0')}`;
}

/** Microseconds since midnight. */
export function timeText(micros: bigint): string {
  return clock(Number(micros));
}

/** Nanoseconds since midnight. */
export function timeNanosText(nanos: bigint): string {
  return clock(Number(nanos / 1000n), Number(nanos % 1000n));
}

/** Microseconds since 1970-01-01T00:00:00. */
export function timestampText(micros: bigint): string {
  return pointInTime(micros, 0);
}

/** Nanoseconds since 1970-01-01T00:00:00. */
export function timestampNanosText(nanos: bigint): string {
  if (nanos === INT64_MAX || nanos === -INT64_MAX) return pointInTime(nanos, 0);
  const rest = ((nanos % 1000n) + 1000n) % 1000n;
  return pointInTime((nanos - rest) / 1000n, Number(rest));
}

function pointInTime(micros: bigint, nanos: number): string {
  if (micros === INT64_MAX) return 'infinity';
  if (micros === -INT64_MAX) return '-infinity';
  // Most times fit a double exactly, and doubles are quicker.
  if (micros > -(2n ** 53n) && micros < 2n ** 53n) {
    const value = Number(micros);
    const days = Math.floor(value / 86_400_000_000);
    return `${civil(days)}T${clock(value - days * 86_400_000_000, nanos)}`;
  }
  const inDay = ((micros % DAY_MICROS) + DAY_MICROS) % DAY_MICROS;
  return `${civil(Number((micros - inDay) / DAY_MICROS))}T${clock(Number(inDay), nanos)}`;
}

/** An INTERVAL in the engine's own words: `1 year 2 months 3 days 04:05:06.5`. */
export function intervalText(months: number, days: number, nanos: bigint): string {
  const parts: string[] = [];
  const count = (value: number, unit: string) => {
    if (value !== 0) parts.push(`${value} ${unit}${Math.abs(value) === 1 ? '' : 's'}`);
  };
  count(Math.trunc(months / 12), 'year');
  count(months % 12, 'month');
  count(days, 'day');
  const micros = nanos / 1000n;
  if (micros !== 0n || parts.length === 0) {
    const size = micros < 0n ? -micros : micros;
    const seconds = size / 1_000_000n;
    const fraction = String(size % 1_000_000n)
      .padStart(6, '0')
      .replace(/0+$/, '');
    const text = `${two(Number(seconds / 3600n))}:${two(Number((seconds / 60n) % 60n))}:${two(Number(seconds % 60n))}`;
    parts.push(`${micros < 0n ? '-' : ''}${text}${fraction === '' ? '' : `.${fraction}`}`);
  }
  return parts.join(' ');
}
