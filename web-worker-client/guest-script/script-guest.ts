/**
 * A guest written in JavaScript: an ES module whose exports are its functions, run in QuickJS. The same operations as guests of the
 * batch ABI have, on rows that are plain objects. What authors need to know stands in docs/guests.md.
 */
import { type ColumnView, columnViews } from '../../shared/arrow/column-view.ts';
import { parseStream } from '../../shared/arrow/ipc.ts';
import { layoutOfType } from '../../shared/arrow/layout.ts';
import { readSchema, type WireColumn } from '../../shared/arrow/schema.ts';
import { parseSqlType, type SqlType } from '../../shared/arrow/types.ts';
import { invariant } from '../../shared/assert.ts';
import { authorError, GuestError, resourceError } from '../../shared/guest/guest-error.ts';
import { GuestLog } from '../../shared/guest/guest-log.ts';
import type { Params } from '../../shared/guest/params.ts';
import { AccumulatorBook } from '../guest/accumulator-book.ts';
import type { Guest, GuestLimits, GuestOutput, GuestReport } from '../guest/guest.ts';
import { DETERMINISM } from './determinism.ts';
import { Interpreter } from './interpreter.ts';
import { RowsOut } from './rows-out.ts';
import { ScriptRunner } from './script-runner.ts';

/** 2000-01-01T00:00:00Z, as other guests' clocks. */
const CLOCK_START_MS = 946_684_800_000;

export const SCRIPT_OPERATIONS = ['map', 'filter', 'flatMap', 'mapPartitions', 'aggregate', 'cogroup'] as const;
export type ScriptOperation = (typeof SCRIPT_OPERATIONS)[number];

export interface ScriptOptions {
  readonly operation: ScriptOperation;
  /** Name of the export: a function, or for aggregates an object with zero, add, merge and perhaps finish. */
  readonly function: string;
  /** Names of the input's columns, as rows shall have them; without it those of the streams. */
  readonly columnNames?: readonly string[];
  /** Their types as the plan says them: a HUGEINT travels as a DECIMAL, and is a bigint to a script all the same. */
  readonly columnTypes?: readonly string[];
  /** Other tables, whole: what `ctx.side(k)` gives. Of a cogroup, the first is its other side. */
  readonly sides?: readonly ScriptSide[];
  /** Of an aggregate and a cogroup: the columns, by name, whose values make a group. */
  readonly keys?: readonly string[];
  /** The columns of the output. Filters hand their input on, and need none; nor does a part of an aggregate. */
  readonly outputs?: readonly WireColumn[];
  readonly params?: Params;
  readonly seed: bigint;
  readonly partition?: number;
  readonly limits: GuestLimits;
  readonly accumulators?: AccumulatorBook;
  readonly breathe?: () => Promise<void>;
}

export interface ScriptSide {
  readonly columnNames: readonly string[];
  readonly columnTypes?: readonly string[];
  readonly streams: readonly Uint8Array[];
}

const NO_WAIT = (): Promise<void> => Promise.resolve();
/** The column of a part of an aggregate that holds a group's state. */
const STATE: WireColumn = { name: 'state', wire: 'VARCHAR' };

/** The author's function is called at the end, and takes rows as it goes. */
const isWhole = (operation: ScriptOperation): boolean => operation === 'mapPartitions' || operation === 'cogroup';

interface Rows {
  readonly columns: readonly WireColumn[];
  readonly types: readonly SqlType[];
  readonly batches: readonly { readonly views: readonly ColumnView[]; readonly rows: number }[];
}

export class ScriptGuest implements Guest {
  readonly #options: ScriptOptions;
  readonly #interpreter: Interpreter;
  readonly #runner: ScriptRunner;
  readonly #log: GuestLog;
  readonly #out: RowsOut;
  readonly #breathe: () => Promise<void>;
  /** Of mapPartitions and cogroup: what came by `batch`. */
  readonly #waiting: Uint8Array[] = [];
  #input: readonly WireColumn[] | undefined;
  readonly whole?: NonNullable<Guest['whole']>;

  private constructor(interpreter: Interpreter, source: string, options: ScriptOptions) {
    this.#options = options;
    this.#interpreter = interpreter;
    this.#breathe = options.breathe ?? NO_WAIT;
    this.#log = new GuestLog();
    this.#out = new RowsOut(options.limits.outputBytesMax);
    const { context } = interpreter;
    const seed = BigInt.asUintN(64, options.seed);
    interpreter.call(
      interpreter.evaluate(DETERMINISM),
      context.newNumber(Number(BigInt.asIntN(32, seed))),
      context.newNumber(Number(BigInt.asIntN(32, seed >> 32n))),
      context.newNumber(CLOCK_START_MS),
    );
    this.#runner = new ScriptRunner(interpreter, {
      log: this.#log,
      out: this.#out,
      accumulators: options.accumulators ?? new AccumulatorBook(),
    });
    this.#runner.open(interpreter.load(source), options);
    if (isWhole(options.operation)) this.whole = (streams, out) => this.#whole(streams, out);
  }

  /** `wasm`: QuickJS, compiled (interpreter.ts). Runs the module's own code. Throws GuestError. */
  static async open(wasm: WebAssembly.Module, source: string, options: ScriptOptions): Promise<ScriptGuest> {
    const { memoryBytesMax, deadline } = options.limits;
    const interpreter = await Interpreter.start(wasm, { memoryBytesMax, ...(deadline === undefined ? {} : { deadline }) });
    const guest = new ScriptGuest(interpreter, source, options);
    for (const [k, side] of (options.sides ?? []).entries()) await guest.#side(k, side);
    return guest;
  }

  async batch(stream: Uint8Array): Promise<readonly GuestOutput[]> {
    const { operation } = this.#options;
    if (isWhole(operation)) {
      this.#waiting.push(stream);
      return [];
    }
    const rows = this.#rowsOf(stream, this.#options.columnNames);
    this.#input ??= rows.columns;
    if (operation === 'map' || operation === 'flatMap') this.#out.columns(this.#outputs());
    if (operation === 'filter') this.#out.columns(rows.columns);
    await this.#feed(rows, operation);
    return this.#out.take();
  }

  async merge(stream: Uint8Array): Promise<readonly GuestOutput[]> {
    this.#mustAggregate();
    const rows = this.#rowsOf(stream, [...(this.#options.keys ?? []), STATE.name]);
    await this.#feed(rows, 'merge');
    return [];
  }

  async endPartial(): Promise<readonly GuestOutput[]> {
    this.#mustAggregate();
    const input = this.#input;
    // Without a row there is no group.
    if (input === undefined) return [];
    const keys = (this.#options.keys ?? []).map((name) => input.find((column) => column.name === name));
    this.#out.columns([...keys.filter((column) => column !== undefined), STATE]);
    await this.#breathe();
    return this.#end('partial');
  }

  async endFinal(): Promise<readonly GuestOutput[]> {
    const { operation } = this.#options;
    if (!isWhole(operation) && operation !== 'aggregate') {
      this.#runner.checkFields();
      return [];
    }
    await this.#breathe();
    if (operation === 'aggregate') {
      this.#out.columns(this.#outputs());
      return this.#end('final');
    }
    const outputs: GuestOutput[] = [];
    this.#whole(this.#waiting, (output) => outputs.push(output));
    return outputs;
  }

  #whole(streams: Iterable<Uint8Array>, out: (output: GuestOutput) => void): void {
    // What others throw goes past the interpreter, in which the author's function would see it, and could catch it.
    let failed: { readonly thrown: unknown } | undefined;
    const aside = <T>(work: () => T): T => {
      try {
        return work();
      } catch (thrown) {
        failed ??= { thrown };
        throw thrown instanceof GuestError ? thrown : resourceError('guest-host', String(thrown));
      }
    };
    const pieces = this.#pieces(streams);
    this.#out.columns(this.#outputs());
    this.#runner.pull = () => aside(() => pieces.next().done !== true);
    this.#out.drain = (output) => aside(() => out(output));
    try {
      for (const output of this.#end(this.#options.operation)) out(output);
    } catch (error) {
      throw failed === undefined ? error : failed.thrown;
    } finally {
      this.#out.drain = undefined;
    }
  }

  close(): GuestReport {
    return {
      log: this.#log.lines,
      logDroppedBytes: this.#log.droppedBytes,
      outputBytes: this.#out.bytes,
      memoryBytes: this.#interpreter.memoryBytes,
    };
  }

  /** Its rows stay in the interpreter. */
  async #side(k: number, { columnNames, columnTypes, streams }: ScriptSide): Promise<void> {
    this.#runner.side(k);
    for (const stream of streams) await this.#feed(this.#rowsOf(stream, columnNames, columnTypes), 'side');
  }

  #mustAggregate(): void {
    if (this.#options.operation === 'aggregate') return;
    throw authorError('guest-script', `A ${this.#options.operation} has no parts of groups.`, 'Use the operation aggregate.');
  }

  #outputs(): readonly WireColumn[] {
    invariant(this.#options.outputs, `a script's ${this.#options.operation} without the columns of its output`);
    return this.#options.outputs;
  }

  #end(operation: string): readonly GuestOutput[] {
    this.#runner.outputs(this.#out.names);
    this.#runner.end(operation);
    this.#runner.checkFields();
    return this.#out.take();
  }

  #rowsOf(bytes: Uint8Array, names?: readonly string[], types: readonly string[] = this.#options.columnTypes ?? []): Rows {
    const stream = parseStream(bytes);
    invariant(stream.schema, 'a stream without a schema');
    const columns = readSchema(stream.schema).map((column, i) => ({ ...column, name: names?.[i] ?? column.name }));
    const wires = columns.map((column) => parseSqlType(column.wire));
    const layouts = wires.map(layoutOfType);
    const batches = stream.batches.map((batch) => ({ views: columnViews(bytes, batch, layouts), rows: batch.rows }));
    const seen = wires.map((wire, i) => (types[i]?.includes('HUGEINT') ? parseSqlType(types[i]) : wire));
    return { columns, types: seen, batches };
  }

  async #feed(rows: Rows, operation: string): Promise<void> {
    this.#runner.schema(rows.columns, rows.types);
    this.#runner.outputs(this.#out.names);
    for (const { views, rows: count } of rows.batches) {
      for (const piece of this.#runner.pieces(views, count)) {
        await this.#breathe();
        this.#runner.begin(piece);
        this.#runner.run(operation);
      }
    }
  }

  /** Gives each piece to the script as it is asked for. */
  *#pieces(streams: Iterable<Uint8Array>): Iterator<void> {
    for (const stream of streams) {
      const rows = this.#rowsOf(stream, this.#options.columnNames);
      this.#runner.schema(rows.columns, rows.types);
      for (const { views, rows: count } of rows.batches) {
        for (const piece of this.#runner.pieces(views, count)) {
          this.#runner.begin(piece);
          yield;
        }
      }
    }
  }
}
