/** JavaScript values as SQL literals of DuckDB. */

/** What a literal can be made of. */
export type SqlLiteral = null | boolean | number | bigint | string | Date | Uint8Array | readonly SqlLiteral[];

const BIGINT_MAX = 2n ** 63n;
const HUGEINT_MAX = 2n ** 127n;
/** Half of a pair: it has no UTF-8. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** A name as SQL reads it, whatever characters it has. */
export function identifierSql(name: string): string {
  if (name === '' || name.includes('\0')) throw new TypeError('A name in SQL has at least one character, and no NUL.');
  return `"${name.replaceAll('"', '""')}"`;
}

export function textSql(text: string): string {
  if (LONE_SURROGATE.test(text)) throw new TypeError('This text holds half of a surrogate pair, which no SQL text can hold.');
  const quoted = text.split('\0').map((part) => `'${part.replaceAll("'", "''")}'`);
  return quoted.length === 1 ? quoted.join('') : `(${quoted.join(' || chr(0) || ')})`;
}

/** Integers up to 2^53 are integers; everything else is a DOUBLE, bit for bit. */
function numberSql(value: number): string {
  if (!Number.isFinite(value) || Object.is(value, -0)) return `CAST('${Object.is(value, -0) ? '-0.0' : value}' AS DOUBLE)`;
  if (Number.isSafeInteger(value)) return value < 0 ? `(${value})` : String(value);
  return `CAST('${value}' AS DOUBLE)`;
}

function bigintSql(value: bigint): string {
  if (value >= -BIGINT_MAX && value < BIGINT_MAX) return `CAST('${value}' AS BIGINT)`;
  if (value >= -HUGEINT_MAX && value < HUGEINT_MAX) return `CAST('${value}' AS HUGEINT)`;
  throw new TypeError(`${value} is beyond HUGEINT, the widest integer in SQL: pass it as a string.`);
}

/** The instant in UTC, as TIMESTAMP: what datasets hold has no zone. */
function dateSql(value: Date): string {
  const iso = Number.isNaN(value.getTime()) ? '' : value.toISOString();
  if (/^\d{4}-/.test(iso)) return `CAST('${iso.slice(0, 10)} ${iso.slice(11, -1)}' AS TIMESTAMP)`;
  throw new TypeError('A Date in SQL must be valid, in the years 0 to 9999.');
}

function bytesSql(value: Uint8Array): string {
  const hex = Array.from(value, (byte) => `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`);
  return `CAST('${hex.join('')}' AS BLOB)`;
}

/** For messages. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value !== 'object') return value === undefined ? 'undefined' : `a ${typeof value}`;
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name === 'string' && name !== 'Object' && name !== '' ? `a ${name}` : 'an object';
}

/** @throws TypeError for what is no SqlLiteral */
export function literalSql(value: unknown): string {
  switch (typeof value) {
    case 'boolean':
      return value ? 'true' : 'false';
    case 'number':
      return numberSql(value);
    case 'bigint':
      return bigintSql(value);
    case 'string':
      return textSql(value);
  }
  if (value === null) return 'NULL';
  if (value instanceof Date) return dateSql(value);
  if (value instanceof Uint8Array) return bytesSql(value);
  if (Array.isArray(value)) return `[${Array.from(value, literalSql).join(', ')}]`;
  throw new TypeError(
    `${kindOf(value)} cannot stand in SQL: pass null, a boolean, number, bigint, string, Date, Uint8Array, an array of these, ` +
      'a DataFrame of the same connection, or expr`...`.',
  );
}
