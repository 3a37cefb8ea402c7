/**
 * One instance of a batch guest and its imports. Once anything has failed, every import throws that failure again and every call is
 * refused: a guest that caught the exception can do nothing more, and is never believed (B-44).
 */
import { BATCH_ABI_VERSION, BATCH_MODULE, BATCH_PREFIX, RESERVED_NAMES, WASI_MODULE } from '../../shared/guest/abi.ts';
import { authorError, GuestError, resourceError } from '../../shared/guest/guest-error.ts';
import type { GuestLog } from '../../shared/guest/guest-log.ts';
import { WASI_FUNCTIONS } from '../../shared/guest/imports.ts';
import { WasiHost } from '../wasi/wasi-host.ts';
import { GuestView } from './guest-view.ts';
import { failError, type MemoryUse, memoryError, trapError } from './traps.ts';

/** What an instance asks of its host. */
export interface InstanceHost {
  readonly log: GuestLog;
  /** Of random numbers (B-51). */
  readonly seed: bigint;
  readonly memoryBytesMax: number;
  /** Throws when the attempt must end. Called at every import. */
  checkDeadline(): void;
  /** Copies what it needs before it returns. */
  emitted(port: number, schema: number, array: number, view: GuestView): void;
  progressed(fraction: number): void;
  /** Adds to an accumulator. */
  added(name: string, amount: number): void;
}

type UserFunction = (event: number, schema: number, array: number) => number;
type AnyFunction = (...args: never[]) => unknown;

/** Log lines and fail messages are read up to this length. */
const TEXT_BYTES = 64 * 1024;
/** Levels of the log for what goes to stdout and stderr. */
const INFORMATION = 1;
const WARNING = 2;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const ALIGNMENT = 64;
/** Inputs get room in steps of this, so that batches of nearly equal size don't ask anew. */
const ROOM_STEP = 64 * 1024;

export class BatchInstance {
  readonly #host: InstanceHost;
  readonly #wasi: WasiHost;
  #dead: GuestError | undefined;
  #memory: WebAssembly.Memory | undefined;
  #exports: WebAssembly.Exports = {};
  #view: GuestView | undefined;
  #run: UserFunction | undefined;
  #mayEmit = false;
  #room = { pointer: 0, bytes: 0 };

  /** `module`: compiled from what admission returned. Throws GuestError. */
  constructor(module: WebAssembly.Module, functionName: string, host: InstanceHost) {
    this.#host = host;
    this.#wasi = this.#wasiHost();
    this.#guarded(() => {
      const instance = this.#instantiate(module);
      this.#exports = instance.exports;
      this.#memory = instance.exports.memory as WebAssembly.Memory;
      this.#wasi.memory.attach(this.#memory);
      this.#function('_initialize')?.();
      const version = this.#function(`${BATCH_PREFIX}abi`)?.();
      if (version !== BATCH_ABI_VERSION) {
        const hint = `This is Muster with version ${BATCH_ABI_VERSION}: compile with its SDK.`;
        throw authorError('guest-abi', `the guest speaks version ${String(version)} of the batch ABI`, hint);
      }
      this.#run = this.#userFunction(functionName);
    });
  }

  #userFunction(name: string): UserFunction {
    const found = RESERVED_NAMES.has(name) ? undefined : this.#function(BATCH_PREFIX + name);
    if (found !== undefined) return found as UserFunction;
    const names = Object.keys(this.#exports).flatMap((n) => (n.startsWith(BATCH_PREFIX) ? [n.slice(BATCH_PREFIX.length)] : []));
    const hint = `It has: ${names.filter((n) => !RESERVED_NAMES.has(n)).join(', ')}.`;
    throw authorError('guest-abi', `the guest has no function ${JSON.stringify(name)}`, hint);
  }

  get memoryUse(): MemoryUse {
    return { bytes: this.#memory?.buffer.byteLength ?? 0, bytesMax: this.#host.memoryBytesMax };
  }

  /** The failure that ended this instance. */
  get failure(): GuestError | undefined {
    return this.#dead;
  }

  /** Runs host code on behalf of the guest; the first failure is the one that stays. */
  #guarded<T>(work: () => T): T {
    if (this.#dead !== undefined) throw this.#dead;
    try {
      return work();
    } catch (error) {
      this.#dead ??= trapError(error, this.memoryUse);
      throw this.#dead;
    }
  }

  #instantiate(module: WebAssembly.Module): WebAssembly.Instance {
    try {
      return new WebAssembly.Instance(module, this.#imports());
    } catch (error) {
      if (error instanceof RangeError && !/stack|recursion/i.test(error.message)) {
        throw resourceError('guest-memory', `there is no memory for the guest: ${error.message}`);
      }
      if (!(error instanceof WebAssembly.LinkError)) throw error;
      throw authorError('guest-module', `the guest does not link: ${error.message}`, 'Upload it again, so that it is checked.');
    }
  }

  /** An exported function. A lookup by name in a module that admission has seen; the type is as admission found it. */
  #function(name: string): AnyFunction | undefined {
    const found = this.#exports[name];
    return typeof found === 'function' ? (found as AnyFunction) : undefined;
  }

  #imports(): WebAssembly.Imports {
    const host = this.#host;
    const guard =
      <A extends unknown[], R>(work: (...args: A) => R) =>
      (...args: A): R =>
        this.#guarded(() => {
          host.checkDeadline();
          return work(...args);
        });
    return {
      [BATCH_MODULE]: {
        emit: guard((port: number, schema: number, array: number) => this.#emit(port >>> 0, schema >>> 0, array >>> 0)),
        log: guard((level: number, at: number, bytes: number) => host.log.add(level, this.#bytes(at >>> 0, bytes >>> 0, 'log'))),
        fail: guard((at: number, bytes: number) => {
          const text = new TextDecoder('utf-8').decode(this.#bytes(at >>> 0, bytes >>> 0, 'fail'));
          throw failError(text, this.memoryUse);
        }),
        progress: guard((fraction: number) => {
          if (fraction >= 0 && fraction <= 1) host.progressed(fraction);
        }),
        add: guard((at: number, bytes: number, amount: number) => host.added(this.#name(at >>> 0, bytes >>> 0), amount)),
      },
      [WASI_MODULE]: Object.fromEntries(WASI_FUNCTIONS.map((name) => [name, this.#wasi.import(name)])),
    };
  }

  /** What a library in the guest may want (B-43): nothing to read, and the log to write to. */
  #wasiHost(): WasiHost {
    const { log, seed } = this.#host;
    return new WasiHost({
      streams: {
        // Nobody flushes a batch guest, so its lines must not wait for a full block.
        type: 'terminal',
        read: () => 0,
        write: (bytes) => log.add(INFORMATION, bytes),
        log: (bytes) => log.add(WARNING, bytes),
      },
      args: [],
      environment: {},
      seed,
      exit: (code) => {
        const hint = 'A batch guest returns from its functions and never exits.';
        throw authorError('guest-exit', `the guest exited with code ${code}`, hint);
      },
      guard: (call) =>
        this.#guarded(() => {
          this.#host.checkDeadline();
          // Throws before the memory is known (B-13).
          this.#current();
          return call();
        }),
    });
  }

  /** The memory as it is now: growing it makes older views useless. */
  #current(): GuestView {
    const memory = this.#memory;
    if (memory === undefined) {
      const hint = 'Start-up code belongs in _initialize (asc: --exportStart _initialize).';
      throw authorError('guest-abi', 'the guest called its host before its memory was there', hint);
    }
    if (this.#view?.bytes.buffer !== memory.buffer) this.#view = new GuestView(memory.buffer as ArrayBuffer);
    return this.#view;
  }

  /** Text that the guest passes, cut to what anyone reads. */
  #bytes(at: number, bytes: number, what: string): Uint8Array {
    const view = this.#current();
    if (at + bytes > view.bytes.length) {
      throw authorError('guest-abi', `${what}: ${bytes} bytes from ${at} are not in the memory of ${view.bytes.length} bytes`);
    }
    return view.bytes.subarray(at, at + Math.min(bytes, TEXT_BYTES));
  }

  #name(at: number, bytes: number): string {
    try {
      return UTF8.decode(this.#bytes(at, bytes, 'add'));
    } catch (error) {
      if (error instanceof GuestError) throw error;
      throw authorError('guest-accumulator', 'add: the name is not UTF-8', 'Encode names as UTF-8.');
    }
  }

  #emit(port: number, schema: number, array: number): void {
    if (!this.#mayEmit) {
      const hint = 'Emit in BATCH, MERGE, END_PARTIAL or END_FINAL.';
      throw authorError('guest-emit', 'emit: called outside of a call that may emit', hint);
    }
    this.#host.emitted(port, schema, array, this.#current());
  }

  /** The address of `bytes` bytes for the next call's input, a multiple of 64; they hold what they held. */
  room(bytes: number): { readonly memory: ArrayBuffer; readonly at: number } {
    return this.#guarded(() => {
      const needed = bytes + ALIGNMENT;
      if (needed > this.#room.bytes) this.#makeRoom(Math.ceil(needed / ROOM_STEP) * ROOM_STEP);
      const at = Math.ceil(this.#room.pointer / ALIGNMENT) * ALIGNMENT;
      return { memory: this.#current().bytes.buffer, at };
    });
  }

  #makeRoom(bytes: number): void {
    const old = this.#room;
    this.#room = { pointer: 0, bytes: 0 };
    if (old.bytes > 0) this.#function(`${BATCH_PREFIX}free`)?.(...([old.pointer, old.bytes] as never[]));
    const pointer = Number(this.#function(`${BATCH_PREFIX}alloc`)?.(...([bytes] as never[]))) >>> 0;
    if (this.#dead !== undefined) throw this.#dead;
    if (pointer === 0) throw memoryError(this.memoryUse, `it has no ${bytes} bytes for its input`);
    if (pointer + bytes > this.#current().bytes.length) {
      const message = `${BATCH_PREFIX}alloc returned ${pointer} for ${bytes} bytes, which is not in the memory`;
      throw authorError('guest-abi', message);
    }
    this.#room = { pointer, bytes };
  }

  /** One call of the user function. Throws GuestError when it failed, even where the guest hid it. */
  call(event: number, schema: number, array: number, mayEmit: boolean): void {
    this.#guarded(() => {
      this.#host.checkDeadline();
      this.#mayEmit = mayEmit;
      const code = this.#run?.(event, schema, array);
      this.#mayEmit = false;
      if (this.#dead !== undefined) throw this.#dead;
      if (code !== 0) {
        throw authorError(
          'guest-returned',
          `the guest's function returned ${String(code)}`,
          'Call fail with a message that says why.',
        );
      }
    });
  }
}
