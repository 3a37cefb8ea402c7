import type { WebSocket } from 'ws';
import type { Clock } from '../../shared/clock.ts';
import type { CloseCode } from '../../shared/protocol/version.ts';

/** A close frame's reason holds 123 bytes. */
const REASON_BYTES = 123;
/** A peer that does not answer the close frame is cut off after this. */
const CLOSE_GRACE_MS = 1_000;

export function closeSocket(socket: WebSocket, code: CloseCode, reason: string, clock: Clock): void {
  if (socket.readyState === socket.CLOSED) return;
  const bytes = Buffer.from(reason, 'utf8').subarray(0, REASON_BYTES);
  // A character cut in half at the end would make the frame invalid.
  socket.close(code, bytes.toString('utf8').replace(/\uFFFD+$/, ''));
  // A paused socket would never see the peer's answer.
  if (socket.isPaused) socket.resume();
  const cancel = clock.after(CLOSE_GRACE_MS, () => socket.terminate());
  socket.once('close', cancel);
}
