/** One tab holds a block that is not inline, another has the lease of a task that reads it; and how tabs serve and fetch slices. */
import { LIMITS } from '../../../shared/limits.ts';
import type { CoordinatorMessage } from '../../../shared/protocol/session.ts';
import { type TestApp, testApp } from '../../sessions/testing/app-fixture.ts';
import { int32Stream } from '../../sessions/testing/arrow-bytes.ts';
import { FakeWorker, type TestSocket } from '../../sessions/testing/fake-worker.ts';

export type Lease = Extract<CoordinatorMessage, { type: 'lease' }>;
export type Fetch = {
  readonly type: 'fetch';
  readonly fetchId: string;
  readonly slices: readonly Wanted[];
  readonly creditBytes: number;
};
export type Wanted = { readonly blockId: string; readonly bucket: number; readonly digest: string };
export type Piece = { readonly type: 'piece'; readonly index: number; readonly offset: number; readonly total: number };
export type Failed = { readonly type: 'sliceFailed'; readonly index: number; readonly why: string };

export const BIG = int32Stream([Array.from({ length: 1_300_000 }, (_, i) => i)]);

export interface Scene extends TestApp {
  readonly holder: FakeWorker;
  readonly holderData: TestSocket;
  readonly consumer: FakeWorker;
  readonly consumerData: TestSocket;
  readonly lease: Lease;
  readonly wanted: Wanted;
  readonly jobId: string;
}

/** One worker made stage 0 and keeps it (not inline); another has the lease of stage 1, which reads it. */
export async function scene(options: Parameters<typeof testApp>[0] = {}): Promise<Scene> {
  const fixture = await testApp(options);
  const { app, url } = fixture;
  const holder = await FakeWorker.join(url);
  const holderData = await holder.data(url);
  const { jobId } = (await app.inject({ method: 'POST', url: '/v1/jobs', payload: { sql: 'chain 2 relay' } })).json();
  const first = (await holder.lease()).message;
  // Paused, so that stage 1 goes to the other; a paused tab still serves.
  holder.say({
    type: 'traitsChanged',
    traits: { slots: 1, visibility: 'headless', paused: true, share: 1, memoryPerSlotBytes: 1 },
  });
  holder.succeed(first, BIG, 1_300_000, { inline: false });
  const consumer = await FakeWorker.join(url);
  const consumerData = await consumer.data(url);
  const lease = (await consumer.lease()).message;
  const input = lease.task.inputs[0];
  const slice = input?.kind === 'slices' ? input.slices[0] : undefined;
  if (!slice) throw new Error('stage 1 has no input');
  const { blockId, bucket, digest } = slice;
  return { ...fixture, holder, holderData, consumer, consumerData, lease, wanted: { blockId, bucket, digest }, jobId };
}

export function fetchIt(socket: TestSocket, slices: readonly Wanted[], creditBytes: number = LIMITS.creditBytes): void {
  socket.say({ type: 'fetch', fetchId: 'f1', slices, creditBytes });
}

export function sendPieces(socket: TestSocket, fetchId: string, bytes: Uint8Array, from = 0, to = bytes.byteLength): void {
  for (let offset = from; offset < to; offset += LIMITS.pieceBytes) {
    const piece = bytes.subarray(offset, Math.min(offset + LIMITS.pieceBytes, to));
    const head = { type: 'piece', fetchId, index: 0, offset, total: bytes.byteLength, codec: 'raw', rawBytes: bytes.byteLength };
    socket.say(head, [piece]);
  }
}

/** Sends a whole slice as a tab does, within the credit, and then `done`. */
export async function serve(socket: TestSocket, { fetchId, creditBytes }: Fetch, bytes: Uint8Array): Promise<void> {
  let credit = creditBytes;
  for (let offset = 0; offset < bytes.byteLength; ) {
    while (credit === 0)
      credit += (await socket.next<{ readonly type: 'credit'; readonly bytes: number }>('credit')).message.bytes;
    const end = Math.min(bytes.byteLength, offset + Math.min(credit, LIMITS.pieceBytes));
    credit -= end - offset;
    sendPieces(socket, fetchId, bytes, offset, end);
    offset = end;
  }
  socket.say({ type: 'done', fetchId });
}

/** Reads pieces until `done`, giving credit as they come; what failed is listed. */
export async function readAll(socket: TestSocket): Promise<{ bytes: Buffer; failed: Failed[] }> {
  const parts: Uint8Array[] = [];
  const failed: Failed[] = [];
  for (;;) {
    const { message, payload } = await socket.next<Piece | Failed | { readonly type: 'done' }>();
    if (message.type === 'done') return { bytes: Buffer.concat(parts), failed };
    if (message.type === 'sliceFailed') failed.push(message);
    if (message.type === 'piece' && payload) {
      parts.push(payload);
      socket.say({ type: 'credit', fetchId: 'f1', bytes: payload.byteLength });
    }
  }
}
