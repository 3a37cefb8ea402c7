/**
 * Where a slot's guests are made ready: modules compiled once and kept, the interpreter for scripts, and one new guest for each step.
 * Loaded with the first task that has a guest, so that tabs without any do not pay for it.
 */
import { authorError } from '../../shared/guest/guest-error.ts';
import type { Params } from '../../shared/guest/params.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { GuestStep } from '../../shared/plan/physical.ts';
import type { Slice } from '../../shared/plan/task.ts';
import type { AccumulatorBook } from '../guest/accumulator-book.ts';
import type { Guest, GuestLimits } from '../guest/guest.ts';
import { type CompiledGuest, compileGuest, openGuest } from '../guest/index.ts';
import { ScriptGuest, type ScriptOperation } from '../guest-script/script-guest.ts';
import { STREAM_FORMATS, type StreamFormat } from '../guest-stream/run-stream.ts';
import { StreamGuest } from '../guest-stream/stream-guest.ts';
import type { CodedSlice } from './api.ts';
import { type Unzstd, verifiedBytes } from './verify.ts';

/** Compiled code takes several times its module's size. */
const KEPT_BYTES = 64 * 1024 * 1024;

export interface GuestRoomOptions {
  readonly unzstd: Unzstd;
  readonly loadScripts: () => Promise<WebAssembly.Module>;
}

/** What a guest gets from its attempt. */
export interface GuestTerms {
  readonly seed: bigint;
  readonly breathe: () => Promise<void>;
  readonly deadline: NonNullable<GuestLimits['deadline']>;
  /** For each side its rows, as at least one stream. */
  readonly sides: readonly (readonly Uint8Array[])[];
  readonly accumulators: AccumulatorBook;
}

/** A module that may run, without the bytes that it was compiled from. */
export interface ReadyModule {
  readonly abi: CompiledGuest['admitted']['abi'];
  readonly memoryBytesMax: number;
  readonly module: WebAssembly.Module;
}

export class GuestRoom {
  readonly #options: GuestRoomOptions;
  /** By digest, least recently used first. */
  readonly #modules = new Map<string, ReadyModule & { readonly bytes: number }>();
  #keptBytes = 0;
  #scripts: Promise<WebAssembly.Module> | undefined;

  constructor(options: GuestRoomOptions) {
    this.#options = options;
  }

  /** A module that was compiled before and not let go since. */
  kept(digest: string): ReadyModule | undefined {
    const kept = this.#modules.get(digest);
    if (!kept) return undefined;
    this.#modules.delete(digest);
    this.#modules.set(digest, kept);
    return kept;
  }

  /** Compiles a module, and keeps it. Throws GuestError, or CorruptSlice when the bytes are not the plan's. */
  async compile(expected: Slice, given: CodedSlice): Promise<ReadyModule> {
    const { admitted, module } = await compileGuest(verifiedBytes(given, expected, this.#options.unzstd));
    const ready = { abi: admitted.abi, memoryBytesMax: admitted.memoryBytesMax, module, bytes: expected.bytes };
    this.#modules.set(expected.digest, ready);
    this.#keptBytes += ready.bytes;
    for (const [digest, { bytes }] of this.#modules) {
      if (this.#keptBytes <= KEPT_BYTES || digest === expected.digest) break;
      this.#modules.delete(digest);
      this.#keptBytes -= bytes;
    }
    return ready;
  }

  /** A guest for one run of the step. `modules`: by the index of their input. Throws GuestError. */
  async open(step: GuestStep, modules: ReadonlyMap<number, ReadyModule>, terms: GuestTerms): Promise<Guest> {
    switch (step.code.kind) {
      case 'batch':
        return openBatch(step, step.code, readyFor('batch', modules.get(step.code.module)), terms);
      case 'stream':
        return openStream(step, step.code, readyFor('stream', modules.get(step.code.module)), terms);
      case 'script':
        return this.#openScript(step, step.code, terms);
    }
  }

  async #openScript(step: GuestStep, code: CodeOf<'script'>, terms: GuestTerms): Promise<Guest> {
    // A failed download may go better the next time.
    this.#scripts ??= this.#options.loadScripts().catch((error: unknown) => {
      this.#scripts = undefined;
      throw error;
    });
    return ScriptGuest.open(await this.#scripts, code.source, {
      operation: operationOf(step),
      function: code.function,
      columnNames: step.rows.columns.map((column) => column.name),
      columnTypes: step.rows.columns.map((column) => column.type),
      ...(step.keys === undefined ? {} : { keys: step.keys }),
      sides: terms.sides.map((streams, k) => ({
        columnNames: step.sides?.[k]?.columns.map((column) => column.name) ?? [],
        columnTypes: step.sides?.[k]?.columns.map((column) => column.type) ?? [],
        streams,
      })),
      outputs: step.output,
      ...paramsOf(code.params),
      seed: terms.seed,
      limits: { memoryBytesMax: LIMITS.guestMemoryBytes, deadline: terms.deadline },
      accumulators: terms.accumulators,
      breathe: terms.breathe,
    });
  }
}

type CodeOf<K extends GuestStep['code']['kind']> = Extract<GuestStep['code'], { readonly kind: K }>;

function openBatch(step: GuestStep, code: CodeOf<'batch'>, ready: ReadyModule, terms: GuestTerms): Promise<Guest> {
  return openGuest('batch', ready.module, {
    function: code.function,
    ...paramsOf(code.params),
    seed: terms.seed,
    sides: terms.sides,
    outputs: [step.output],
    limits: { memoryBytesMax: ready.memoryBytesMax, deadline: terms.deadline },
    accumulators: terms.accumulators,
    breathe: terms.breathe,
  });
}

function openStream(step: GuestStep, code: CodeOf<'stream'>, ready: ReadyModule, terms: GuestTerms): Guest {
  return new StreamGuest(ready.module, {
    inputFormat: formatOf(code.input),
    outputFormat: formatOf(code.output),
    columnNames: step.rows.columns.map((column) => column.name),
    sides: terms.sides.map((streams, k) => ({ columns: step.sides?.[k]?.columns ?? [], streams })),
    outputs: step.output,
    ...(code.args === undefined ? {} : { args: code.args }),
    seed: terms.seed,
    limits: { memoryBytesMax: ready.memoryBytesMax, deadline: terms.deadline },
    accumulators: terms.accumulators,
    breathe: terms.breathe,
  });
}

const paramsOf = (params: Params | undefined): { readonly params?: Params } => (params === undefined ? {} : { params });

function operationOf({ action, keys }: GuestStep): ScriptOperation {
  if (action === 'partial' || action === 'merge') return 'aggregate';
  return action === 'mapPartitions' && keys !== undefined ? 'cogroup' : action;
}

function readyFor(abi: ReadyModule['abi'], ready: ReadyModule | undefined): ReadyModule {
  if (ready?.abi === abi) return ready;
  const what = ready === undefined ? 'no module' : `a module of the ${ready.abi} ABI`;
  throw authorError(
    'guest-abi',
    `The step needs a module of the ${abi} ABI and has ${what}.`,
    `Name the code's kind ${ready?.abi ?? abi}.`,
  );
}

function formatOf(name: string): StreamFormat {
  const format = STREAM_FORMATS.find((known) => known === name);
  if (format !== undefined) return format;
  throw authorError('guest-format', `There is no format ${JSON.stringify(name)}.`, `Use one of ${STREAM_FORMATS.join(', ')}.`);
}
