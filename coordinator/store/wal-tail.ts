/**
 * Whether a write-ahead log ends in the middle of a transaction: its writer was killed, and SQLite will pass over that end. Only read,
 * so that it can be told. Layout: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs';

const HEADER = 32;
const FRAME_HEADER = 24;

export function endsCutShort(path: string): boolean {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= HEADER) return false;
  const file = openSync(path, 'r');
  try {
    const header = Buffer.alloc(HEADER);
    readSync(file, header, 0, HEADER, 0);
    const frameBytes = FRAME_HEADER + header.readUInt32BE(8);
    const salts = header.subarray(16, 24);
    const frame = Buffer.alloc(FRAME_HEADER);
    let isCommitted = true;
    for (let at = HEADER; at + FRAME_HEADER <= size; at += frameBytes) {
      readSync(file, frame, 0, FRAME_HEADER, at);
      // Older frames, of a log that was begun anew since.
      if (!frame.subarray(8, 16).equals(salts)) return !isCommitted;
      // A frame that commits says how many pages the database has.
      isCommitted = frame.readUInt32BE(4) > 0 && at + frameBytes <= size;
    }
    return !isCommitted;
  } finally {
    closeSync(file);
  }
}
