/**
 * The data socket, /v1/data. After the worker's hello either side may ask the other for slices with `fetch` and answers with
 * `piece` frames; both sides speak the same messages. Control messages are text frames; a piece is a binary frame (frames.ts)
 * whose payload is at most LIMITS.pieceBytes. A sender never has more unacknowledged payload bytes under way for one fetch
 * than the credit it was given.
 */
import Type, { type Static } from 'typebox';
import { LIMITS } from '../limits.ts';

const Hex64 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const Count = Type.Integer({ minimum: 0 });
const FetchId = Type.String({ minLength: 1, maxLength: 64 });
const closed = { additionalProperties: false } as const;

/** How a slice's bytes are coded on the wire and in stores. */
export const Codec = Type.Union([Type.Literal('raw'), Type.Literal('zstd')]);
export type Codec = Static<typeof Codec>;

export const DataMessage = Type.Union([
  Type.Object(
    {
      type: Type.Literal('hello'),
      protocol: Type.Integer(),
      role: Type.Literal('data'),
      sessionId: Type.String({ maxLength: 128 }),
      dataKey: Type.String({ maxLength: 128 }),
    },
    closed,
  ),
  Type.Object({ type: Type.Literal('ready') }, closed),
  Type.Object(
    {
      type: Type.Literal('fetch'),
      fetchId: FetchId,
      slices: Type.Array(Type.Object({ blockId: Hex64, bucket: Count, digest: Hex64 }, closed), {
        minItems: 1,
        maxItems: LIMITS.slicesPerFetch,
      }),
      creditBytes: Count,
      /** Who asks keeps what it gets: the holder's copy is not the only one any more. */
      kept: Type.Optional(Type.Boolean()),
    },
    closed,
  ),
  Type.Object({ type: Type.Literal('credit'), fetchId: FetchId, bytes: Count }, closed),
  Type.Object({ type: Type.Literal('abort'), fetchId: FetchId }, closed),
  /** Slice `index` of the fetch can't be had; the fetch goes on with the others. */
  Type.Object(
    {
      type: Type.Literal('sliceFailed'),
      fetchId: FetchId,
      index: Count,
      why: Type.Union([Type.Literal('missing'), Type.Literal('corrupt'), Type.Literal('refused'), Type.Literal('timeout')]),
    },
    closed,
  ),
  /** Every slice of the fetch was sent or has failed. */
  Type.Object({ type: Type.Literal('done'), fetchId: FetchId }, closed),
]);
export type DataMessage = Static<typeof DataMessage>;

/** Header of a binary piece frame. Slices come one after the other, pieces of a slice in order. */
export const PieceHeader = Type.Object(
  {
    type: Type.Literal('piece'),
    fetchId: FetchId,
    index: Count,
    offset: Count,
    /** Bytes of the whole coded slice. */
    total: Count,
    codec: Codec,
    /** Uncompressed bytes of the whole slice. */
    rawBytes: Count,
  },
  closed,
);
export type PieceHeader = Static<typeof PieceHeader>;
