/** Reads slices from one holder tab, verifying each on the way: what the relay and the collector have in common. */
import type { Slice } from '../../shared/plan/task.ts';
import type { PieceHeader } from '../../shared/protocol/data.ts';
import type { Held } from './held.ts';
import { TransferStopped } from './relay-credit.ts';
import { StreamDigest } from './relay-kernel.ts';
import type { DataPeer } from './relay-peer.ts';
import type { FailedWhy } from './relay-upstream.ts';

export interface SliceSink {
  /**
   * Bytes of slice `index`, in order; the next piece is read once this has resolved, and they are released then. The last one comes
   * only if the digest fits.
   */
  piece(index: number, header: PieceHeader, payload: Held): Promise<void> | undefined;
  /** The slice can't be had from here; `begun` when pieces of it were delivered already. */
  failed(index: number, why: FailedWhy, begun: boolean): void;
  complete(index: number): void;
}

/**
 * Fetches `slices` (indices into that list are the sink's). Every slice ends in `complete` or `failed`. Rejects only with what
 * the sink's `piece` rejects with; the fetch is then aborted.
 */
export async function readSlices(peer: DataPeer, slices: readonly Slice[], windowBytes: number, sink: SliceSink): Promise<void> {
  const hasher = new StreamDigest();
  const fetch = peer.startFetch(slices, windowBytes);
  const open = new Set(slices.keys());
  let begun = -1;
  const fail = (index: number, why: FailedWhy): void => {
    if (open.delete(index)) sink.failed(index, why, begun === index);
  };
  const take = (header: PieceHeader, payload: Held): Promise<void> | undefined => {
    const slice = slices[header.index];
    if (!slice) return undefined;
    if (header.offset === 0) hasher.start();
    hasher.update(payload.bytes);
    const last = header.offset + payload.bytes.byteLength === header.total;
    // Tabs send their own outputs raw; another coding could not be checked against the digest of the raw bytes.
    const sound = header.codec === 'raw' && header.total === header.rawBytes && header.rawBytes === slice.bytes;
    if (!sound || (last && hasher.digest() !== slice.digest)) {
      fail(header.index, 'corrupt');
      return undefined;
    }
    const taken = (): void => {
      begun = header.index;
      if (last && open.delete(header.index)) sink.complete(header.index);
    };
    const room = sink.piece(header.index, header, payload);
    if (room) return room.then(taken);
    taken();
    return undefined;
  };
  try {
    while (open.size > 0) {
      const arrival = await fetch.next().catch((error: unknown) => {
        if (error instanceof TransferStopped) return error;
        throw error;
      });
      if (arrival instanceof TransferStopped) {
        for (const index of [...open]) fail(index, arrival.why === 'timeout' ? 'timeout' : 'missing');
        return;
      }
      if (arrival.kind === 'done') {
        for (const index of [...open]) fail(index, 'missing');
        return;
      }
      if (arrival.kind === 'failed') {
        fail(arrival.index, arrival.why);
        continue;
      }
      const { header, payload } = arrival;
      const { byteLength } = payload.bytes;
      try {
        // A slice that already failed here: its rest is of no use, but was paid for with credit.
        const taken = open.has(header.index) ? take(header, payload) : undefined;
        if (taken) await taken;
      } finally {
        payload.release();
      }
      fetch.consumed(byteLength);
    }
  } finally {
    fetch.end();
    hasher.close();
  }
}
