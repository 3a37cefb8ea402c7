/** Exchanges by hash: keys as columns of one wire type, bucket counts, and when no exchange is needed. */
import { parseSqlType, type SqlType } from '../../shared/arrow/types.ts';
import { LIMITS } from '../../shared/limits.ts';
import { distinctOf } from './estimates.ts';
import { castTo, type Expr, ref } from './expressions.ts';
import type { LogicalNode, Producer } from './logical.ts';
import { columnsOf } from './logical.ts';
import { bytesOf, type Hashed, type HashKey, mapBranches, movedKeys, type Relation, read } from './relation.ts';

const BUCKETS_LEAST = 16;
/** A task can take several buckets, but a bucket seldom several tasks. */
const BUCKET_BYTES = 32 * 1024 * 1024;

/** 16, or as many as the estimated bytes want; a power of two. */
export function bucketsFor(bytes: number): number {
  let count = BUCKETS_LEAST;
  while (count < LIMITS.bucketsPerBlock && bytes / count > BUCKET_BYTES) count *= 2;
  return count;
}

/** Types of which equal values may travel as different ones: a TIMETZ keeps its offset, a BIGNUM its spelling. */
function travelsApart(type: SqlType): boolean {
  switch (type.id) {
    case 'scalar':
      return type.name === 'TIME WITH TIME ZONE' || type.name === 'BIGNUM';
    case 'list':
    case 'array':
      return travelsApart(type.child);
    case 'struct':
      return type.fields.some((f) => travelsApart(f.type));
    case 'map':
      return travelsApart(type.key) || travelsApart(type.value);
    default:
      return false;
  }
}

export function isHashable(type: string): boolean {
  return !travelsApart(parseSqlType(type));
}

const INTEGERS = ['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'HUGEINT'];

/** The type in which values of both are hashed, or undefined where there is none. DuckDB's binder has made most of them one already. */
export function commonType(a: string, b: string): string | undefined {
  if (a === b) return isHashable(a) ? a : undefined;
  const [x, y] = [INTEGERS.indexOf(a), INTEGERS.indexOf(b)];
  if (x >= 0 && y >= 0) return INTEGERS[Math.max(x, y)];
  return undefined;
}

export interface Keyed {
  readonly relation: Relation;
  /** Of each key, the column where it stands. */
  readonly at: readonly number[];
  readonly keys: readonly Expr[];
}

/** Makes each key a plain column, adding those that are not to the end. */
export function withKeys(r: Relation, keys: readonly Expr[]): Keyed {
  const width = r.types.length;
  const added: Expr[] = [];
  const texts: string[] = [];
  const at = keys.map((k) => {
    if (k.kind === 'ref') return k.index;
    const text = JSON.stringify(k);
    if (!texts.includes(text)) {
      texts.push(text);
      added.push(k);
    }
    return width + texts.indexOf(text);
  });
  if (added.length === 0) return { relation: r, at, keys };
  const types = [...r.types, ...added.map((e) => e.type)];
  const relation = mapBranches(r, (b): LogicalNode => ({ op: 'project', input: b, exprs: [...columnsOf(b), ...added], types }), {
    distinct: [...r.types.map((_, i) => r.distinct[i]), ...added.map((e) => distinctOf(e, r.distinct))],
    rowBytes: r.rowBytes + 8 * added.length,
  });
  return { relation, at, keys };
}

/** Splits a relation by the hash of columns; `at` and their types are the hash's keys. `how`: as it is read. */
export function hashExchange(
  { relation: r, at, keys }: Keyed,
  count: number,
  how: { readonly each?: true } = {},
): Relation & { readonly hashed: Hashed } {
  const producer: Producer = {
    branches: r.branches,
    types: r.types,
    many: r.many,
    partitioning: { kind: 'hash', keys: [...at], count },
  };
  const found = at.map((c, i): HashKey => ({ columns: [c], narrower: narrowerColumn(keys[i]), type: r.types[c] ?? '' }));
  return { ...r, branches: [read('hash', producer, how)], many: true, hashed: { keys: found, count } };
}

/** The column of which a key is the same number in a wider type. */
function narrowerColumn(key: Expr | undefined): readonly number[] {
  if (key?.kind !== 'cast' || key.arg.kind !== 'ref' || !isWider(key.arg.type, key.type)) return [];
  return [key.arg.index];
}

function isWider(from: string, to: string): boolean {
  const [a, b] = [INTEGERS.indexOf(from), INTEGERS.indexOf(to)];
  return a >= 0 && a < b;
}

/** An expression that has just the values of a key, be it in a narrower type. */
export function hasKey(e: Expr, key: HashKey): boolean {
  if (e.kind === 'ref') return key.columns.includes(e.index) || key.narrower.includes(e.index);
  return e.type === key.type && narrowerColumn(e).some((c) => key.narrower.includes(c));
}

/** Rows that are equal in these expressions are in one task already. */
export function isTogether(r: Relation, by: readonly Expr[]): boolean {
  if (!r.hashed || r.branches.length !== 1) return false;
  return r.hashed.keys.every((k) => by.some((e) => hasKey(e, k)));
}

/** Brings rows that are equal in these expressions together, with an exchange only where that is needed. */
export function togetherBy(r: Relation, by: readonly Expr[]): Relation {
  if (!r.many || isTogether(r, by)) return r;
  const width = r.types.length;
  const keyed = withKeys(r, by);
  const split = hashExchange(keyed, bucketsFor(bytesOf(r)));
  if (keyed.relation.types.length === width) return split;
  // The added columns have done their work.
  return keepColumns(
    split,
    Array.from({ length: width }, (_, i) => i),
  );
}

/** Some columns of a relation, in this order. */
export function keepColumns(r: Relation, columns: readonly number[]): Relation {
  const types = columns.map((c) => r.types[c] ?? '');
  const exprs = columns.map((c, i) => ref(c, types[i] ?? ''));
  return {
    ...projected(r, exprs),
    rowBytes: r.rowBytes * Math.min(1, (columns.length + 1) / (r.types.length + 1)),
  };
}

/** A projection; keys that stay plain columns still say where rows are. */
export function projected(r: Relation, exprs: readonly Expr[]): Relation {
  const types = exprs.map((e) => e.type);
  const hashed = r.hashed && hashedThrough(r.hashed, exprs);
  const { hashed: _before, ...rest } = mapBranches(r, (b): LogicalNode => ({ op: 'project', input: b, exprs, types }), {
    types,
    distinct: exprs.map((e) => distinctOf(e, r.distinct)),
  });
  return hashed ? { ...rest, hashed } : rest;
}

function hashedThrough(hashed: Hashed, exprs: readonly Expr[]): Hashed | undefined {
  return movedKeys(hashed, (c) => exprs.flatMap((e, i) => (e.kind === 'ref' && e.index === c ? [i] : [])));
}

/** All columns as keys, for set operations and DISTINCT; undefined where a type cannot be hashed. */
export function allColumns(types: readonly string[]): readonly Expr[] | undefined {
  return types.every(isHashable) && types.length > 0 ? types.map((t, i) => ref(i, t)) : undefined;
}

/** A relation's columns in other types, where they differ. */
export function inTypes(r: Relation, types: readonly string[]): Relation {
  if (types.every((t, i) => t === r.types[i])) return r;
  return projected(
    r,
    types.map((t, i) => castTo(ref(i, r.types[i] ?? t), t)),
  );
}
