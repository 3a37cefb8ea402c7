/** `Socket` over anything with the browser's WebSocket interface: the browser's own, or that of the package ws. */
import type { Socket, SocketEvents } from './platform.ts';

/** The part of the WebSocket interface that both have. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}

const OPEN = 1;

export function wrapWebSocket(make: () => WebSocketLike, events: SocketEvents): Socket {
  let closed = false;
  const close = (code: number, reason: string): void => {
    if (closed) return;
    closed = true;
    events.closed(code, reason);
  };
  let socket: WebSocketLike;
  try {
    socket = make();
  } catch (error) {
    // A bad URL or a blocked scheme throws here; the caller must see it as any other closed socket, after it has returned.
    queueMicrotask(() => close(1006, (error as Error).message));
    return { send: () => undefined, close: () => undefined, bufferedBytes: () => 0 };
  }
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => events.opened();
  socket.onmessage = (event: { data: unknown }) => {
    if (closed) return;
    if (typeof event.data === 'string') events.text(event.data);
    else if (event.data instanceof ArrayBuffer) events.binary(new Uint8Array(event.data));
  };
  let failure = '';
  socket.onerror = (event: { message?: string }) => {
    failure = event.message ?? '';
  };
  socket.onclose = (event: { code: number; reason: string }) => close(event.code, event.reason || failure);
  return {
    send(frame) {
      if (!closed && socket.readyState === OPEN) socket.send(frame);
    },
    close(code, reason) {
      // Reasons are limited to 123 bytes by RFC 6455; ours are ASCII.
      socket.close(code, reason.slice(0, 120));
    },
    bufferedBytes: () => socket.bufferedAmount,
  };
}
