/** The three standard streams: all the files that a guest has. */
import { ERRNO } from './errno.ts';
import type { GuestMemory } from './guest-memory.ts';

/** What the guest's C library takes the streams for: it writes to a terminal line by line, to a stream socket in whole blocks. */
const FILE_TYPES = { terminal: 2, socket: 6 } as const;
const RIGHT_READ = 2n;
const RIGHT_WRITE = 64n;
const IOVECS_MAX = 1_024;

export interface StandardStreams {
  readonly type: keyof typeof FILE_TYPES;
  /** Fills `target` as far as there is input; fewer bytes only at the end. */
  readonly read: (target: Uint8Array) => number;
  /** The bytes are in the guest's memory: copy what is kept. */
  readonly write: (bytes: Uint8Array) => void;
  readonly log: (bytes: Uint8Array) => void;
}

type Call = (...values: number[]) => number;

/** Runs `use` over the guest's buffers in turn, until it takes less than one whole buffer; gives the errno. */
export function eachBuffer(
  memory: GuestMemory,
  list: number,
  count: number,
  out: number,
  use: (bytes: Uint8Array) => number,
): number {
  if (count > IOVECS_MAX) return ERRNO.inval;
  if (!memory.holds(list, 8 * count) || !memory.holds(out, 4)) return ERRNO.fault;
  // All are checked before the first is used, so that a bad list has no effect.
  for (let i = 0; i < count; i++) {
    if (!memory.holds(memory.view.getUint32(list + 8 * i, true), memory.view.getUint32(list + 8 * i + 4, true)))
      return ERRNO.fault;
  }
  let total = 0;
  for (let i = 0; i < count; i++) {
    const at = memory.view.getUint32(list + 8 * i, true);
    const size = memory.view.getUint32(list + 8 * i + 4, true);
    // Reading may have overwritten the list itself.
    if (!memory.holds(at, size)) return ERRNO.fault;
    const used = size === 0 ? 0 : use(memory.bytes.subarray(at, at + size));
    total += used;
    if (used < size) break;
  }
  memory.view.setUint32(out, total, true);
  return ERRNO.success;
}

export function streamCalls(memory: GuestMemory, streams: StandardStreams): Record<string, Call> {
  const type = FILE_TYPES[streams.type];
  const open = (fd: number): boolean => fd >>> 0 <= 2;
  const known =
    (answer: number): Call =>
    (fd = 3) =>
      open(fd) ? answer : ERRNO.badf;
  return {
    fd_read: (fd = 3, list = 0, count = 0, out = 0) =>
      fd === 0 ? eachBuffer(memory, list >>> 0, count >>> 0, out >>> 0, streams.read) : ERRNO.badf,
    fd_write: (fd = 3, list = 0, count = 0, out = 0) => {
      if (fd !== 1 && fd !== 2) return ERRNO.badf;
      const sink = fd === 1 ? streams.write : streams.log;
      return eachBuffer(memory, list >>> 0, count >>> 0, out >>> 0, (bytes) => {
        sink(bytes);
        return bytes.length;
      });
    },
    fd_fdstat_get: (fd = 3, at = 0) => {
      if (!open(fd)) return ERRNO.badf;
      const to = at >>> 0;
      if (!memory.holds(to, 24)) return ERRNO.fault;
      memory.bytes.fill(0, to, to + 24);
      memory.bytes[to] = type;
      memory.view.setBigUint64(to + 8, fd === 0 ? RIGHT_READ : RIGHT_WRITE, true);
      return ERRNO.success;
    },
    fd_filestat_get: (fd = 3, at = 0) => {
      if (!open(fd)) return ERRNO.badf;
      const to = at >>> 0;
      if (!memory.holds(to, 64)) return ERRNO.fault;
      memory.bytes.fill(0, to, to + 64);
      memory.bytes[to + 16] = type;
      return ERRNO.success;
    },
    fd_fdstat_set_flags: known(ERRNO.success),
    fd_close: known(ERRNO.success),
    fd_seek: known(ERRNO.spipe),
    fd_tell: known(ERRNO.spipe),
    fd_prestat_get: () => ERRNO.badf,
    fd_prestat_dir_name: () => ERRNO.badf,
  };
}
