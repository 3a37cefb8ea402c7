/** Compiles AssemblyScript that authors wrote, in a child process each: with a deadline, a memory bound, and nothing to read. */
import { type ChildProcess, fork } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { LIMITS } from '../../shared/limits.ts';
import type { CompileAnswer, CompileRequest, Diagnostic } from './compile-protocol.ts';

export type { Diagnostic } from './compile-protocol.ts';

export type CompileProblem =
  /** The source is wrong: see the diagnostics. */
  | 'source-invalid'
  | 'source-too-large'
  | 'compile-deadline'
  | 'compile-memory'
  /** The module that came out is larger than modules may be. */
  | 'module-too-large'
  /** The compiler itself failed, over this source. */
  | 'compiler-failed'
  /** More authors are waiting than are let in. */
  | 'compiler-busy';

export type CompileOutcome =
  | { readonly ok: true; readonly wasm: Uint8Array; readonly diagnostics: readonly Diagnostic[] }
  | {
      readonly ok: false;
      readonly problem: CompileProblem;
      /** One line: what went wrong. */
      readonly detail: string;
      readonly hint?: string;
      readonly diagnostics: readonly Diagnostic[];
    };

export interface CompilerOptions {
  /** The child's entry; by default the bundle beside this file's bundle. */
  readonly childEntry?: URL | string;
  /** The SDK; by default guest/assemblyscript/index.ts of this package. */
  readonly sdk?: string;
  readonly timeoutMs?: number;
  readonly memoryBytesMax?: number;
  readonly wasmBytesMax?: number;
  readonly queuedMax?: number;
}

/** From a source file and from the bundle alike the package's root is two folders up. */
const SDK_URL = new URL('../../guest/assemblyscript/index.ts', import.meta.url);
/** The child's own watch ends it this much later, should the coordinator be gone. */
const ORPHAN_MS = 5_000;
/** The compiler says at length that it crashed, and why stands in the middle. */
const STDERR_KEPT = 8_000;

export class ModuleCompiler {
  readonly #entry: string;
  readonly #sdk: string | undefined;
  readonly #timeoutMs: number;
  readonly #memoryBytesMax: number;
  readonly #wasmBytesMax: number;
  readonly #queuedMax: number;
  readonly #closing = new AbortController();
  #queue: Promise<unknown> = Promise.resolve();
  #queued = 0;
  #child: ChildProcess | undefined;

  constructor(options: CompilerOptions = {}) {
    const entry = options.childEntry ?? new URL('./compile-child.js', import.meta.url);
    this.#entry = entry instanceof URL || entry.startsWith('file:') ? fileURLToPath(entry) : entry;
    this.#sdk = options.sdk;
    this.#timeoutMs = options.timeoutMs ?? LIMITS.compileMs;
    this.#memoryBytesMax = options.memoryBytesMax ?? LIMITS.compileMemoryBytes;
    this.#wasmBytesMax = options.wasmBytesMax ?? LIMITS.guestModuleBytes;
    this.#queuedMax = options.queuedMax ?? LIMITS.compilesQueued;
  }

  /** One after the other. Never rejects for what an author can cause. */
  async compile(source: string): Promise<CompileOutcome> {
    if (Buffer.byteLength(source) > LIMITS.compileSourceBytes) return sourceTooLarge();
    if (this.#queued >= this.#queuedMax) return busy();
    this.#queued++;
    const outcome = this.#queue.then(() => this.#compileNow(source));
    this.#queue = outcome.catch(() => undefined);
    return outcome.finally(() => {
      this.#queued--;
    });
  }

  /** The child's process id while one runs. */
  get childPid(): number | undefined {
    return this.#child?.pid;
  }

  /** Ends what runs; compiles that still come fail as `compiler-failed`. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#child?.kill('SIGKILL');
    await this.#queue;
  }

  async #compileNow(source: string): Promise<CompileOutcome> {
    if (this.#closing.signal.aborted) return compilerFailed('the coordinator is shutting down');
    const sdk = this.#sdk ?? (await readFile(SDK_URL, 'utf8'));
    const child = fork(this.#entry, [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [`--max-old-space-size=${Math.floor(this.#memoryBytesMax / 2 ** 20)}`],
      // Nothing of the coordinator's environment (tokens among it) is the compiler's business.
      env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent' },
    });
    this.#child = child;
    try {
      return outcomeOf(
        await answerOf(child, this.#timeoutMs, {
          source,
          sdk,
          wasmBytesMax: this.#wasmBytesMax,
          diagnosticsMax: LIMITS.compileDiagnostics,
          memoryBytesMax: this.#memoryBytesMax,
          runMsMax: this.#timeoutMs + ORPHAN_MS,
        }),
        this.#timeoutMs,
      );
    } finally {
      this.#child = undefined;
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    }
  }
}

type ChildEnd = { readonly type: 'late' } | { readonly type: 'memory' } | { readonly type: 'crashed'; readonly how: string };

function answerOf(child: ChildProcess, timeoutMs: number, request: CompileRequest): Promise<CompileAnswer | ChildEnd> {
  return new Promise((resolve) => {
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-STDERR_KEPT);
    });
    const timer = setTimeout(() => resolve({ type: 'late' }), timeoutMs);
    child.on('message', (message) => resolve(message as CompileAnswer));
    child.on('error', (error) => resolve({ type: 'crashed', how: error.message }));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      // Nobody else kills it before its time: its own watch did, or the system for want of memory. V8 aborts when its heap is full.
      if (signal === 'SIGKILL' || signal === 'SIGABRT' || /heap out of memory/.test(stderr)) resolve({ type: 'memory' });
      else resolve({ type: 'crashed', how: howItEnded(code, signal, stderr) });
    });
    // A failed send means that the child is gone; its end is what answers.
    child.send(request, () => undefined);
  });
}

function howItEnded(code: number | null, signal: NodeJS.Signals | null, stderr: string): string {
  const error = /\w*Error: .*/.exec(stderr)?.[0];
  return error ?? `it ended with ${signal ?? `code ${code}`}`;
}

function outcomeOf(answer: CompileAnswer | ChildEnd, timeoutMs: number): CompileOutcome {
  switch (answer.type) {
    case 'compiled':
      return { ok: true, wasm: answer.wasm, diagnostics: answer.diagnostics };
    case 'refused':
      return refused(answer.diagnostics);
    case 'wasm-too-large':
      return failed('module-too-large', `The module has ${answer.wasmBytes} bytes; ${LIMITS.guestModuleBytes} are allowed.`);
    case 'late':
      return failed(
        'compile-deadline',
        `The module did not compile within ${timeoutMs / 1000} s.`,
        'Look for generics or constants that expand without an end; else compile it on your own machine and upload the WASM.',
      );
    case 'memory':
      return failed(
        'compile-memory',
        'The compiler ran out of memory over this module.',
        'Look for generics that expand without an end; else compile it on your own machine and upload the WASM.',
      );
    case 'compiler-failed':
      return compilerFailed(answer.message);
    case 'crashed':
      return compilerFailed(answer.how);
  }
}

function failed(problem: CompileProblem, detail: string, hint?: string): CompileOutcome {
  return { ok: false, problem, detail, diagnostics: [], ...(hint === undefined ? {} : { hint }) };
}

function refused(diagnostics: readonly Diagnostic[]): CompileOutcome {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  const at = first?.line === undefined ? '' : ` at line ${first.line}, column ${first.column}`;
  const message = first?.message ?? 'The source does not compile.';
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return {
    ok: false,
    problem: 'source-invalid',
    detail: `${at === '' ? message : message.replace(/\.$/, '')}${at}${more}`,
    diagnostics,
  };
}

const sourceTooLarge = (): CompileOutcome =>
  failed(
    'source-too-large',
    `The source has more than ${LIMITS.compileSourceBytes} bytes.`,
    'Move data out of it (into a dataset, or parameters), or compile it on your own machine and upload the WASM.',
  );

const busy = (): CompileOutcome =>
  failed('compiler-busy', 'Too many modules are waiting to be compiled.', 'Try again in a minute.');

function compilerFailed(how: string): CompileOutcome {
  const endless = /call stack/i.test(how);
  const what = endless ? 'its calls were nested too deeply' : how;
  const look = endless ? 'Look for generics that expand without an end' : 'Simplify the module';
  return failed(
    'compiler-failed',
    `The compiler failed over this module: ${what}.`,
    `${look}, or compile it on your own machine and upload the WASM.`,
  );
}
