/** What a guest says, bounded by line and in all (B-42). */
import { LIMITS } from '../limits.ts';

export interface GuestLogLine {
  /** 0 debug, 1 information, 2 warning, 3 error. */
  readonly level: number;
  readonly text: string;
}

export class GuestLog {
  readonly lines: GuestLogLine[] = [];
  /** Bytes that were cut off or left out. */
  droppedBytes = 0;
  #bytes = 0;

  /** Takes a line as UTF-8; bytes that are none become replacement characters. */
  add(level: number, utf8: Uint8Array): void {
    const room = Math.min(LIMITS.guestLogLineBytes, LIMITS.guestLogBytes - this.#bytes);
    const taken = utf8.subarray(0, Math.max(room, 0));
    this.droppedBytes += utf8.length - taken.length;
    // An empty line counts for one byte, so that their number is bounded too.
    this.#bytes += Math.max(taken.length, 1);
    if (taken.length === 0 && (utf8.length > 0 || room <= 0)) return;
    this.lines.push({ level: level >= 0 && level <= 3 ? level : 1, text: new TextDecoder('utf-8').decode(taken) });
  }
}
