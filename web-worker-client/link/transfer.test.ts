/** Both directions of the data socket against each other, on a clock that stands still. */
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { digestOf, loadHashes } from '../../shared/hash.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { Slice } from '../../shared/plan/task.ts';
import type { DataMessage } from '../../shared/protocol/data.ts';
import type { StoredSlice } from '../blocks/slice-reader.ts';
import { BlockServer } from './block-server.ts';
import { Fetcher } from './fetcher.ts';
import { BadMessageError, readPiece } from './messages.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { sliceOf } from './testing/harness.ts';

const bytesOf = (size: number, seed: number): Uint8Array<ArrayBuffer> => new Uint8Array(size).map((_, i) => (i * seed) % 253);

let clock: FakeClock;
let fetcher: Fetcher;
let server: BlockServer;
let stored: Map<string, StoredSlice>;
let sent: DataMessage[];
let pieces: number[];
/** Set to hold the fetcher's words back from the server. */
let deaf: boolean;
/** Set to lose pieces. */
let blind: boolean;

beforeAll(loadHashes);
beforeEach(() => {
  clock = new FakeClock();
  stored = new Map();
  sent = [];
  pieces = [];
  deaf = false;
  blind = false;
  fetcher = new Fetcher({
    clock,
    send: (message) => {
      sent.push(message);
      if (deaf) return;
      if (message.type === 'fetch') void server.serve(message);
      if (message.type === 'credit') server.onCredit(message.fetchId, message.bytes);
      if (message.type === 'abort') server.onAbort(message.fetchId);
    },
  });
  server = new BlockServer({
    clock,
    read: async (name) => stored.get(name.blockId) ?? 'missing',
    sink: {
      sendText: (message) => {
        if (message.type === 'sliceFailed') fetcher.onSliceFailed(message.fetchId, message.index, message.why);
        if (message.type === 'done' || message.type === 'abort') fetcher.onDone(message.fetchId);
      },
      sendBinary: (frame) => {
        const { header, payload } = readPiece(frame);
        pieces.push(payload.byteLength);
        if (!blind) fetcher.onPiece(header, payload);
      },
    },
  });
});

function keep(fill: number, bytes: Uint8Array<ArrayBuffer>): Slice {
  const slice = sliceOf(fill, bytes);
  stored.set(slice.blockId, { codec: 'raw', rawBytes: bytes.byteLength, bytes });
  return slice;
}

const never = new AbortController().signal;

test('many slices, larger than the credit together, arrive whole and in pieces of at most the limit', async () => {
  const slices = [keep(1, bytesOf(9_000_000, 7)), keep(2, bytesOf(10, 3)), keep(3, bytesOf(5_000_001, 11))];
  const { got, failed } = await fetcher.fetch(slices, never);
  expect(failed).toEqual([]);
  expect(got.map((g) => digestOf(g.bytes))).toEqual(slices.map((s) => s.digest));
  expect(Math.max(...pieces)).toBe(LIMITS.pieceBytes);
  expect(sent.some((m) => m.type === 'credit')).toBe(true);
  expect(server.servedBytes).toBe(14_000_011);
});

test('without credit the server stops at what it was given, then gives up', async () => {
  const slice = keep(1, bytesOf(LIMITS.creditBytes + 1000, 7));
  blind = true;
  const fetching = fetcher.fetch([slice], never);
  await Promise.resolve();
  await Promise.resolve();
  expect(pieces.reduce((a, b) => a + b, 0)).toBe(LIMITS.creditBytes);
  deaf = true;
  clock.advance(LIMITS.transferIdleMs);
  expect((await fetching).failed).toEqual([{ slice, why: 'timeout' }]);
  server.onCredit('f1', 1000);
  expect(pieces.reduce((a, b) => a + b, 0)).toBe(LIMITS.creditBytes);
});

test('a missing slice fails alone', async () => {
  const here = keep(1, bytesOf(100, 7));
  const gone = sliceOf(2, bytesOf(100, 9));
  const { got, failed } = await fetcher.fetch([gone, here], never);
  expect(got.map((g) => g.slice)).toEqual([here]);
  expect(failed).toEqual([{ slice: gone, why: 'missing' }]);
});

test('something else under the same name is corrupt, and its bytes are passed over', async () => {
  const slice = sliceOf(1, bytesOf(100, 7));
  stored.set(slice.blockId, { codec: 'raw', rawBytes: 3_000_000, bytes: bytesOf(3_000_000, 5) });
  const other = keep(2, bytesOf(50, 3));
  const { got, failed } = await fetcher.fetch([slice, other], never);
  expect(failed).toEqual([{ slice, why: 'corrupt' }]);
  expect(got.map((g) => g.slice)).toEqual([other]);
});

test('an abort ends both sides', async () => {
  const slice = keep(1, bytesOf(20_000_000, 7));
  blind = true;
  const abort = new AbortController();
  const fetching = fetcher.fetch([slice], abort.signal);
  await Promise.resolve();
  abort.abort();
  expect((await fetching).failed).toEqual([{ slice, why: 'aborted' }]);
  expect(sent.at(-1)).toEqual({ type: 'abort', fetchId: 'f1' });
  expect(fetcher.inFlight).toBe(0);
});

test('a transfer that moves nothing is given up', async () => {
  deaf = true;
  const slice = sliceOf(1, bytesOf(10, 3));
  const fetching = fetcher.fetch([slice], never);
  clock.advance(LIMITS.transferIdleMs - 1);
  expect(fetcher.inFlight).toBe(1);
  clock.advance(1);
  expect((await fetching).failed).toEqual([{ slice, why: 'timeout' }]);
});

test('a lost socket loses what was not complete', async () => {
  deaf = true;
  const slice = sliceOf(1, bytesOf(10, 3));
  const fetching = fetcher.fetch([slice], never);
  fetcher.socketLost();
  expect((await fetching).failed).toEqual([{ slice, why: 'lost' }]);
});

test('a peer that breaks the rules is found out', async () => {
  deaf = true;
  const slice = sliceOf(1, bytesOf(20_000_000, 3));
  const fetching = fetcher.fetch([slice], never);
  const piece = { type: 'piece', fetchId: 'f1', index: 0, total: 20_000_000, codec: 'raw', rawBytes: 20_000_000 } as const;
  const payload = new Uint8Array(1000);
  expect(() => fetcher.onPiece({ ...piece, offset: 5 }, payload)).toThrow(BadMessageError);
  expect(() => fetcher.onPiece({ ...piece, index: 1, offset: 0 }, payload)).toThrow(/nobody asked/);
  expect(() => fetcher.onPiece({ ...piece, offset: 0 }, new Uint8Array(LIMITS.creditBytes + 1))).toThrow(/credit/);
  fetcher.socketLost();
  await fetching;
});

test('a peer that asks for too much at once is refused, and the rest goes on', async () => {
  let refused = 0;
  const slow = new BlockServer({
    clock,
    read: () => new Promise(() => undefined),
    sink: {
      sendText: (message) => {
        if (message.type === 'sliceFailed' && message.why === 'refused') refused += 1;
      },
      sendBinary: () => undefined,
    },
  });
  const { blockId, digest } = sliceOf(1, bytesOf(1, 1));
  for (let i = 0; i <= LIMITS.fetchesPerSocket; i += 1) {
    void slow.serve({ type: 'fetch', fetchId: `x${i}`, slices: [{ blockId, bucket: 0, digest }], creditBytes: 10 });
  }
  expect(refused).toBe(1);
});
