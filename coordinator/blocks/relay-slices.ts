/** Reads slices from one holder tab, verifying each on the way: what the relay and the collector have in common. */
import type { Slice } from '../../shared/plan/task.ts';
import type { PieceHeader } from '../../shared/protocol/data.ts';
import { TransferStopped } from './relay-credit.ts';
import type { DataPeer } from './relay-peer.ts';
import type { FailedWhy } from './relay-upstream.ts';
import { StreamDigest } from './stream-digest.ts';

export interface SliceSink {
  /** What comes is kept here: a holder need not store it. */
  readonly kept?: boolean;
  /** Bytes of slice `index`, in order; the next piece is read once this has resolved. The last one comes only if the digest fits. */
  piece(index: number, header: PieceHeader, payload: Uint8Array): Promise<void> | undefined;
  /** The slice can't be had from here; `begun` when pieces of it were delivered already. */
  failed(index: number, why: FailedWhy, begun: boolean): void;
  complete(index: number): void;
}

/**
 * Fetches `slices` (indices into that list are the sink's). Every slice ends in `complete` or `failed`. Rejects only with what
 * the sink's `piece` rejects with; the fetch is then aborted.
 */
export async function readSlices(peer: DataPeer, slices: readonly Slice[], windowBytes: number, sink: SliceSink): Promise<void> {
  const digest = new StreamDigest();
  const fetch = peer.startFetch(slices, windowBytes, sink.kept);
  const open = new Set(slices.keys());
  let begun = -1;
  const fail = (index: number, why: FailedWhy): void => {
    if (open.delete(index)) sink.failed(index, why, begun === index);
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
      const slice = slices[header.index];
      if (!slice || !open.has(header.index)) {
        // A slice that already failed here: its rest is of no use, but was paid for with credit.
        fetch.consumed(payload.byteLength);
        continue;
      }
      if (header.offset === 0) digest.start();
      digest.update(payload);
      const last = header.offset + payload.byteLength === header.total;
      // Tabs send their own outputs raw; another coding could not be checked against the digest of the raw bytes.
      const sound = header.codec === 'raw' && header.total === header.rawBytes && header.rawBytes === slice.bytes;
      if (!sound || (last && digest.digest() !== slice.digest)) {
        fail(header.index, 'corrupt');
      } else {
        const taken = sink.piece(header.index, header, payload);
        if (taken) await taken;
        begun = header.index;
        if (last && open.delete(header.index)) sink.complete(header.index);
      }
      fetch.consumed(payload.byteLength);
    }
  } finally {
    fetch.end();
    digest.close();
  }
}
