/** Files that a program may read, and nothing more: `/broadcast/0`, `/broadcast/1` and so on, whole in memory. */
import { ERRNO } from './errno.ts';
import type { GuestMemory } from './guest-memory.ts';
import { eachBuffer } from './streams.ts';

const FOLDER = new TextEncoder().encode('/broadcast');
const FOLDER_FD = 3;
const FIRST_FD = 4;
const OPEN_MAX = 64;
const TYPES = { folder: 3, file: 4 } as const;
/** read, seek, tell, look at the file; in the folder also open, and look by its name. */
const FILE_RIGHTS = 2n | 4n | 32n | (1n << 21n);
const FOLDER_RIGHTS = FILE_RIGHTS | (1n << 13n) | (1n << 18n);

type Call = (...values: (number | bigint)[]) => number;
interface Open {
  readonly bytes: Uint8Array;
  at: number;
}

/** The calls that know of these files, each of which hands other files on to `rest`. */
export function fileCalls(
  memory: GuestMemory,
  files: readonly Uint8Array[],
  rest: Readonly<Record<string, Call>>,
): Record<string, Call> {
  const open = new Map<number, Open>();
  const named = (at: number, size: number): Uint8Array | undefined => {
    const path = new TextDecoder().decode(memory.bytes.subarray(at, at + size)).replace(/^(\.?\/)+/, '');
    return /^\d{1,3}$/.test(path) ? files[Number(path)] : undefined;
  };
  const otherwise =
    (name: string, own: (file: Open, ...values: (number | bigint)[]) => number): Call =>
    (fd = -1, ...values) => {
      const file = open.get(Number(fd));
      return file ? own(file, ...values) : (rest[name]?.(fd, ...values) ?? ERRNO.badf);
    };
  const stat = (at: number, bytes: Uint8Array | undefined): number => {
    if (!memory.holds(at, 64)) return ERRNO.fault;
    memory.bytes.fill(0, at, at + 64);
    memory.bytes[at + 16] = bytes ? TYPES.file : TYPES.folder;
    memory.view.setBigUint64(at + 32, BigInt(bytes?.length ?? 0), true);
    return ERRNO.success;
  };
  const describe = (at: number, type: number, rights: bigint): number => {
    if (!memory.holds(at, 24)) return ERRNO.fault;
    memory.bytes.fill(0, at, at + 24);
    memory.bytes[at] = type;
    memory.view.setBigUint64(at + 8, rights, true);
    memory.view.setBigUint64(at + 16, FILE_RIGHTS, true);
    return ERRNO.success;
  };
  const tell = (file: Open, out: number): number => {
    if (!memory.holds(out, 8)) return ERRNO.fault;
    memory.view.setBigUint64(out, BigInt(file.at), true);
    return ERRNO.success;
  };
  const inFolder =
    (name: string, own: (...values: (number | bigint)[]) => number): Call =>
    (fd = -1, ...values) =>
      Number(fd) === FOLDER_FD ? own(...values) : otherwise(name, () => ERRNO.notdir)(fd, ...values);
  const u32 = (value: number | bigint | undefined): number => Number(value ?? 0) >>> 0;

  return {
    fd_prestat_get: inFolder('fd_prestat_get', (at) => {
      if (!memory.holds(u32(at), 8)) return ERRNO.fault;
      memory.view.setUint32(u32(at), 0, true);
      memory.view.setUint32(u32(at) + 4, FOLDER.length, true);
      return ERRNO.success;
    }),
    fd_prestat_dir_name: inFolder('fd_prestat_dir_name', (at, size) => {
      if (u32(size) < FOLDER.length) return ERRNO.inval;
      if (!memory.holds(u32(at), FOLDER.length)) return ERRNO.fault;
      memory.bytes.set(FOLDER, u32(at));
      return ERRNO.success;
    }),
    path_open: inFolder('path_open', (_flags, at, size, how, _rights, _inherited, _fdflags, out) => {
      if (!memory.holds(u32(at), u32(size)) || !memory.holds(u32(out), 4)) return ERRNO.fault;
      const bytes = named(u32(at), u32(size));
      // To create, to be alone in it, to empty it.
      if ((u32(how) & 13) !== 0) return ERRNO.notcapable;
      if (bytes === undefined) return ERRNO.noent;
      if ((u32(how) & 2) !== 0) return ERRNO.notdir;
      let fd = FIRST_FD;
      while (open.has(fd)) fd++;
      if (fd >= FIRST_FD + OPEN_MAX) return ERRNO.nfile;
      open.set(fd, { bytes, at: 0 });
      memory.view.setUint32(u32(out), fd, true);
      return ERRNO.success;
    }),
    path_filestat_get: inFolder('path_filestat_get', (_flags, at, size, out) => {
      if (!memory.holds(u32(at), u32(size))) return ERRNO.fault;
      const bytes = named(u32(at), u32(size));
      return bytes ? stat(u32(out), bytes) : ERRNO.noent;
    }),
    fd_read: otherwise('fd_read', (file, list, count, out) =>
      eachBuffer(memory, u32(list), u32(count), u32(out), (target) => {
        const part = file.bytes.subarray(file.at, file.at + target.length);
        target.set(part);
        file.at += part.length;
        return part.length;
      }),
    ),
    fd_seek: otherwise('fd_seek', (file, offset = 0, whence = 0, out = 0) => {
      const from = [0, file.at, file.bytes.length][u32(whence)];
      if (from === undefined) return ERRNO.inval;
      const to = from + Number(offset);
      if (to < 0 || !Number.isSafeInteger(to)) return ERRNO.inval;
      file.at = to;
      return tell(file, u32(out));
    }),
    fd_tell: otherwise('fd_tell', (file, out) => tell(file, u32(out))),
    fd_fdstat_get: (fd = -1, at = 0) =>
      Number(fd) === FOLDER_FD
        ? describe(u32(at), TYPES.folder, FOLDER_RIGHTS)
        : otherwise('fd_fdstat_get', () => describe(u32(at), TYPES.file, FILE_RIGHTS))(fd, at),
    fd_filestat_get: (fd = -1, at = 0) =>
      Number(fd) === FOLDER_FD
        ? stat(u32(at), undefined)
        : otherwise('fd_filestat_get', (file) => stat(u32(at), file.bytes))(fd, at),
    fd_close: (fd = -1) => (open.delete(Number(fd)) ? ERRNO.success : (rest.fd_close?.(fd) ?? ERRNO.badf)),
  };
}
