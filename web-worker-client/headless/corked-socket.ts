/** A WebSocket of Node's whose frames of one turn of the event loop go out in one write: a system call for each is dear where tasks are short. */
import type { Writable } from 'node:stream';
import { WebSocket } from 'ws';
import { LIMITS } from '../../shared/limits.ts';
import type { WebSocketLike } from '../link/web-socket.ts';

class CorkedSocket extends WebSocket {
  #stream: Writable | undefined;
  #corked = false;

  constructor(url: string) {
    super(url, { perMessageDeflate: false, maxPayload: LIMITS.sessionBinaryFrameBytes + LIMITS.sessionFrameBytes });
    this.once('upgrade', ({ socket }) => {
      this.#stream = socket;
    });
  }

  override send(data: string | Uint8Array): void {
    this.#cork();
    super.send(data);
  }

  #cork(): void {
    const stream = this.#stream;
    if (!stream || this.#corked) return;
    this.#corked = true;
    stream.cork();
    setImmediate(() => {
      this.#corked = false;
      stream.uncork();
    });
  }
}

export function corkedSocket(url: string): WebSocketLike {
  return new CorkedSocket(url) as unknown as WebSocketLike;
}
