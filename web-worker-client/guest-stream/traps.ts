/** What an error that WebAssembly threw means: engines differ in words, so kinds are told by type first. */
import { authorError, GuestError, MEMORY_HINT, resourceError } from '../../shared/guest/guest-error.ts';

/** What runtimes of languages say when they get no memory. */
const NO_MEMORY = /memory allocation of \d+ bytes failed|out of memory|std::bad_alloc|cannot allocate memory/i;
const NO_STACK = /call stack|too much recursion|stack overflow|goroutine stack exceeds/i;

export interface TrapScene {
  /** The guest's memory when it trapped, and the most it may have; 0 for unknown. */
  readonly memoryBytes: number;
  readonly memoryMaxBytes: number;
  /** The end of what the guest wrote to stderr. */
  readonly stderr: string;
}

export const outOfMemory = (stderr: string): boolean => NO_MEMORY.test(stderr);

export function memoryFailure(): GuestError {
  return resourceError('guest-memory', 'The guest ran out of memory.', MEMORY_HINT);
}

function stackFailure(): GuestError {
  return resourceError(
    'guest-stack',
    'The guest ran out of stack: its calls are nested too deeply.',
    'Look for a recursion without an end, or make it a loop.',
  );
}

/** @returns the failure itself where one was thrown through the guest */
export function failureOfTrap(thrown: unknown, scene: TrapScene): GuestError {
  if (thrown instanceof GuestError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (thrown instanceof RangeError || NO_STACK.test(message) || NO_STACK.test(scene.stderr)) {
    return /memory/i.test(message) ? memoryFailure() : stackFailure();
  }
  if (thrown instanceof WebAssembly.RuntimeError) {
    // Languages without exceptions trap when they get no memory: one page from the maximum, that was the reason.
    const full = scene.memoryMaxBytes > 0 && scene.memoryBytes + 65_536 > scene.memoryMaxBytes;
    if (full || outOfMemory(scene.stderr)) return memoryFailure();
    const said = scene.stderr.trim() === '' ? '' : ` Its last words:\n${scene.stderr.trim()}`;
    return authorError(
      'guest-trap',
      `The guest trapped: ${message}.${said}`,
      'An assertion, a panic, a division by zero or an address out of range. Write to stderr what it does, to see where.',
    );
  }
  // An exception of the guest's own, which nobody caught, is no Error. Errors of the host's own code are for our tests to find.
  if (!(thrown instanceof Error)) return authorError('guest-exception', 'The guest threw what nobody caught.');
  throw thrown;
}
