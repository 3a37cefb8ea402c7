/** The session socket of the link: frames in become events of the core, or go to those who keep blocks and leases. */
import type { CoordinatorMessage, WorkerMessage } from '../../shared/protocol/session.ts';
import type { TabEvent } from '../core/events.ts';
import type { Lease } from './attempt-run.ts';
import type { CopyBlock } from './copies.ts';
import { leaseOf } from './hello-and-lease.ts';
import { BadMessageError, readSessionBinary, readSessionText, type SessionFrame } from './messages.ts';
import type { Platform, Socket } from './platform.ts';
import { ToldRuns } from './told-runs.ts';

export interface SessionSocketOptions {
  readonly platform: Pick<Platform, 'openSocket'>;
  readonly url: string;
  readonly dispatch: (event: TabEvent) => void;
  /** These come before the event that follows from the message. */
  /** Says whether the coordinator knows this tab's store. */
  readonly onWelcome: (message: Extract<CoordinatorMessage, { type: 'welcome' }>) => boolean;
  readonly onLease: (lease: Lease) => void;
  readonly onDropBlocks: (blockIds: readonly string[]) => void;
  readonly onCopyBlock: (message: CopyBlock) => void;
}

export class SessionSocket {
  readonly #options: SessionSocketOptions;
  #live: { readonly epoch: number; readonly socket: Socket } | undefined;
  /** Of the session that the open socket carries. */
  #told = new ToldRuns();

  constructor(options: SessionSocketOptions) {
    this.#options = options;
  }

  open(epoch: number): void {
    const { platform, url, dispatch } = this.#options;
    const socket = platform.openSocket(url, {
      opened: () => dispatch({ type: 'socketOpened', epoch }),
      text: (frame) => this.#receive(epoch, () => readSessionText(frame)),
      binary: (frame) => this.#receive(epoch, () => readSessionBinary(frame)),
      closed: (code, reason) => dispatch({ type: 'socketClosed', epoch, code, reason }),
    });
    this.#live = { epoch, socket };
    this.#told = new ToldRuns();
  }

  close(epoch: number, code: number, why: string): void {
    if (this.#live?.epoch !== epoch) return;
    this.#live.socket.close(code, why);
    // What still comes in is of no interest; frames sent before the close go out.
    this.#live = undefined;
  }

  /** Frames for a socket that is not open are dropped: the session that they belonged to is over. */
  send(message: WorkerMessage | string | Uint8Array<ArrayBuffer>): void {
    const frame = typeof message === 'string' || message instanceof Uint8Array ? message : JSON.stringify(message);
    this.#live?.socket.send(frame);
  }

  #receive(epoch: number, read: () => SessionFrame): void {
    if (this.#live?.epoch !== epoch) return;
    try {
      this.#onMessage(epoch, read());
    } catch (error) {
      if (!(error instanceof BadMessageError)) throw error;
      this.#options.dispatch({ type: 'badMessageReceived', epoch, why: error.message });
    }
  }

  #onMessage(epoch: number, { message, payload }: SessionFrame): void {
    const { dispatch, onWelcome, onLease, onDropBlocks, onCopyBlock } = this.#options;
    switch (message.type) {
      case 'welcome': {
        const returning = onWelcome(message);
        const { workerId, heartbeatMs } = message;
        dispatch({ type: 'welcomed', epoch, workerId, heartbeatMs, returning });
        return;
      }
      case 'lease': {
        onLease(leaseOf(message, payload, this.#told));
        const { attemptId, slot, task } = message;
        dispatch({ type: 'leased', epoch, attemptId, slot, blockId: task.blockId, title: task.title });
        return;
      }
      case 'cancelAttempt':
        dispatch({ type: 'attemptCancelled', epoch, attemptId: message.attemptId, why: message.why });
        return;
      case 'dropBlocks':
        onDropBlocks(message.blockIds);
        return;
      case 'copyBlock':
        onCopyBlock(message);
        return;
      case 'dropResidents':
        dispatch({ type: 'residentsReleased', epoch, slot: message.slot, residentKeys: message.residentKeys });
        return;
      case 'drain':
        dispatch({ type: 'drained', epoch });
        return;
      case 'heartbeatSeen':
        dispatch({ type: 'heartbeatSeen', epoch, seq: message.seq });
        return;
    }
  }
}
