/**
 * The session socket, /v1/session: JSON text frames, or binary frames (frames.ts) where blocks ride along.
 * One TypeBox schema gives each message's type and its check. Tab code must use `Value.Check` only (the compiler needs eval).
 */
import Type, { type Static } from 'typebox';
import { LIMITS } from '../limits.ts';
import { StepMessage } from './steps.ts';

const Id = Type.String({ minLength: 1, maxLength: 128 });
const Hex64 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const Count = Type.Integer({ minimum: 0 });
const Ms = Type.Number({ minimum: 0 });
const Words = Type.String({ maxLength: 4096 });
const BucketCount = Type.Integer({ minimum: 1, maximum: LIMITS.bucketsPerBlock });
const closed = { additionalProperties: false } as const;

export const Visibility = Type.Union([Type.Literal('visible'), Type.Literal('hidden'), Type.Literal('headless')]);

export const Traits = Type.Object(
  {
    slots: Type.Integer({ minimum: 0, maximum: LIMITS.slotsPerWorker }),
    visibility: Visibility,
    paused: Type.Boolean(),
    share: Type.Number({ minimum: 0, maximum: 1 }),
    memoryPerSlotBytes: Count,
  },
  closed,
);

export const Bucket = Type.Object({ rows: Count, bytes: Count, digest: Hex64 }, closed);

/** A block (or one bucket of it) inside a binary frame: `offset` and `length` refer to the payload. */
export const InlineSlice = Type.Object({ blockId: Hex64, bucket: Count, digest: Hex64, offset: Count, length: Count }, closed);

export const Costs = Type.Object(
  {
    queueMs: Ms,
    fetchMs: Ms,
    loadMs: Ms,
    computeMs: Ms,
    packMs: Ms,
    fetchedBytes: Count,
    fetchedSlices: Count,
    cachedBytes: Count,
    loadedBytes: Count,
  },
  closed,
);

/** Names are bounded in bytes besides (`wrongAccumulators`). */
const Accumulators = Type.Record(Type.String({ minLength: 1, maxLength: LIMITS.accumulatorNameBytes }), Type.Number());

export const ResidentChange = Type.Object(
  { slot: Count, residentKey: Type.String({ maxLength: 256 }), ordinals: Type.Array(Count, { maxItems: LIMITS.datasetColumns }) },
  closed,
);

export const FailureMessage = Type.Object(
  {
    reason: Type.Union([
      Type.Literal('author'),
      Type.Literal('resource'),
      Type.Literal('released'),
      Type.Literal('died'),
      Type.Literal('input'),
      Type.Literal('deadline'),
    ]),
    code: Type.String({ maxLength: 64 }),
    message: Words,
    hint: Type.Optional(Words),
    step: Type.Optional(Count),
    slices: Type.Optional(
      Type.Array(
        Type.Object(
          { blockId: Hex64, bucket: Count, why: Type.Union([Type.Literal('missing'), Type.Literal('corrupt')]) },
          closed,
        ),
        { maxItems: LIMITS.slicesPerFetch },
      ),
    ),
  },
  closed,
);

const Hello = Type.Object(
  {
    type: Type.Literal('hello'),
    protocol: Type.Integer(),
    role: Type.Literal('worker'),
    token: Type.Optional(Type.String({ maxLength: 512 })),
    /** As the coordinator signed it at an earlier welcome; absent or unknown: a new one is issued. */
    storeId: Type.Optional(Type.String({ maxLength: 512 })),
    /** From an earlier session of this tab; the coordinator may issue another. */
    workerId: Type.Optional(Id),
    name: Type.Optional(Type.String({ maxLength: 80 })),
    mode: Type.Union([Type.Literal('full'), Type.Literal('basic'), Type.Literal('headless')]),
    engine: Type.Object({ version: Type.String({ maxLength: 64 }), flavour: Type.Literal('wasm') }, closed),
    traits: Traits,
  },
  closed,
);

const Running = Type.Object({ attemptId: Id, blockId: Hex64, slot: Count }, closed);

/** Worker to coordinator. */
export const WorkerMessage = Type.Union([
  Hello,
  Type.Object({ type: Type.Literal('heartbeat'), seq: Count, running: Type.Array(Id, { maxItems: 256 }) }, closed),
  Type.Object({ type: Type.Literal('traitsChanged'), traits: Traits }, closed),
  Type.Object({ type: Type.Literal('attemptStarted'), attemptId: Id, slot: Count }, closed),
  Type.Object(
    {
      type: Type.Literal('attemptSucceeded'),
      attemptId: Id,
      blockId: Hex64,
      digest: Hex64,
      buckets: Type.Array(Bucket, { minItems: 1, maxItems: LIMITS.bucketsPerBlock }),
      costs: Costs,
      residents: Type.Array(ResidentChange, { maxItems: 4096 }),
      /** The end of what its guests logged. */
      log: Type.Optional(Words),
      /** What its guests counted: sums by name. */
      accumulators: Type.Optional(Accumulators),
      /** Present when this is a binary frame that carries the whole block, one slice per bucket. */
      inline: Type.Optional(Type.Array(InlineSlice, { maxItems: 4096 })),
    },
    closed,
  ),
  Type.Object(
    {
      type: Type.Literal('attemptFailed'),
      attemptId: Id,
      failure: FailureMessage,
      residents: Type.Array(ResidentChange, { maxItems: 4096 }),
    },
    closed,
  ),
  Type.Object({ type: Type.Literal('residentsChanged'), changes: Type.Array(ResidentChange, { maxItems: 4096 }) }, closed),
  Type.Object({ type: Type.Literal('blocksDropped'), blockIds: Type.Array(Hex64, { maxItems: 8192 }) }, closed),
  /**
   * What the store holds committed from earlier sessions: sent after welcome, in parts. Lines count only where (id, digest) matches what
   * the coordinator accepted; the rest is answered with dropBlocks once `last` was seen.
   */
  Type.Object(
    {
      type: Type.Literal('inventory'),
      blocks: Type.Array(Type.Object({ blockId: Hex64, digest: Hex64 }, closed), { maxItems: LIMITS.inventoryLines }),
      last: Type.Boolean(),
    },
    closed,
  ),
  /** What runs on since an earlier session, told before the inventory: it may be leased to the slot where it runs. */
  Type.Object({ type: Type.Literal('attemptsRunning'), attempts: Type.Array(Running, { maxItems: 256 }) }, closed),
  /** Bytes of task outputs (not of source chunks, which can be evicted at will) that the store keeps, and its cap. */
  Type.Object({ type: Type.Literal('storeChanged'), outputBytes: Count, capBytes: Count }, closed),
  /** The tab is about to go: released, not lost. */
  Type.Object({ type: Type.Literal('leaving') }, closed),
]);
export type WorkerMessage = Static<typeof WorkerMessage>;
export type HelloMessage = Static<typeof Hello>;

const Column = Type.Object({ type: Words, wire: Words }, closed);
const SliceMessage = Type.Object({ blockId: Hex64, bucket: Count, digest: Hex64, bytes: Count }, closed);
const Partitioning = Type.Union([
  Type.Object({ kind: Type.Literal('single') }, closed),
  Type.Object({ kind: Type.Literal('hash'), keys: Type.Array(Count, { minItems: 1 }), count: BucketCount }, closed),
  Type.Object({ kind: Type.Literal('range'), count: BucketCount }, closed),
]);
const Task = Type.Object(
  {
    blockId: Hex64,
    steps: Type.Array(StepMessage),
    inputs: Type.Array(
      Type.Union([
        Type.Object(
          {
            kind: Type.Literal('chunks'),
            /** The worker keeps the run under this number; later leases of the session may name it so. */
            told: Type.Optional(Type.Integer({ minimum: 0, maximum: LIMITS.runsTold - 1 })),
            run: Type.Object(
              {
                residentKey: Type.String({ maxLength: 256 }),
                dataset: Type.String(),
                version: Type.String(),
                chunkRows: Type.Array(Count),
                columns: Type.Array(
                  Type.Object({ type: Words, wire: Words, ordinal: Count, slices: Type.Array(SliceMessage) }, closed),
                ),
              },
              closed,
            ),
          },
          closed,
        ),
        /** A run that an earlier lease of this session told: twenty kilobytes that need not be sent, read and checked again. */
        Type.Object({ kind: Type.Literal('told'), told: Count }, closed),
        Type.Object(
          {
            kind: Type.Literal('slices'),
            columns: Type.Array(Column),
            slices: Type.Array(SliceMessage),
            residentKey: Type.Optional(Type.String({ maxLength: 256 })),
          },
          closed,
        ),
        Type.Object({ kind: Type.Literal('module'), slice: SliceMessage }, closed),
      ]),
    ),
    output: Type.Object({ columns: Type.Array(Column), partitioning: Partitioning }, closed),
    title: Words,
    maxRunMs: Ms,
    minRunMs: Ms,
  },
  closed,
);

/** Coordinator to worker. */
export const CoordinatorMessage = Type.Union([
  Type.Object(
    {
      type: Type.Literal('welcome'),
      workerId: Id,
      sessionId: Id,
      storeId: Type.String({ maxLength: 512 }),
      /** Lets this session's data socket in. */
      dataKey: Type.String({ maxLength: 128 }),
      heartbeatMs: Ms,
    },
    closed,
  ),
  Type.Object(
    {
      type: Type.Literal('lease'),
      attemptId: Id,
      slot: Count,
      task: Task,
      /** Inputs that ride along in this (then binary) frame. */
      inline: Type.Optional(Type.Array(InlineSlice)),
    },
    closed,
  ),
  Type.Object({ type: Type.Literal('cancelAttempt'), attemptId: Id, why: Words }, closed),
  Type.Object({ type: Type.Literal('dropBlocks'), blockIds: Type.Array(Hex64) }, closed),
  /** Tables of cached relations that were let go. The slot drops them when what runs there is over. */
  Type.Object(
    { type: Type.Literal('dropResidents'), slot: Count, residentKeys: Type.Array(Type.String({ maxLength: 256 })) },
    closed,
  ),
  /** Fetch the block and keep it as an output; answered with a line of inventory, or with blocksDropped when it could not be had. */
  Type.Object(
    {
      type: Type.Literal('copyBlock'),
      blockId: Hex64,
      digest: Hex64,
      buckets: Type.Array(Bucket, { minItems: 1, maxItems: LIMITS.bucketsPerBlock }),
      /** Part of what the digest is of. */
      accumulators: Type.Optional(Accumulators),
    },
    closed,
  ),
  Type.Object({ type: Type.Literal('drain') }, closed),
  Type.Object({ type: Type.Literal('heartbeatSeen'), seq: Count }, closed),
]);
export type CoordinatorMessage = Static<typeof CoordinatorMessage>;
