/** The host's side of prelude.ts: columns in, calls, rows out. */
import type { QuickJSHandle } from 'quickjs-emscripten-core';
import type { ColumnView } from '../../shared/arrow/column-view.ts';
import type { WireColumn } from '../../shared/arrow/schema.ts';
import { parseSqlType, type SqlType } from '../../shared/arrow/types.ts';
import { ByteWriter } from '../../shared/cells/byte-writer.ts';
import { jsonCells } from '../../shared/cells/json-cells.ts';
import { authorError } from '../../shared/guest/guest-error.ts';
import type { GuestLog } from '../../shared/guest/guest-log.ts';
import type { AccumulatorBook } from '../guest/accumulator-book.ts';
import type { Interpreter } from './interpreter.ts';
import { RUNNER } from './prelude.ts';
import type { RowsOut } from './rows-out.ts';
import { type Fields, wrongFields } from './script-errors.ts';
import type { ScriptOptions } from './script-guest.ts';
import { columnKind, type ValueKind } from './value-kinds.ts';

/** Rows that are in the interpreter at a time; a multiple of 8, so that validity bits can be cut. */
const PIECE_ROWS = 4_096;
const UTF8 = new TextEncoder();

/** Rows `from` to `to` of a batch. */
interface Piece {
  readonly views: readonly ColumnView[];
  readonly from: number;
  readonly to: number;
}

/** Where what a script says goes. */
export interface ScriptTo {
  readonly log: GuestLog;
  readonly out: RowsOut;
  readonly accumulators: AccumulatorBook;
}

const FUNCTIONS = ['open', 'outputs', 'schema', 'begin', 'column', 'run', 'end', 'side', 'fields'] as const;
type RunnerFunction = (typeof FUNCTIONS)[number];

export class ScriptRunner {
  readonly #interpreter: Interpreter;
  readonly #out: RowsOut;
  readonly #functions: ReadonlyMap<RunnerFunction, QuickJSHandle>;
  #types: readonly SqlType[] = [];
  #wires: readonly SqlType[] = [];
  #kinds: readonly ValueKind[] = [];
  #piece: Piece = { views: [], from: 0, to: 0 };
  /** Puts the next piece in place; false at the end. */
  pull: () => boolean = () => false;

  constructor(interpreter: Interpreter, { log, out, accumulators }: ScriptTo) {
    this.#interpreter = interpreter;
    this.#out = out;
    const { context } = interpreter;
    const host = context.newObject();
    const add = (name: string, run: (...args: QuickJSHandle[]) => QuickJSHandle | undefined): void => {
      context.setProp(host, name, interpreter.hostFunction(name, run));
    };
    add('log', (level, line) => {
      if (level !== undefined && line !== undefined) log.add(context.getNumber(level), UTF8.encode(context.getString(line)));
      return undefined;
    });
    add('emit', (text) => {
      if (text !== undefined) out.addJson(context.getString(text));
      return undefined;
    });
    add('keep', (mask) => {
      if (mask !== undefined) this.#pass(context.getArrayBuffer(mask).consume((bytes) => bytes.value.slice()));
      return undefined;
    });
    add('add', (name, amount) => {
      if (name !== undefined && amount !== undefined) accumulators.add(context.getString(name), context.getNumber(amount));
      return undefined;
    });
    add('pull', () => (this.pull() ? context.true : context.false));
    const runner = interpreter.call(interpreter.evaluate(RUNNER), host);
    this.#functions = new Map(FUNCTIONS.map((name) => [name, context.getProp(runner, name)]));
  }

  /** Finds the author's function among the exports. Throws GuestError. */
  open(module: QuickJSHandle, options: ScriptOptions): void {
    const { context } = this.#interpreter;
    const target = context.getProp(module, options.function);
    const aggregate = options.operation === 'aggregate';
    const needed = aggregate ? ['zero', 'add', 'merge'] : [];
    const type = context.typeof(target);
    if (type === 'undefined' || type !== (aggregate ? 'object' : 'function')) {
      throw authorError(
        'guest-script',
        `The script does not export ${aggregate ? 'an object' : 'a function'} named ${options.function}.`,
        aggregate
          ? `Write \`export const ${options.function} = { zero, add, merge, finish }\`.`
          : `Write \`export function ${options.function}(row) { ... }\`.`,
      );
    }
    for (const name of needed) {
      if (context.getProp(target, name).consume((part) => context.typeof(part)) === 'function') continue;
      throw authorError(
        'guest-script',
        `The aggregate ${options.function} has no function ${name}.`,
        'It needs zero, add and merge.',
      );
    }
    const spec = { keys: options.keys ?? [], params: options.params ?? {}, partition: options.partition ?? null };
    this.#call('open', target, this.#text(JSON.stringify(spec)));
  }

  outputs(names: readonly string[]): void {
    this.#call('outputs', this.#text(JSON.stringify(names)));
  }

  schema(columns: readonly WireColumn[], types: readonly SqlType[]): void {
    this.#types = types;
    this.#wires = columns.map((column) => parseSqlType(column.wire));
    this.#kinds = types.map(columnKind);
    const described = columns.map(({ name }, i) => ({ name, type: this.#kinds[i] }));
    this.#call('schema', this.#text(JSON.stringify(described)));
  }

  *pieces(views: readonly ColumnView[], rows: number): Iterable<Piece> {
    for (let from = 0; from < rows; from += PIECE_ROWS) yield { views, from, to: Math.min(rows, from + PIECE_ROWS) };
  }

  /** Puts the rows of a piece into the interpreter. */
  begin(piece: Piece): void {
    const { context } = this.#interpreter;
    this.#piece = piece;
    this.#call('begin', context.newNumber(piece.to - piece.from));
    piece.views.forEach((view, i) => {
      this.#call('column', context.newNumber(i), ...this.#column(view, i, piece));
    });
  }

  /** The values, and the validity bits where values don't tell NULLs themselves. */
  #column(view: ColumnView, index: number, piece: Piece): QuickJSHandle[] {
    const kind = this.#kinds[index];
    if (kind?.kind !== 'typed') return [this.#text(this.#json(view, index, piece))];
    const { from, to } = piece;
    const width = widthOf(kind);
    const { context } = this.#interpreter;
    const values = context.newArrayBuffer(ownBuffer(view.data, from * width, to * width));
    if (view.validity === null) return [values];
    return [values, context.newArrayBuffer(ownBuffer(view.validity, from >> 3, (to + 7) >> 3))];
  }

  /** The rows of `run('side')` that follow are those of side `k`. */
  side(k: number): void {
    this.#call('side', this.#interpreter.context.newNumber(k));
  }

  run(operation: string): void {
    this.#call('run', this.#text(operation));
  }

  end(operation: string): void {
    this.#call('end', this.#text(operation));
  }

  /** At the task's end: rows that have other fields than the output's columns. Throws GuestError. */
  checkFields(): void {
    const text = this.#call('fields');
    if (text !== '') throw wrongFields(JSON.parse(text) as Fields);
  }

  #pass(mask: Uint8Array): void {
    const { views, from, to } = this.#piece;
    for (let row = 0; row < to - from; ) {
      if (mask[row] !== 1) {
        row++;
        continue;
      }
      const first = row;
      while (mask[row] === 1 && row < to - from) row++;
      this.#out.pass(views, from + first, from + row);
    }
  }

  #json(view: ColumnView, index: number, { from, to }: Piece): string {
    const type = this.#types[index] as SqlType;
    const write = jsonCells(type, this.#wires[index] as SqlType, view);
    const out = new ByteWriter();
    out.ascii('[');
    for (let row = from; row < to; row++) {
      if (row > from) out.ascii(',');
      write(out, row);
    }
    out.ascii(']');
    return new TextDecoder().decode(out.take());
  }

  #text(text: string): QuickJSHandle {
    return this.#interpreter.context.newString(text);
  }

  /** Calls a function of the prelude, and gives the text that it returned; what was made for the call is disposed of. */
  #call(name: RunnerFunction, ...args: QuickJSHandle[]): string {
    const fn = this.#functions.get(name);
    if (fn === undefined) throw new TypeError(`the prelude has no function ${name}`);
    try {
      return this.#interpreter.call(fn, ...args).consume((result) => this.#interpreter.context.getString(result));
    } finally {
      for (const arg of args) arg.dispose();
    }
  }
}

/** Bytes of a value: typed arrays are named for their bits. */
const widthOf = (kind: ValueKind & { readonly kind: 'typed' }): number => Number(/\d+/.exec(kind.array)?.[0]) / 8;

function ownBuffer(bytes: Uint8Array | null, from: number, to: number): ArrayBuffer {
  const copy = new Uint8Array(Math.max(0, to - from));
  if (bytes !== null) copy.set(bytes.subarray(from, to));
  return copy.buffer;
}
