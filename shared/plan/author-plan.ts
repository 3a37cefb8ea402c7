/**
 * A job that is more than one query: named relations, each made of SQL or by a guest, over datasets and relations before it. What a
 * client's DataFrame or Rdd becomes, and the `plan` of `POST /v1/jobs`. Relations are lazy: only what the result needs is made.
 */
import Type, { type Static } from 'typebox';
import { LIMITS } from '../limits.ts';
import type { CacheLevel } from './physical.ts';

/** As SQL names it: unquoted, so that it can stand in queries as it is. */
const RelationName = Type.String({
  pattern: '^[A-Za-z_][A-Za-z0-9_]{0,62}$',
  description: 'a name that SQL can say unquoted: a letter or _, then letters, digits or _, 63 in all at most',
});
const ColumnName = Type.String({ minLength: 1, maxLength: 255 });
/** `type` is DuckDB's name of the type, e.g. `DECIMAL(15,2)`. */
const Column = Type.Object(
  { name: ColumnName, type: Type.String({ minLength: 1, maxLength: 2000 }) },
  { additionalProperties: false },
);
const Columns = Type.Array(Column, { minLength: 1, maxItems: 1000 });
const Scalar = Type.Union([Type.Boolean(), Type.Number(), Type.String()]);
const Params = Type.Record(Type.String(), Type.Union([Scalar, Type.Array(Scalar, { maxItems: 100_000 })]));

/** Of one relation; a task's output is split into at most so many buckets. */
const Partitions = Type.Integer({ minimum: 1, maximum: LIMITS.bucketsPerBlock });

const Module = Type.String({
  pattern: '^[0-9a-f]{64}$',
  description: 'the digest of a module, as POST /v1/modules answered it: 64 hexadecimal digits in lower case',
});

/** How rows look on a program's stdin and stdout. */
const StreamFormat = Type.Union([
  Type.Literal('lines'),
  Type.Literal('tsv'),
  Type.Literal('jsonl'),
  Type.Literal('arrow'),
  Type.Literal('raw'),
]);

/** `map`, `filter`, `flatMap` may be called with any part of the rows; `mapPartitions` sees the end of its partition. */
const Operation = Type.Union([
  Type.Literal('map'),
  Type.Literal('filter'),
  Type.Literal('flatMap'),
  Type.Literal('mapPartitions'),
]);

/** Who runs: a module of the batch ABI, a stream program, or JavaScript in QuickJS. */
const Code = Type.Union([
  Type.Object(
    { kind: Type.Literal('batch'), module: Module, function: Type.String(), params: Type.Optional(Params) },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      kind: Type.Literal('stream'),
      module: Module,
      input: StreamFormat,
      output: StreamFormat,
      args: Type.Optional(Type.Array(Type.String(), { maxItems: 100 })),
    },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      kind: Type.Literal('script'),
      /** An ES module whose exports are its functions. */
      source: Type.String({ maxLength: 256 * 1024 }),
      function: Type.String(),
      params: Type.Optional(Params),
    },
    { additionalProperties: false },
  ),
]);

const Relation = Type.Union([
  /** One SELECT over datasets and relations before this one. */
  Type.Object({ kind: Type.Literal('sql'), sql: Type.String() }, { additionalProperties: false }),
  /** Each partition of `input` through a guest, where it lies. `sides` are given whole to every partition. */
  Type.Object(
    {
      kind: Type.Literal('guest'),
      operation: Operation,
      input: RelationName,
      code: Code,
      /** Columns of the output; a script's `filter` may leave it out, which keeps those of the input. */
      schema: Type.Optional(Columns),
      sides: Type.Optional(Type.Array(RelationName, { maxItems: 16 })),
    },
    { additionalProperties: false },
  ),
  /**
   * Rows with equal `keys` meet in a guest: partial states where they lie, merged and finished by key. `state` are the columns of a partial
   * state, which begin with the keys; `schema` those of the output.
   */
  Type.Object(
    {
      kind: Type.Literal('aggregate'),
      input: RelationName,
      keys: Type.Array(ColumnName, { maxItems: 100 }),
      code: Code,
      state: Type.Optional(Columns),
      schema: Columns,
    },
    { additionalProperties: false },
  ),
  /**
   * `input` and `other` meet by equal `keys`: a guest's `mapPartitions` gets the bucket of `other` as its side 0 and the bucket of
   * `input` as its rows, both ordered by the keys.
   */
  Type.Object(
    {
      kind: Type.Literal('cogroup'),
      input: RelationName,
      other: RelationName,
      keys: Type.Array(ColumnName, { minItems: 1, maxItems: 100 }),
      code: Code,
      schema: Columns,
    },
    { additionalProperties: false },
  ),
  /**
   * The rows of `input` in just so many partitions, each of which is a task of what follows, however small. Rows take turns, so that their
   * numbers differ by little; with `keys`, rows with equal keys meet.
   */
  Type.Object(
    {
      kind: Type.Literal('repartition'),
      input: RelationName,
      partitions: Partitions,
      keys: Type.Optional(Type.Array(ColumnName, { minItems: 1, maxItems: 100 })),
    },
    { additionalProperties: false },
  ),
  /** At most so many partitions: neighbours are read together, and no rows change places otherwise. */
  Type.Object({ kind: Type.Literal('coalesce'), input: RelationName, partitions: Partitions }, { additionalProperties: false }),
  /** The rows of `input` with one more column, BIGINT: the row's place among all, from 0 on, in the order of partitions. */
  Type.Object(
    { kind: Type.Literal('zipWithIndex'), input: RelationName, column: Type.Optional(ColumnName) },
    { additionalProperties: false },
  ),
  /** Each row of `input` with the probability `fraction`, by itself; the same rows for the same seed and partitions. */
  Type.Object(
    {
      kind: Type.Literal('sample'),
      input: RelationName,
      fraction: Type.Number({ minimum: 0, maximum: 1 }),
      seed: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
    },
    { additionalProperties: false },
  ),
]);

/**
 * `memory`: as `tabs` for now. `tabs`: in the stores of the tabs that made them. `tabs-2`: in two stores.
 * `coordinator`: a copy on the coordinator's disk as well, from which it is read when all tabs are gone.
 */
const Level = Type.Union([Type.Literal('memory'), Type.Literal('tabs'), Type.Literal('tabs-2'), Type.Literal('coordinator')]);
const Cached = Type.Union([
  RelationName,
  Type.Object({ name: RelationName, level: Type.Optional(Level) }, { additionalProperties: false }),
]);

/** What SQL of the plan may call. */
const SqlFunction = Type.Union([
  /** In FROM, over a table: `FROM name(table)`, `FROM name((SELECT ...), parameter := 3)`; tables after the first are its sides. */
  Type.Object(
    {
      kind: Type.Literal('table'),
      /** Default: `flatMap`. */
      operation: Type.Optional(Operation),
      code: Code,
      schema: Type.Optional(Columns),
    },
    { additionalProperties: false },
  ),
  /** `SELECT k, name(a, b) FROM t GROUP BY k`. The guest's rows are the keys, called `keys` or key0, key1, .., and `args`. */
  Type.Object(
    {
      kind: Type.Literal('aggregate'),
      args: Type.Array(ColumnName, { minItems: 1, maxItems: 100 }),
      code: Code,
      /** The column that the guest makes after the keys. */
      returns: Column,
      keys: Type.Optional(Type.Array(ColumnName, { maxItems: 100 })),
      /** Columns of a partial state after the keys; a script needs none. */
      state: Type.Optional(Columns),
    },
    { additionalProperties: false },
  ),
]);

/** By name. */
export const SqlFunctionsGiven = Type.Record(RelationName, SqlFunction, { additionalProperties: false, maxProperties: 100 });

export const AuthorPlan = Type.Object(
  {
    /** In order: a relation may name those before it. Their names win over datasets of the same name. */
    relations: Type.Array(Type.Object({ name: RelationName, relation: Relation }, { additionalProperties: false }), {
      minItems: 1,
      maxItems: 1000,
    }),
    /** The relation whose rows are the job's result. */
    result: RelationName,
    /** Functions that SQL of the plan may call, by their names. */
    functions: Type.Optional(SqlFunctionsGiven),
    /** Relations whose blocks are kept for later jobs that name them here as well, until they are let go. A name alone: in `tabs`. */
    cache: Type.Optional(Type.Array(Cached, { maxItems: LIMITS.cachedRelationsPerPlan })),
  },
  { additionalProperties: false },
);

/** A job of several relations. */
export type AuthorPlan = Static<typeof AuthorPlan>;
/** What a relation of a plan is made of. */
export type AuthorRelation = Static<typeof Relation>;
/** A guest that SQL calls by name. */
export type AuthorSqlFunction = Static<typeof SqlFunction>;
/** Who runs: a function of a module, a program, or a script. */
export type AuthorCode = Static<typeof Code>;
/** A column and DuckDB's name of its type. */
export type AuthorColumn = Static<typeof Column>;

/** What `cache` says, each relation with its level. */
export function cachedRelations({ cache = [] }: AuthorPlan): readonly { readonly name: string; readonly level: CacheLevel }[] {
  return cache.map((one) =>
    typeof one === 'string' ? { name: one, level: 'tabs' } : { name: one.name, level: one.level ?? 'tabs' },
  );
}
