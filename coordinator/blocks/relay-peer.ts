/** One worker's data socket: checks what comes in, and carries fetches in both directions. */

import { Compile } from 'typebox/compile';
import type { WebSocket } from 'ws';
import type { Clock } from '../../shared/clock.ts';
import type { SessionId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { Slice } from '../../shared/plan/task.ts';
import { DataMessage, PieceHeader } from '../../shared/protocol/data.ts';
import { encodeFrame } from '../../shared/protocol/frames.ts';
import { CLOSE } from '../../shared/protocol/version.ts';
import { closeSocket } from '../sessions/close.ts';
import { messageChecker, ProtocolError, readFrame } from '../sessions/messages.ts';
import { readFragments } from './fragments.ts';
import { TransferStopped } from './relay-credit.ts';
import { UpstreamFetch } from './relay-upstream.ts';

export type FetchMessage = Extract<DataMessage, { type: 'fetch' }>;

export const checkDataMessage = messageChecker<DataMessage>(DataMessage);
const pieceHeader = Compile(PieceHeader);

const HEADER_ROOM_BYTES = 4096;
/** Bytes that may wait in one socket before a sender waits too. */
const BEHIND_BYTES = LIMITS.pieceBytes;
/** Smaller payloads are cheaper to copy than to send as a fragment of their own. */
const COPIED_BYTES = 16 * 1024;
/** Part of the idle time that a holder gets: the consumer still waits when the next holder is asked. */
const HOLDER_SHARE = 0.6;
export const DATA_FRAME_LIMITS = { text: LIMITS.sessionFrameBytes, binary: LIMITS.pieceBytes + HEADER_ROOM_BYTES };

export interface PeerDeps {
  readonly clock: Clock;
  readonly idleMs: number;
  readonly fetch: (peer: DataPeer, message: FetchMessage) => void;
  readonly credit: (peer: DataPeer, fetchId: string, bytes: number) => void;
  readonly abort: (peer: DataPeer, fetchId: string) => void;
  /** The socket is closed; `broken` when the peer broke the protocol. */
  readonly gone: (peer: DataPeer, broken: string | undefined) => void;
  readonly log: (error: unknown, what: string) => void;
}

export class DataPeer {
  readonly sessionId: SessionId;
  readonly #socket: WebSocket;
  readonly #deps: PeerDeps;
  readonly #upstream = new Map<string, UpstreamFetch>();
  #fetches = 0;
  /** Senders that wait until the socket has caught up. */
  #behind: (() => void)[] = [];
  #closed = false;

  constructor(sessionId: SessionId, socket: WebSocket, deps: PeerDeps) {
    this.sessionId = sessionId;
    this.#socket = socket;
    this.#deps = deps;
    socket.binaryType = 'fragments';
    socket.on('close', () => this.#over(undefined));
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** A text, or a binary message in the fragments in which it came. */
  readonly receive = (data: Buffer | Buffer[]): void => {
    if (this.#closed) return;
    try {
      if (Array.isArray(data)) {
        const { message, payload } = readFragments(data, DATA_FRAME_LIMITS);
        this.#piece(message, payload);
      } else this.#control(checkDataMessage(readFrame(data, false, DATA_FRAME_LIMITS).message));
    } catch (error) {
      const reason = error instanceof ProtocolError ? error.message : 'the coordinator met an error of its own';
      if (!(error instanceof ProtocolError)) this.#deps.log(error, 'a data socket failed');
      closeSocket(this.#socket, CLOSE.badMessage, reason, this.#deps.clock);
      this.#over(reason);
    }
  };

  send(message: DataMessage): void {
    if (!this.#closed && this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /**
   * A promise while the socket is behind; the next piece should wait for it. Credit alone would not do: a peer may give any amount of
   * it and read nothing. `left` is called once the bytes have left this process, or never will.
   */
  sendPiece(header: PieceHeader, payload: Uint8Array, left: () => void): Promise<void> | undefined {
    if (this.#closed || this.#socket.readyState !== this.#socket.OPEN) {
      left();
      return undefined;
    }
    const sent = (): void => {
      left();
      if (this.#socket.bufferedAmount < BEHIND_BYTES) this.#caughtUp();
    };
    if (payload.byteLength < COPIED_BYTES) {
      this.#socket.send(encodeFrame(header, [payload]), sent);
    } else {
      // One message in two fragments: the payload, which other consumers may share, is never copied.
      this.#socket.send(encodeFrame(header, []), { binary: true, fin: false });
      this.#socket.send(payload, { binary: true, fin: true }, sent);
    }
    if (this.#socket.bufferedAmount < BEHIND_BYTES) return undefined;
    return new Promise((resolve, reject) => {
      const cancel = this.#deps.clock.after(this.#deps.idleMs, () => reject(new TransferStopped('timeout')));
      this.#behind.push(() => {
        cancel();
        resolve();
      });
    });
  }

  /** Asks this worker for slices that it holds; `kept`: what comes is kept here. Call `end()` on the result in any case. */
  startFetch(slices: readonly Slice[], creditBytes: number, kept = false): UpstreamFetch {
    const fetchId = `c${++this.#fetches}`;
    const fetch = new UpstreamFetch(slices.length, creditBytes, kept, {
      clock: this.#deps.clock,
      idleMs: this.#deps.idleMs * HOLDER_SHARE,
      sendCredit: (bytes) => this.send({ type: 'credit', fetchId, bytes }),
      release: (abort) => {
        this.#upstream.delete(fetchId);
        if (abort) this.send({ type: 'abort', fetchId });
      },
    });
    this.#upstream.set(fetchId, fetch);
    if (this.#closed) fetch.stop('closed');
    const wanted = slices.map(({ blockId, bucket, digest }) => ({ blockId, bucket, digest }));
    this.send({ type: 'fetch', fetchId, slices: wanted, creditBytes, ...(kept && { kept }) });
    return fetch;
  }

  close(reason: string): void {
    closeSocket(this.#socket, CLOSE.goingAway, reason, this.#deps.clock);
    this.#over(undefined);
  }

  #piece(header: unknown, payload: readonly Uint8Array[]): void {
    if (!pieceHeader.Check(header)) {
      const [first] = pieceHeader.Errors(header);
      throw new ProtocolError(`piece${first?.instancePath ?? ''} ${first?.message ?? 'does not fit its schema'}`);
    }
    // One of an aborted fetch may still be under way: not the holder's fault.
    const fetch = this.#upstream.get(header.fetchId);
    if (!fetch) return;
    // Who only passes pieces on sends them as large as they came.
    const parts = fetch.inFragments || payload.length === 1 ? payload : [Buffer.concat(payload)];
    let { offset } = header;
    for (const part of parts) {
      fetch.arrived({ kind: 'piece', header: { ...header, offset }, payload: part });
      offset += part.byteLength;
    }
  }

  #control(message: DataMessage): void {
    switch (message.type) {
      case 'fetch':
        this.#deps.fetch(this, message);
        break;
      case 'credit':
        this.#deps.credit(this, message.fetchId, message.bytes);
        break;
      case 'abort': {
        // A holder gives up one of ours, or the worker one of its own; the ids are those of whoever asked.
        const ours = this.#upstream.get(message.fetchId);
        if (ours) ours.stop('timeout');
        else this.#deps.abort(this, message.fetchId);
        break;
      }
      case 'sliceFailed':
        this.#upstream.get(message.fetchId)?.arrived({ kind: 'failed', index: message.index, why: message.why });
        break;
      case 'done':
        this.#upstream.get(message.fetchId)?.arrived({ kind: 'done' });
        break;
      case 'hello':
      case 'ready':
        throw new ProtocolError(`${message.type} does not belong here`);
    }
  }

  #over(broken: string | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const fetch of this.#upstream.values()) fetch.stop('closed');
    this.#caughtUp();
    this.#deps.gone(this, broken);
  }

  #caughtUp(): void {
    const behind = this.#behind;
    this.#behind = [];
    for (const wake of behind) wake();
  }
}
