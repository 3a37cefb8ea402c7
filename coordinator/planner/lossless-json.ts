/**
 * DuckDB writes 64-bit and 128-bit integers as bare digits and NaN or Infinity as bare words: JSON.parse rounds the first and
 * refuses the second. This parser gives integers beyond 15 digits as bigint and the words as numbers.
 */
export type Json = null | boolean | number | bigint | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** Thrown where DuckDB's plan has a shape that this planner does not know; the query then goes down the fallback ladder. */
export class UnsupportedPlan extends Error {
  override name = 'UnsupportedPlan';
  readonly operator: string;
  constructor(operator: string, why: string) {
    super(why);
    this.operator = operator;
  }
}

const TOKEN = /"(?:[^"\\]|\\.)*"|-?(?:Infinity|NaN|inf|nan)|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/** Before a number that travels as text; no text of a query begins like this by accident. */
const MARK = `${String.fromCharCode(0)}muster:`;

function protect(token: string): string {
  if (token.startsWith('"')) return token;
  const word = /[Nn]/.test(token);
  const long = token.length > 15 && /^-?\d+$/.test(token);
  return word || long ? `"\\u0000muster:${token}"` : token;
}

function revive(_key: string, value: unknown): unknown {
  if (typeof value !== 'string' || !value.startsWith(MARK)) return value;
  const text = value.slice(MARK.length);
  if (/nan/i.test(text)) return Number.NaN;
  if (/inf/i.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return /^-?\d+$/.test(text) ? BigInt(text) : value;
}

export function parseLossless(text: string): Json {
  return JSON.parse(text.replace(TOKEN, protect), revive) as Json;
}

export function objectOf(value: Json | undefined, what: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UnsupportedPlan(what, `${what} is not an object`);
  return value as JsonObject;
}

/** An absent or null list is an empty one. */
export function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: Json | undefined, what: string): string {
  if (typeof value !== 'string') throw new UnsupportedPlan(what, `${what} is not text`);
  return value;
}

/** An integer that fits a JavaScript number. */
export function intOf(value: Json | undefined, what: string): number {
  const n = typeof value === 'bigint' ? Number(value) : value;
  if (typeof n !== 'number' || !Number.isInteger(n)) throw new UnsupportedPlan(what, `${what} is not an integer`);
  return n;
}

/** DuckDB's marker for "no such index" is 2^64-1. */
export function isInvalidIndex(value: Json | undefined): boolean {
  return typeof value === 'bigint' && value === 18446744073709551615n;
}
