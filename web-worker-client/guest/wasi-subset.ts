/**
 * WASI preview 1 for batch guests: a clock, random numbers, output to the log, an empty environment, and no files (B-43). What is not
 * here answers ENOSYS. https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md
 */
import type { SeededRandom, VirtualClock } from '../../shared/guest/determinism.ts';
import { authorError } from '../../shared/guest/guest-error.ts';
import type { GuestLog } from '../../shared/guest/guest-log.ts';
import { WASI_FUNCTIONS } from '../../shared/guest/imports.ts';

const ERRNO = { SUCCESS: 0, BADF: 8, FAULT: 21, INVAL: 28, NOSYS: 52, SPIPE: 70 } as const;
const CLOCK_REALTIME = 0;
const CHARACTER_DEVICE = 2;
const INFORMATION = 1;
const WARNING = 2;

export interface WasiHost {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly log: GuestLog;
  /** The guest's memory as it is now. */
  memory(): ArrayBuffer;
}

type WasiFunction = (...args: (number | bigint)[]) => number;

const address = (value: number | bigint | undefined): number => Number(value ?? 0) >>> 0;

/** Functions by name, all that admission lets through. */
export function wasiSubset(host: WasiHost): Record<string, WasiFunction> {
  /** The memory, once `bytes` bytes from `at` are known to be in it. */
  const within = (at: number, bytes: number): DataView | undefined => {
    const memory = host.memory();
    return at + bytes <= memory.byteLength ? new DataView(memory) : undefined;
  };
  const writeSizes: WasiFunction = (count, bytes) => {
    const at = [address(count), address(bytes)];
    for (const place of at) {
      const view = within(place, 4);
      if (view === undefined) return ERRNO.FAULT;
      view.setUint32(place, 0, true);
    }
    return ERRNO.SUCCESS;
  };
  const writeNanos = (result: number, nanos: bigint): number => {
    const view = within(result, 8);
    view?.setBigUint64(result, nanos, true);
    return view === undefined ? ERRNO.FAULT : ERRNO.SUCCESS;
  };
  const isClock = (id: number | bigint | undefined): boolean => Number(id) >= CLOCK_REALTIME && Number(id) <= 3;
  const served: Record<string, WasiFunction> = {
    args_sizes_get: writeSizes,
    environ_sizes_get: writeSizes,
    args_get: () => ERRNO.SUCCESS,
    environ_get: () => ERRNO.SUCCESS,
    sched_yield: () => ERRNO.SUCCESS,
    clock_res_get: (id, result) => (isClock(id) ? writeNanos(address(result), 1_000n) : ERRNO.INVAL),
    clock_time_get: (id, _precision, result) =>
      isClock(id) ? writeNanos(address(result), host.clock.read(Number(id) === CLOCK_REALTIME)) : ERRNO.INVAL,
    random_get: (pointer, length) => {
      const at = address(pointer);
      const bytes = address(length);
      const view = within(at, bytes);
      if (view === undefined) return ERRNO.FAULT;
      host.random.fill(new Uint8Array(view.buffer, at, bytes));
      return ERRNO.SUCCESS;
    },
    proc_exit: (code) => {
      const hint = 'A batch guest returns from its functions and never exits.';
      throw authorError('guest-exit', `the guest exited with code ${Number(code)}`, hint);
    },
    fd_write: (fd, vectors, count, written) =>
      fd === 1 || fd === 2
        ? write(host, within, fd === 1 ? INFORMATION : WARNING, address(vectors), address(count), address(written))
        : ERRNO.BADF,
    fd_fdstat_get: (fd, result) => {
      const at = address(result);
      const view = within(at, 24);
      if (!isStandard(fd)) return ERRNO.BADF;
      if (view === undefined) return ERRNO.FAULT;
      new Uint8Array(view.buffer, at, 24).fill(0);
      view.setUint8(at, CHARACTER_DEVICE);
      return ERRNO.SUCCESS;
    },
    fd_seek: (fd) => (isStandard(fd) ? ERRNO.SPIPE : ERRNO.BADF),
  };
  const missing: WasiFunction = () => ERRNO.NOSYS;
  const noFile: WasiFunction = () => ERRNO.BADF;
  return Object.fromEntries(WASI_FUNCTIONS.map((name) => [name, served[name] ?? (name.startsWith('fd_') ? noFile : missing)]));
}

const isStandard = (fd: number | bigint | undefined): boolean => Number(fd) >= 0 && Number(fd) <= 2;

/** Vectors that one write may have. */
const VECTORS_MAX = 1024;

function write(
  host: WasiHost,
  within: (at: number, bytes: number) => DataView | undefined,
  level: number,
  vectors: number,
  count: number,
  written: number,
): number {
  if (count > VECTORS_MAX) return ERRNO.INVAL;
  const view = within(vectors, 8 * count);
  if (view === undefined || within(written, 4) === undefined) return ERRNO.FAULT;
  let total = 0;
  for (let i = 0; i < count; i++) {
    const at = view.getUint32(vectors + 8 * i, true);
    const bytes = view.getUint32(vectors + 8 * i + 4, true);
    if (within(at, bytes) === undefined) return ERRNO.FAULT;
    if (bytes > 0) host.log.add(level, new Uint8Array(view.buffer, at, bytes));
    total += bytes;
  }
  view.setUint32(written, total, true);
  return ERRNO.SUCCESS;
}
