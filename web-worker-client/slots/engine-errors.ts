/** What the engine throws, told apart: the author's SQL, memory, or an engine that can't be used any more. */
import type { Failure } from '../../shared/failure.ts';

export type EngineFault = 'sql' | 'memory' | 'trap';

export class EngineError extends Error {
  override name = 'EngineError';
  readonly fault: EngineFault;

  constructor(fault: EngineFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

const MEMORY = /out of memory|bad_alloc|failed to allocate|could not allocate|malloc of size/i;
/** DuckDB closes a database after these. */
const FATAL = /^(INTERNAL|FATAL) Error|database has been invalidated/i;

/** DuckDB's message without its JSON wrapping, in which some errors come. */
function plainMessage(message: string): string {
  if (!message.startsWith('{')) return message;
  try {
    const { exception_type: type, exception_message: text } = JSON.parse(message) as Record<string, unknown>;
    return typeof type === 'string' && typeof text === 'string' ? `${type} Error: ${text}` : message;
  } catch {
    return message;
  }
}

/**
 * Bindings report DuckDB's errors as plain Error objects; anything else (RuntimeError, a C++ exception that nobody caught, an access
 * beyond the heap) has left the instance in an unknown state.
 */
export function engineError(thrown: unknown): EngineError {
  if (thrown instanceof EngineError) return thrown;
  if (!(thrown instanceof Error)) return new EngineError('trap', 'the engine ended with an exception that it did not handle');
  const message = plainMessage(thrown.message);
  if (MEMORY.test(message)) return new EngineError('memory', message);
  if (thrown.name !== 'Error' || FATAL.test(message)) return new EngineError('trap', `${thrown.name}: ${message}`);
  return new EngineError('sql', message);
}

/** By the words that DuckDB's message begins with. */
const SQL_CODES: readonly (readonly [pattern: RegExp, code: string])[] = [
  [/division by zero/i, 'sql-division-by-zero'],
  [/^Conversion Error/i, 'sql-conversion'],
  [/^Out of Range Error/i, 'sql-out-of-range'],
  [/^Invalid Input Error/i, 'sql-invalid-input'],
  [/^Not implemented/i, 'sql-not-implemented'],
  [/^Permission Error/i, 'sql-permission'],
  [/^(Binder|Catalog|Parser|Syntax) Error/i, 'sql-invalid'],
];

const MEMORY_HINT =
  'Select fewer columns or filter earlier, aggregate on fewer keys, or let volunteers give each slot more memory (--memory-per-slot).';

export function failureOf(error: EngineError): Failure {
  switch (error.fault) {
    case 'memory':
      return {
        reason: 'resource',
        code: 'memory-limit',
        message: `The task needs more memory than its slot has: ${firstLine(error.message)}`,
        hint: MEMORY_HINT,
      };
    case 'trap':
      return { reason: 'resource', code: 'engine-trap', message: `The engine broke down: ${firstLine(error.message)}` };
    case 'sql': {
      const code = SQL_CODES.find(([pattern]) => pattern.test(error.message))?.[1] ?? 'sql-other';
      const hint = code === 'sql-conversion' ? { hint: 'TRY_CAST gives NULL where a value does not convert.' } : {};
      return { reason: 'author', code, message: withoutPosition(error.message), ...hint };
    }
  }
}

const firstLine = (message: string): string => message.split('\n', 1)[0] ?? message;

/** The position in an error is one in the fragment's SQL, which the author never saw. */
function withoutPosition(message: string): string {
  return message.replace(/\n\s*\nLINE \d+:[\s\S]*$/, '').trim();
}
