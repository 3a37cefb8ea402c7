/**
 * A WASI preview 1 host that is the same on every machine, for guests of both ABIs: three streams, arguments and environment, a virtual
 * clock and seeded random bytes. Nothing else can be reached through it. Calls: https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md
 */
import { SeededRandom, VirtualClock } from '../../shared/guest/determinism.ts';
import { isClock, REALTIME_CLOCK } from './clocks.ts';
import { ERRNO } from './errno.ts';
import { GuestMemory } from './guest-memory.ts';
import { pollOneoff } from './poll.ts';
import { fileCalls } from './side-files.ts';
import { type StandardStreams, streamCalls } from './streams.ts';

const CLOCK_RESOLUTION_NANOS = 1_000n;
const UTF8 = new TextEncoder();

export interface WasiOptions {
  readonly streams: StandardStreams;
  /** Further files to read; absent: there are none. */
  readonly files?: readonly Uint8Array[];
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly seed: bigint;
  /** proc_exit: must throw. */
  readonly exit: (code: number) => never;
  /** Runs around every call; throws when the guest may not go on. After a failure it must throw again, since guests catch. */
  readonly guard: (call: () => number) => number;
}

type WasiCall = (...values: (number | bigint)[]) => number;

/** Arguments or environment: a list of texts, each ended by a zero byte. */
function textCalls(memory: GuestMemory, texts: readonly string[]): { sizes: WasiCall; get: WasiCall } {
  const encoded = texts.map((text) => UTF8.encode(`${text}\0`));
  const total = encoded.reduce((sum, bytes) => sum + bytes.length, 0);
  return {
    sizes: (countAt, totalAt) => {
      const [a, b] = [Number(countAt) >>> 0, Number(totalAt) >>> 0];
      if (!memory.holds(a, 4) || !memory.holds(b, 4)) return ERRNO.fault;
      memory.view.setUint32(a, encoded.length, true);
      memory.view.setUint32(b, total, true);
      return ERRNO.success;
    },
    get: (pointersAt, bytesAt) => {
      const pointers = Number(pointersAt) >>> 0;
      let to = Number(bytesAt) >>> 0;
      if (!memory.holds(pointers, 4 * encoded.length) || !memory.holds(to, total)) return ERRNO.fault;
      encoded.forEach((bytes, i) => {
        memory.view.setUint32(pointers + 4 * i, to, true);
        memory.bytes.set(bytes, to);
        to += bytes.length;
      });
      return ERRNO.success;
    },
  };
}

export class WasiHost {
  readonly memory = new GuestMemory();
  readonly #calls: Readonly<Record<string, WasiCall>>;
  readonly #guard: WasiOptions['guard'];

  constructor(options: WasiOptions) {
    const { memory } = this;
    const clock = new VirtualClock();
    const random = new SeededRandom(options.seed);
    const args = textCalls(memory, options.args);
    const environment = textCalls(
      memory,
      Object.entries(options.environment).map(([name, value]) => `${name}=${value}`),
    );
    this.#guard = options.guard;
    const { files = [] } = options;
    const streams = streamCalls(memory, options.streams) as Record<string, WasiCall>;
    this.#calls = {
      ...streams,
      ...(files.length > 0 && fileCalls(memory, files, streams)),
      args_sizes_get: args.sizes,
      args_get: args.get,
      environ_sizes_get: environment.sizes,
      environ_get: environment.get,
      clock_res_get: (id, at) => {
        if (!isClock(Number(id))) return ERRNO.inval;
        return putU64(memory, Number(at) >>> 0, CLOCK_RESOLUTION_NANOS);
      },
      clock_time_get: (id, _precision, at) => {
        if (!isClock(Number(id))) return ERRNO.inval;
        return putU64(memory, Number(at) >>> 0, clock.read(Number(id) === REALTIME_CLOCK));
      },
      random_get: (at, size) => {
        const [from, count] = [Number(at) >>> 0, Number(size) >>> 0];
        if (!memory.holds(from, count)) return ERRNO.fault;
        random.fill(memory.bytes.subarray(from, from + count));
        return ERRNO.success;
      },
      poll_oneoff: (subscriptions, events, count, out) =>
        pollOneoff(memory, clock, Number(subscriptions) >>> 0, Number(events) >>> 0, Number(count) >>> 0, Number(out) >>> 0),
      sched_yield: () => ERRNO.success,
      proc_exit: (code) => options.exit(Number(code) >>> 0),
    };
  }

  /** The function for an import, whatever its name: a call that is not served answers ENOSYS, one for a path ENOTCAPABLE. */
  import(name: string): WasiCall {
    const call = Object.hasOwn(this.#calls, name) ? this.#calls[name] : undefined;
    const answer = name.startsWith('path_') ? ERRNO.notcapable : ERRNO.nosys;
    return (...values) =>
      this.#guard(() => {
        if (call === undefined) return answer;
        this.memory.refresh();
        return call(...values);
      });
  }
}

function putU64(memory: GuestMemory, at: number, value: bigint): number {
  if (!memory.holds(at, 8)) return ERRNO.fault;
  memory.view.setBigUint64(at, value, true);
  return ERRNO.success;
}
