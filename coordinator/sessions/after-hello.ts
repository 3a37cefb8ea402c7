/**
 * A socket's first frame says who is there; what comes later goes to whoever that made of it. A socket lives for hours, and there are
 * thousands: nothing of its beginning, the upgrade's request above all, may be held on to by a listener that stays.
 */
import type { RawData, WebSocket } from 'ws';
import type { Clock } from '../../shared/clock.ts';
import { LIMITS } from '../../shared/limits.ts';
import { CLOSE } from '../../shared/protocol/version.ts';
import { closeSocket } from './close.ts';

export type Receive = (data: Buffer, isBinary: boolean) => void;

/** An error ends the socket; without a listener it would end the process. */
export function endOnError(socket: WebSocket, what: string, log: (error: unknown, what: string) => void): void {
  // Whoever accepted the upgrade has a listener that knows its request.
  socket.removeAllListeners('error');
  socket.on('error', (error) => {
    log(error, what);
    socket.terminate();
  });
}

/** `greet` gets the first frame and answers who takes the others; undefined: it was refused, and others are of no interest. */
export function afterHello(
  socket: WebSocket,
  clock: Clock,
  greet: (data: Buffer, isBinary: boolean) => Receive | undefined,
): void {
  const cancel = clock.after(LIMITS.helloMs, () => {
    closeSocket(socket, CLOSE.badMessage, `no hello within ${LIMITS.helloMs} ms`, clock);
  });
  socket.once('close', cancel);
  socket.once('message', (data: RawData, isBinary: boolean) => {
    cancel();
    socket.off('close', cancel);
    const receive = greet(data as Buffer, isBinary);
    if (receive) socket.on('message', receive as (data: RawData, isBinary: boolean) => void);
  });
}
