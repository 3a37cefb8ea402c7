/**
 * Runs one guest of the stream ABI (guest/SPEC-stream.md): a WASI command that reads stdin and writes stdout. Synchronous, from
 * beginning to end; whoever owns the thread ends it when the guest neither reads nor writes.
 */
import { WASI_MODULE } from '../../shared/guest/abi.ts';
import { authorError, GuestError } from '../../shared/guest/guest-error.ts';
import { LIMITS } from '../../shared/limits.ts';
import { WasiHost } from '../wasi/wasi-host.ts';
import { CounterLines } from './counter-lines.ts';
import { LogKeeper } from './log-keeper.ts';
import { StreamSource } from './stream-source.ts';
import { failureOfTrap, memoryFailure, outOfMemory } from './traps.ts';

export const STREAM_FORMATS = ['lines', 'tsv', 'jsonl', 'arrow', 'raw'] as const;
export type StreamFormat = (typeof STREAM_FORMATS)[number];

export interface StreamLimits {
  readonly outputBytes: number;
  readonly logLineBytes: number;
  readonly logBytes: number;
  /** How much of the end of stderr is the error of a program that fails. */
  readonly errorBytes: number;
}

export const STREAM_LIMITS: StreamLimits = {
  outputBytes: LIMITS.guestOutputBytes,
  logLineBytes: LIMITS.guestLogLineBytes,
  logBytes: LIMITS.guestLogBytes,
  errorBytes: LIMITS.guestErrorBytes,
};

export interface StreamRun {
  /** Admitted: its memory has a maximum. */
  readonly module: WebAssembly.Module;
  /** Pulled when the guest reads. */
  readonly input: Iterable<Uint8Array>;
  /** Gets bytes within the guest's memory: copy what is kept. What it throws ends the run. */
  readonly output: (bytes: Uint8Array) => void;
  /** What `/broadcast/0` and so on hold; absent: there are no such files. */
  readonly files?: readonly Uint8Array[];
  /** What stdin holds. */
  readonly format: StreamFormat;
  readonly partition: number;
  /** 64 bits; the same for equal recipes and partitions. */
  readonly seed: bigint;
  /** What follows the program's name. */
  readonly args?: readonly string[];
  readonly log?: (line: string) => void;
  /** Adds to an accumulator; absent: nobody wants to know. */
  readonly add?: (name: string, amount: number) => void;
  readonly limits?: Partial<StreamLimits>;
  /** Looked at in every call of the guest. */
  readonly deadline?: { readonly now: () => number; readonly atMs: number };
  /** The most memory that the module declares; tells running out of it from other traps. */
  readonly memoryMaxBytes?: number;
}

export interface StreamCounts {
  readonly inputBytes: number;
  readonly outputBytes: number;
  /** All that was written to stderr, whether logged or not. */
  readonly logBytes: number;
}

/** Thrown through the guest by proc_exit. */
class ExitSignal extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/** @throws GuestError */
export function runStream(run: StreamRun): StreamCounts {
  const limits = { ...STREAM_LIMITS, ...run.limits };
  const log = new LogKeeper(
    { lineBytes: limits.logLineBytes, bytes: limits.logBytes, tailBytes: limits.errorBytes },
    run.log ?? (() => undefined),
  );
  const stderr = new CounterLines({ add: run.add ?? (() => undefined), log: (bytes) => log.add(bytes) });
  const source = new StreamSource(run.input);
  const attempt = new StreamAttempt(run, limits, source, { stderr, log });
  const exit = attempt.run();
  if (exit === 0) stderr.finish();
  else stderr.abandon();
  log.finish();
  if (exit !== 0) throw exitFailure(exit, log.tail());
  return { inputBytes: source.bytes, outputBytes: attempt.outputBytes, logBytes: log.total };
}

/** What the program writes to stderr, without its counters, is its log. */
interface Words {
  readonly stderr: CounterLines;
  readonly log: LogKeeper;
}

class StreamAttempt {
  readonly #run: StreamRun;
  readonly #limits: StreamLimits;
  readonly #words: Words;
  readonly #host: WasiHost;
  /** Once set, every call throws it again: a guest may have caught it (S-31). */
  #poison: { readonly thrown: unknown } | undefined;
  outputBytes = 0;

  constructor(run: StreamRun, limits: StreamLimits, source: StreamSource, words: Words) {
    this.#run = run;
    this.#limits = limits;
    this.#words = words;
    this.#host = new WasiHost({
      streams: {
        type: 'socket',
        read: (target) => source.read(target),
        write: (bytes) => this.#write(bytes),
        log: (bytes) => words.stderr.add(bytes),
      },
      ...(run.files === undefined ? {} : { files: run.files }),
      args: ['guest', ...(run.args ?? [])],
      environment: {
        MUSTER_PARTITION: String(run.partition),
        MUSTER_SEED: String(BigInt.asUintN(64, run.seed)),
        MUSTER_FORMAT: run.format,
      },
      seed: run.seed,
      exit: (code) => {
        throw new ExitSignal(code);
      },
      guard: (call) => this.#guard(call),
    });
  }

  /** @returns the exit code */
  run(): number {
    try {
      const { start, memory } = this.#instantiate();
      this.#host.memory.attach(memory);
      start();
    } catch (thrown) {
      this.#poison ??= { thrown };
    }
    if (this.#poison === undefined) return 0;
    const { thrown } = this.#poison;
    if (thrown instanceof ExitSignal) return thrown.code;
    this.#words.stderr.abandon();
    this.#words.log.finish();
    throw failureOfTrap(thrown, {
      memoryBytes: this.#host.memory.byteLength,
      memoryMaxBytes: this.#run.memoryMaxBytes ?? 0,
      stderr: this.#words.log.tail(),
    });
  }

  #instantiate(): { start: () => void; memory: WebAssembly.Memory } {
    const calls: Record<string, (...values: (number | bigint)[]) => number> = {};
    for (const { module, name, kind } of WebAssembly.Module.imports(this.#run.module)) {
      if (module !== WASI_MODULE || kind !== 'function') throw importFailure(module, name);
      calls[name] = this.#host.import(name);
    }
    let exports: WebAssembly.Exports;
    try {
      exports = new WebAssembly.Instance(this.#run.module, { [WASI_MODULE]: calls }).exports;
    } catch (thrown) {
      if (thrown instanceof WebAssembly.LinkError) throw importFailure(WASI_MODULE, thrown.message);
      throw thrown;
    }
    const { _start: start, memory } = exports;
    if (typeof start !== 'function' || !(memory instanceof WebAssembly.Memory)) throw exportFailure();
    return { start: start as () => void, memory };
  }

  #guard(call: () => number): number {
    if (this.#poison !== undefined) throw this.#poison.thrown;
    try {
      const { deadline } = this.#run;
      if (deadline !== undefined && deadline.now() >= deadline.atMs) throw deadlineFailure();
      return call();
    } catch (thrown) {
      this.#poison = { thrown };
      throw thrown;
    }
  }

  #write(bytes: Uint8Array): void {
    this.outputBytes += bytes.length;
    if (this.outputBytes > this.#limits.outputBytes) throw outputFailure(this.#limits.outputBytes);
    this.#run.output(bytes);
  }
}

function exitFailure(code: number, stderr: string): GuestError {
  if (outOfMemory(stderr)) return memoryFailure();
  const said = stderr.trim();
  return authorError(
    'guest-exit',
    `The program ended with code ${code}${said === '' ? ' and wrote nothing to stderr.' : `. Its last words:\n${said}`}`,
    'A program that succeeds ends with code 0; write to stderr why it does not.',
  );
}

const deadlineFailure = (): GuestError =>
  new GuestError(
    'deadline',
    'guest-deadline',
    'The program did not end in time.',
    'Give the job more time (deadlineMs), or cut the data into more partitions.',
  );

const outputFailure = (limit: number): GuestError =>
  authorError(
    'guest-output-limit',
    `The program wrote more than ${limit} bytes.`,
    'Look for a loop that writes without an end; else cut the data into more partitions.',
  );

const importFailure = (module: string, name: string): GuestError =>
  authorError(
    'guest-module',
    `The module imports ${name} from ${module}, which a stream guest may not.`,
    `Build it as a WASI preview 1 command: functions of ${WASI_MODULE} are all it may import.`,
  );

const exportFailure = (): GuestError =>
  authorError(
    'guest-module',
    'The module does not export _start and memory.',
    'Build it as a command (a program with main), not as a library.',
  );
