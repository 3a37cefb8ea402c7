/** The steps of a task (shared/plan/physical.ts), as leases carry them. */
import Type from 'typebox';
import { LIMITS } from '../limits.ts';

const Count = Type.Integer({ minimum: 0 });
const Words = Type.String({ maxLength: 4096 });
const closed = { additionalProperties: false } as const;

const Sql = Type.String({ maxLength: LIMITS.sessionFrameBytes });
const GuestColumns = Type.Array(Type.Object({ name: Words, type: Words, wire: Words }, closed), {
  maxItems: LIMITS.datasetColumns,
});
const GuestRows = Type.Object({ sql: Sql, columns: GuestColumns }, closed);
const GuestParams = Type.Record(
  Type.String(),
  Type.Union([
    Type.Boolean(),
    Type.Number(),
    Type.String(),
    Type.Array(Type.Boolean()),
    Type.Array(Type.Number()),
    Type.Array(Type.String()),
  ]),
);
const GuestCode = Type.Union([
  Type.Object({ kind: Type.Literal('batch'), module: Count, function: Words, params: Type.Optional(GuestParams) }, closed),
  Type.Object(
    {
      kind: Type.Literal('stream'),
      module: Count,
      input: Words,
      output: Words,
      args: Type.Optional(Type.Array(Type.String())),
    },
    closed,
  ),
  Type.Object(
    {
      kind: Type.Literal('script'),
      source: Type.String({ maxLength: LIMITS.scriptBytes }),
      function: Words,
      params: Type.Optional(GuestParams),
    },
    closed,
  ),
]);
const UnsortedRows = Type.Object(
  {
    sql: Sql,
    extra: Type.Array(Type.String({ maxLength: 64 })),
    keys: Type.Array(Type.Object({ column: Count, descending: Type.Boolean(), nullsFirst: Type.Boolean() }, closed)),
  },
  closed,
);
const MergedColumn = Type.Union([
  Type.Object({ kind: Type.Literal('group'), group: Count }, closed),
  Type.Object({ kind: Type.Union([Type.Literal('value'), Type.Literal('count')]), value: Count }, closed),
  Type.Object({ kind: Type.Literal('mean'), sum: Count, count: Count }, closed),
]);
const MergedKind = Type.Union([Type.Literal('sum'), Type.Literal('min'), Type.Literal('max')]);
const MergedRows = Type.Object(
  {
    groups: Type.Array(Count),
    values: Type.Array(Type.Object({ kind: MergedKind, column: Count }, closed)),
    output: Type.Array(MergedColumn),
    order: Type.Array(Type.Object({ by: MergedColumn, descending: Type.Boolean(), nullsFirst: Type.Boolean() }, closed)),
    offset: Type.Optional(Count),
    limit: Type.Optional(Count),
  },
  closed,
);
export const StepMessage = Type.Union([
  Type.Object(
    { kind: Type.Literal('sql'), sql: Sql, unsorted: Type.Optional(UnsortedRows), merge: Type.Optional(MergedRows) },
    closed,
  ),
  Type.Object(
    {
      kind: Type.Literal('guest'),
      action: Type.Union([
        Type.Literal('map'),
        Type.Literal('filter'),
        Type.Literal('flatMap'),
        Type.Literal('mapPartitions'),
        Type.Literal('partial'),
        Type.Literal('merge'),
      ]),
      code: GuestCode,
      rows: GuestRows,
      sides: Type.Optional(Type.Array(GuestRows)),
      keys: Type.Optional(Type.Array(Words)),
      output: GuestColumns,
    },
    closed,
  ),
]);
