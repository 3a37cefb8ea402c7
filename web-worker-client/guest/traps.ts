/** What a guest's call threw, as the error that the author or the scheduler gets. */
import { IpcError } from '../../shared/arrow/ipc.ts';
import { authorError, GuestError, MEMORY_HINT, resourceError } from '../../shared/guest/guest-error.ts';

const STACK = /call stack|too much recursion|stack overflow/i;
const OUT_OF_MEMORY = /^out of memory/i;

/**
 * A failed allocation ends as `unreachable`, like any failed assertion, or as a call of `fail` with `out of memory`. The first is taken for
 * a lack of memory when the guest had grown to half of what it may have.
 */
export interface MemoryUse {
  readonly bytes: number;
  readonly bytesMax: number;
}

const mib = (bytes: number): number => Math.round(bytes / 1048576);

export function memoryError(use: MemoryUse, what: string): GuestError {
  const message = `the guest is out of memory: ${what} (it has ${mib(use.bytes)} of ${mib(use.bytesMax)} MiB)`;
  return resourceError('guest-memory', message, MEMORY_HINT);
}

/** The guest called `fail`. */
export function failError(text: string, use: MemoryUse): GuestError {
  if (OUT_OF_MEMORY.test(text)) return memoryError(use, text);
  return authorError('guest-fail', text === '' ? 'the guest called fail without a message' : text);
}

/** The innermost function of the guest on a stack, where the engine tells. */
function placeOf(error: Error): string {
  const [, name, index] = /at (?:async )?(\S+) \(?wasm:\S*wasm-function\[(\d+)\]/.exec(error.stack ?? '') ?? [];
  const [, plain] = /wasm-function\[(\d+)\]/.exec(error.stack ?? '') ?? [];
  if (name !== undefined) return `, in ${name} (function ${index})`;
  return plain === undefined ? '' : `, in function ${plain}`;
}

export function trapError(thrown: unknown, use: MemoryUse): GuestError {
  if (thrown instanceof GuestError) return thrown;
  if (thrown instanceof IpcError) return authorError('guest-emit', `emit: ${thrown.message}`);
  if (thrown instanceof Error && STACK.test(thrown.message)) {
    const hint = 'Recurse less deeply: use a loop with a stack of its own, or smaller frames.';
    return resourceError('guest-stack', `the guest's calls are nested too deeply${placeOf(thrown)}`, hint);
  }
  if (thrown instanceof WebAssembly.RuntimeError) {
    const allocating = /unreachable/i.test(thrown.message) && 2 * use.bytes >= use.bytesMax;
    if (allocating) return memoryError(use, `it gave up${placeOf(thrown)}`);
    const hint = 'Compile with names (asc: --debug) to see where; check lengths and assertions.';
    return authorError('guest-trap', `the guest trapped: ${thrown.message}${placeOf(thrown)}`, hint);
  }
  if (Object.prototype.toString.call(thrown) === '[object WebAssembly.Exception]') {
    return authorError(
      'guest-exception',
      'the guest threw an exception that it did not catch',
      'Catch it, and call fail with what went wrong.',
    );
  }
  const message = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return resourceError('guest-host', `running the guest failed: ${message}`);
}
