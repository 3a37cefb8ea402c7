/**
 * One QuickJS, with its limits and the author's module in it. Nothing of the page can be reached from there. It is never taken apart:
 * each has a memory of its own, which goes as a whole.
 */
import baseVariant from '@jitl/quickjs-wasmfile-release-sync';
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSRuntime,
} from 'quickjs-emscripten-core';
import { authorError, GuestError, MEMORY_HINT, resourceError } from '../../shared/guest/guest-error.ts';
import { LIMITS } from '../../shared/limits.ts';
import { scriptError, type Thrown } from './script-errors.ts';

const PAGE_BYTES = 65_536;
/** What the interpreter takes for itself, beyond what it counts. */
const OWN_BYTES = 32 * 1024 * 1024;
/** The interpreter's own stack is 1 MiB (as it was linked): beyond it calls would trap, not throw. */
const STACK_BYTES = 384 * 1024;
export const SCRIPT_FILE = 'script.js';

export interface InterpreterLimits {
  readonly memoryBytesMax: number;
  readonly deadline?: { readonly nowMs: () => number; readonly atMs: number };
}

type HostFunction = (...args: QuickJSHandle[]) => QuickJSHandle | undefined;

export class Interpreter {
  readonly context: QuickJSContext;
  readonly #runtime: QuickJSRuntime;
  readonly #memory: WebAssembly.Memory;
  /** The first failure stays: an interpreter that failed is never asked again. */
  #dead: GuestError | undefined;
  #late = false;

  private constructor(runtime: QuickJSRuntime, memory: WebAssembly.Memory, limits: InterpreterLimits) {
    this.#runtime = runtime;
    this.#memory = memory;
    runtime.setMemoryLimit(limits.memoryBytesMax);
    runtime.setMaxStackSize(STACK_BYTES);
    const { deadline } = limits;
    if (deadline !== undefined) {
      runtime.setInterruptHandler(() => {
        this.#late = deadline.nowMs() >= deadline.atMs;
        return this.#late;
      });
    }
    this.context = runtime.newContext();
  }

  /** `wasm`: emscripten-module.wasm of @jitl/quickjs-wasmfile-release-sync, compiled. */
  static async start(wasm: WebAssembly.Module, limits: InterpreterLimits): Promise<Interpreter> {
    const maximum = Math.ceil((limits.memoryBytesMax + OWN_BYTES) / PAGE_BYTES);
    const wasmMemory = new WebAssembly.Memory({ initial: 256, maximum: Math.max(256, maximum) });
    const quickjs = await newQuickJSWASMModuleFromVariant(newVariant(baseVariant, { wasmModule: wasm, wasmMemory }));
    return new Interpreter(quickjs.newRuntime(), wasmMemory, limits);
  }

  get memoryBytes(): number {
    return this.#memory.buffer.byteLength;
  }

  /** The value of our own code. */
  evaluate(code: string): QuickJSHandle {
    return this.guarded(() => this.#take(this.context.evalCode(code, 'muster.js')));
  }

  /** The exports of the author's module. Throws GuestError. */
  load(source: string): QuickJSHandle {
    if (source.length > LIMITS.scriptBytes) {
      throw authorError('guest-script', `The script has ${source.length} characters; ${LIMITS.scriptBytes} are allowed.`);
    }
    return this.guarded(() => this.#take(this.context.evalCode(source, SCRIPT_FILE, { type: 'module', strict: true })));
  }

  call(fn: QuickJSHandle, ...args: QuickJSHandle[]): QuickJSHandle {
    return this.guarded(() => this.#take(this.context.callFunction(fn, this.context.undefined, ...args)));
  }

  /** A function for scripts. What it throws as a GuestError ends the interpreter, whatever the script catches. */
  hostFunction(name: string, run: HostFunction): QuickJSHandle {
    return this.context.newFunction(name, (...args) => {
      if (this.#dead !== undefined) throw this.#dead;
      try {
        return run(...args);
      } catch (thrown) {
        if (thrown instanceof GuestError) this.#dead ??= thrown;
        throw thrown;
      }
    });
  }

  /** Runs `work`, and turns whatever it throws into the GuestError that stays. */
  guarded<T>(work: () => T): T {
    if (this.#dead !== undefined) throw this.#dead;
    try {
      const result = work();
      if (this.#dead === undefined) return result;
    } catch (thrown) {
      // Of what the interpreter threw itself only traps are left: its memory or stack had no room.
      this.#dead ??= thrown instanceof GuestError ? thrown : trapped(thrown);
    }
    throw this.#dead;
  }

  #take(result: ReturnType<QuickJSContext['evalCode']>): QuickJSHandle {
    // A script may have caught what the host threw into it.
    if (this.#dead !== undefined) {
      result.dispose();
      throw this.#dead;
    }
    if (result.error === undefined) return result.value;
    const late = this.#late;
    // The error's own text is read with nothing that interrupts.
    this.#runtime.removeInterruptHandler();
    const thrown = this.context.dump(result.error) as Thrown;
    result.error.dispose();
    throw scriptError(thrown, late);
  }
}

function trapped(thrown: unknown): GuestError {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (/stack|recursion/i.test(message)) {
    return resourceError('guest-stack', `The script's calls are nested too deeply: ${message}.`, 'Make the recursion a loop.');
  }
  return resourceError(
    'guest-memory',
    `The script's interpreter trapped, most often for lack of memory: ${message}.`,
    MEMORY_HINT,
  );
}
