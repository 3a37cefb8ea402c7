/** Schemas of the REST interface: the types, the checks and openapi.json come from here. */
import Type, { type Static, type TSchema } from 'typebox';
import { LIMITS } from '../../shared/limits.ts';
import { AuthorPlan, SqlFunctionsGiven } from '../../shared/plan/author-plan.ts';
import { DEFAULT_PAGE } from './job-pages.ts';
import { ProblemBody } from './problem.ts';

const closed = { additionalProperties: false } as const;
const Count = Type.Integer({ minimum: 0 });
const Name = Type.String({ minLength: 1, maxLength: LIMITS.datasetNameChars });
const Id = Type.String({ minLength: 1, maxLength: 128 });

export const IdParams = Type.Object({ id: Id }, closed);
export const NameParams = Type.Object({ name: Type.String({ minLength: 1, maxLength: 2 * LIMITS.datasetNameChars }) }, closed);

export const PathDataset = Type.Object(
  {
    name: Name,
    path: Type.String({ minLength: 1, maxLength: 4096, description: 'A file on the coordinator’s machine' }),
    format: Type.Optional(
      Type.Union([
        Type.Literal('parquet'),
        Type.Literal('csv'),
        Type.Literal('json'),
        Type.Literal('ndjson'),
        Type.Literal('arrow'),
      ]),
    ),
  },
  closed,
);

export type PathDataset = Static<typeof PathDataset>;

const Column = Type.Object({ name: Type.String(), type: Type.String() });

export const DatasetBody = Type.Object({
  name: Type.String(),
  schema: Type.Array(Column),
  rows: Count,
  /** Uncompressed. */
  bytes: Count,
  partitions: Count,
  state: Type.Union([Type.Literal('ready'), Type.Literal('loading')]),
  owner: Type.String(),
  format: Type.Optional(Type.String()),
  version: Type.Optional(Type.String()),
  createdAtMs: Type.Optional(Type.Number()),
});
export type DatasetBody = Static<typeof DatasetBody>;

export const ModuleSource = Type.Object(
  {
    source: Type.String({ minLength: 1, description: 'AssemblyScript; it may import the SDK as `muster`' }),
    language: Type.Literal('assemblyscript'),
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  },
  closed,
);
export type ModuleSource = Static<typeof ModuleSource>;

export const ModuleQuery = Type.Object(
  {
    name: Type.Optional(
      Type.String({ minLength: 1, maxLength: 200, description: 'For people; with WASM, which has no other place' }),
    ),
  },
  closed,
);
export const DigestParams = Type.Object({ digest: Type.String({ minLength: 1, maxLength: 128 }) }, closed);

export const ModuleBody = Type.Object({
  digest: Type.String({ description: 'Of the bytes that were admitted: `module` in plans' }),
  owner: Type.String(),
  name: Type.Optional(Type.String()),
  abi: Type.Union([Type.Literal('batch'), Type.Literal('stream')]),
  functions: Type.Array(Type.String()),
  bytes: Count,
  language: Type.Optional(Type.String({ description: 'Where the coordinator compiled it' })),
  createdAtMs: Type.Number(),
});
export type ModuleBody = Static<typeof ModuleBody>;

/** Exactly one of `sql` and `plan`; `functions`, of guests, only with `sql`: a plan has its own. */
export const JobBodyIn = Type.Object(
  {
    sql: Type.Optional(Type.String({ minLength: 1 })),
    plan: Type.Optional(AuthorPlan),
    functions: Type.Optional(SqlFunctionsGiven),
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    options: Type.Optional(
      Type.Object(
        {
          reuse: Type.Optional(Type.Boolean({ description: 'false: share nothing with other jobs' })),
          weight: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1000 })),
          deadlineMs: Type.Optional(Type.Integer({ minimum: 1 })),
          slotsMax: Type.Optional(Type.Integer({ minimum: 1 })),
        },
        closed,
      ),
    ),
  },
  closed,
);

export const JobsQuery = Type.Object(
  {
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: LIMITS.jobsPerPage, default: DEFAULT_PAGE, description: 'Jobs of one page at most' }),
    ),
    cursor: Type.Optional(
      Type.String({
        pattern: '^[0-9]{1,15}\\.[A-Za-z0-9-]{1,64}$',
        description: '`next` of the page before; absent: the newest',
      }),
    ),
  },
  closed,
);

const StageBody = Type.Object({
  index: Count,
  title: Type.String(),
  alternative: Type.Optional(Type.String({ description: 'What was done instead of the first way of the plan, in words' })),
  state: Type.String(),
  tasks: Count,
  done: Count,
  running: Count,
  reused: Count,
  recomputes: Count,
  onCoordinator: Type.Integer({ minimum: 0, description: 'Attempts in the coordinator’s own slot, not in a tab' }),
  rows: Count,
  bytes: Count,
});

export const JobBody = Type.Object({
  jobId: Id,
  name: Type.Optional(Type.String()),
  sql: Type.String(),
  owner: Type.String(),
  state: Type.Union(['waiting', 'running', 'successful', 'failed', 'cancelled'].map((state) => Type.Literal(state))),
  submittedAtMs: Type.Number(),
  startedAtMs: Type.Optional(Type.Number()),
  settledAtMs: Type.Optional(Type.Number()),
  waitingFor: Type.Optional(Type.String()),
  longRun: Type.Optional(
    Type.Object(
      { stage: Count, task: Count, workerId: Id, forMs: Count, detail: Type.String(), hint: Type.String() },
      { description: 'A task that has been running unusually long, while it does' },
    ),
  ),
  stages: Type.Array(StageBody),
  /** Done tasks as a part of all, 0..1. */
  progress: Type.Number(),
  counters: Type.Object({}, { additionalProperties: true }),
  accumulators: Type.Optional(
    Type.Record(Type.String(), Type.Number(), {
      description: 'What the job’s functions counted, by name; absent when they counted nothing',
    }),
  ),
  fallbacks: Type.Optional(Type.Array(Type.Object({}, { additionalProperties: true }))),
  planMs: Type.Optional(Type.Number()),
  expiresAtMs: Type.Optional(Type.Number()),
  error: Type.Optional(
    Type.Object({
      code: Type.String(),
      title: Type.String(),
      detail: Type.String(),
      stage: Type.Optional(Count),
      hint: Type.Optional(Type.String()),
      relation: Type.Optional(Type.String({ description: 'Of a guest that failed: the relation that it makes' })),
      function: Type.Optional(Type.String({ description: 'and the function that was called' })),
    }),
  ),
});

export const JobsBody = Type.Object({
  jobs: Type.Array(JobBody),
  next: Type.Optional(Type.String({ description: 'The cursor of the next, older page; absent on the last one' })),
});

const Wait = Type.Optional(
  Type.Number({ minimum: 0, maximum: LIMITS.resultWaitSeconds, description: 'Seconds to wait while the job runs' }),
);
export const WaitQuery = Type.Object({ wait: Wait }, closed);
export const SaveBody = Type.Object({ name: Name }, closed);

export const ResultQuery = Type.Object(
  {
    format: Type.Optional(
      Type.Union([
        Type.Literal('json'),
        Type.Literal('ndjson'),
        Type.Literal('csv'),
        Type.Literal('arrow'),
        Type.Literal('parquet'),
      ]),
    ),
    wait: Wait,
    early: Type.Optional(
      Type.Boolean({
        description:
          'With wait: begin with the first rows while the job still runs (not parquet). If the job fails then, the connection breaks off ' +
          'before the end of the chunked body; GET /v1/jobs/{id} says why',
      }),
    ),
  },
  closed,
);

export const WorkerBody = Type.Object(
  {
    workerId: Id,
    state: Type.String(),
    slots: Count,
    busySlots: Count,
    memoryPerSlotBytes: Count,
    visibility: Type.String(),
  },
  { additionalProperties: true },
);

const held = { blocks: Count, bytes: Count };
const Held = Type.Object(held);
const CappedHeld = Type.Object({ ...held, capBytes: Count });

/** `CacheJson` of shared/rest/cache.ts, which says what each figure means. */
export const FindCachedBody = Type.Object({ plan: AuthorPlan }, closed);
/** `id` is for DELETE /v1/cache/:id. */
export const FoundCachedBody = Type.Object({ relations: Type.Array(Type.Object({ name: Type.String(), id: Id })) });
export type FoundCachedBody = Static<typeof FoundCachedBody>;

export const CacheBody = Type.Object({
  coordinator: Type.Object({
    chunks: Held,
    outputs: CappedHeld,
    inline: CappedHeld,
    passing: Type.Object({ memoryBytes: Count, diskBytes: Count }),
  }),
  datasets: Type.Array(
    Type.Object({
      name: Type.String(),
      total: Held,
      diskBytes: Count,
      tabs: Type.Array(Type.Object({ workerId: Id, name: Type.Optional(Type.String()), loaded: Held, fetched: Held })),
    }),
  ),
  relations: Type.Array(
    Type.Object({
      id: Id,
      name: Type.String(),
      owner: Type.String(),
      level: Type.Union([Type.Literal('memory'), Type.Literal('tabs'), Type.Literal('tabs-2'), Type.Literal('coordinator')]),
      jobId: Id,
      rows: Count,
      total: Held,
      lost: Held,
      coordinator: Held,
      stores: Type.Array(Type.Object({ ...held, workerIds: Type.Array(Id) })),
      loaded: Type.Array(Type.Object({ workerId: Id, name: Type.Optional(Type.String()), slots: Count, bytes: Count })),
      copies: Count,
      remakeMs: Type.Number(),
      mayLetGo: Type.Boolean(),
    }),
  ),
  jobs: Type.Array(
    Type.Object({
      jobId: Id,
      total: Held,
      coordinator: Held,
      stores: Type.Array(Type.Object({ ...held, workerIds: Type.Array(Id) })),
    }),
  ),
  others: Held,
  reusable: Held,
});

const problem = {
  description: 'A problem document (RFC 9457)',
  content: { 'application/problem+json': { schema: ProblemBody } },
};

/** Response schemas for openapi.json: `ok` under its status, every error as a problem. */
export function responses(status: number, ok: TSchema | undefined): { readonly [status: string]: unknown } {
  return { [status]: ok ?? Type.Null({ description: 'No body' }), '4xx': problem, '5xx': problem };
}
