/**
 * One hardened DuckDB-WASM instance. Queries run in slices with a breath between them; Arrow goes in straight into the heap and is
 * read out of it in place.
 */
import { columnViews } from '../../shared/arrow/column-view.ts';
import { fileToStream, parseStream } from '../../shared/arrow/ipc.ts';
import { layoutOf } from '../../shared/arrow/layout.ts';
import type { MergePlan } from '../../shared/arrow/merge.ts';
import type { EngineBindings } from './bindings.ts';
import { EngineError, engineError } from './engine-errors.ts';

/** Called between slices; may wait, and throws to stop the query. */
export type Breathe = () => Promise<void>;

interface Pulling {
  readonly breathe: Breathe;
  /** May throw to stop the query. */
  readonly check: () => void;
  readonly visit: (piece: Uint8Array) => void;
  readonly use: (more: () => boolean) => void;
}

const STATUS_OK = 0;
/** The query is not done, but has no rows yet. */
const STATUS_RETRY = 256;

const MiB = 1024 * 1024;

/** The lock comes last: nothing after it can be set. Spilling to disk gave wrong counts, so there is nowhere to spill. */
const hardening = (memoryLimitBytes: number): readonly string[] => [
  `SET memory_limit = '${Math.max(16, Math.floor(memoryLimitBytes / MiB))}MiB'`,
  'SET autoinstall_known_extensions = false',
  'SET autoload_known_extensions = false',
  "SET temp_directory = ''",
  'SET enable_external_access = false',
  'SET lock_configuration = true',
];

export class Engine {
  readonly version: string;
  readonly resultBytesMax: number;
  readonly #bindings: EngineBindings;
  #broken = false;

  private constructor(bindings: EngineBindings, version: string, resultBytesMax: number) {
    this.#bindings = bindings;
    this.version = version;
    this.resultBytesMax = resultBytesMax;
  }

  /** Opens the one database of fresh bindings and locks it down. */
  static boot(bindings: EngineBindings, memoryLimitBytes: number, resultBytesMax = Number.POSITIVE_INFINITY): Engine {
    bindings.open({});
    const connection = bindings.connect()._conn;
    for (const sql of hardening(memoryLimitBytes)) bindings.runQuery(connection, sql);
    const [version] = allTexts(bindings.runQuery(connection, 'SELECT version()'));
    bindings.disconnect(connection);
    return new Engine(bindings, version ?? '', resultBytesMax);
  }

  /** After a trap every call throws; the worker must be replaced. */
  get broken(): boolean {
    return this.#broken;
  }

  connect(): EngineConnection {
    return this.guard((bindings) => new EngineConnection(this, bindings.connect()._conn));
  }

  /** Runs a call into the engine and tells its errors apart. Throws EngineError. */
  guard<T>(call: (bindings: EngineBindings) => T): T {
    if (this.#broken) throw new EngineError('trap', 'the engine broke down before');
    try {
      return call(this.#bindings);
    } catch (thrown) {
      const error = engineError(thrown);
      if (error.fault === 'trap') this.#broken = true;
      throw error;
    }
  }
}

/** Temporary views and tables live as long as their connection. */
export class EngineConnection {
  readonly #engine: Engine;
  readonly #id: number;

  constructor(engine: Engine, id: number) {
    this.#engine = engine;
    this.#id = id;
  }

  /** Runs a short statement in one go and drops its result. Throws EngineError. */
  execute(sql: string): void {
    this.#engine.guard((bindings) => bindings.runQuery(this.#id, sql));
  }

  /** The values of a query's only column, which is VARCHAR and has no NULL. */
  texts(sql: string): string[] {
    return this.#engine.guard((bindings) => allTexts(bindings.runQuery(this.#id, sql)));
  }

  /** Appends rows to an existing table whose columns have the plan's wire types, in order. Throws EngineError. */
  insert(table: string, plan: MergePlan): void {
    this.#engine.guard((bindings) => {
      const { mod } = bindings;
      const pointer = mod._malloc(plan.bytes) >>> 0;
      if (pointer === 0) throw new EngineError('memory', `Out of Memory Error: no room for ${plan.bytes} bytes of input`);
      try {
        plan.write(mod.HEAPU8, pointer);
        const options = JSON.stringify({ name: table, create: false });
        const types = ['number', 'number', 'number', 'string'];
        const result = call(bindings, 'duckdb_web_insert_arrow_from_ipc_stream', types, [this.#id, pointer, plan.bytes, options]);
        if (result[0] !== STATUS_OK) throw responseError(bindings, result[1], result[2]);
        clearResponse(bindings);
      } finally {
        mod._free(pointer);
      }
    });
  }

  /**
   * Runs a query, slice by slice. `visit` gets the schema message and then each piece of the result in order; a piece is a view
   * of the engine's heap, gone after the call. When `breathe` or `visit` throws, the query is cancelled and the error passed on.
   */
  async query(sql: string, breathe: Breathe, visit: (piece: Uint8Array) => void): Promise<void> {
    const { resultBytesMax } = this.#engine;
    let bytes = 0;
    const counted = (piece: Uint8Array): void => {
      bytes += piece.length;
      if (bytes > resultBytesMax) {
        throw new EngineError('memory', `Out of Memory Error: the result takes more than ${resultBytesMax} bytes`);
      }
      visit(piece);
    };
    await this.#running(sql, breathe, visit, async (next) => {
      while (next(counted) !== 'done') await breathe();
    });
  }

  /**
   * As `query`, for a reader that cannot wait: once the first rows are there, `use` runs, and each call of `more` shows it a piece; false
   * when there are none. The engine computes while it is asked, and `check` is called meanwhile; rows that nobody asks for are left.
   */
  async pulled(sql: string, { breathe, check, visit, use }: Pulling): Promise<void> {
    await this.#running(sql, breathe, visit, async (next) => {
      use(() => {
        let shown = next(visit);
        while (shown === 'none-yet') {
          check();
          shown = next(visit);
        }
        return shown === 'piece';
      });
    });
  }

  /** `read` is given what shows the next piece. */
  async #running(
    sql: string,
    breathe: Breathe,
    first: (schema: Uint8Array) => void,
    read: (next: (visit: (piece: Uint8Array) => void) => 'piece' | 'none-yet' | 'done') => Promise<void>,
  ): Promise<void> {
    let running = true;
    try {
      let schema = this.#engine.guard((bindings) => bindings.startPendingQuery(this.#id, sql, true));
      while (schema === null) {
        await breathe();
        schema = this.#engine.guard((bindings) => bindings.pollPendingQuery(this.#id));
      }
      first(schema);
      await read((visit) => {
        if (!running) return 'done';
        const piece = this.#engine.guard((bindings) => this.#fetch(bindings));
        running = piece !== 'done';
        if (typeof piece === 'string') return piece;
        this.#show(piece, visit);
        return 'piece';
      });
    } finally {
      if (running && !this.#engine.broken) this.#engine.guard((bindings) => bindings.cancelPendingQuery(this.#id));
    }
  }

  /** The next piece, in place: it must be shown before the next call into the engine. */
  #fetch(bindings: EngineBindings): Uint8Array | 'none-yet' | 'done' {
    const [status, data, bytes] = call(bindings, 'duckdb_web_query_fetch_results', ['number'], [this.#id]);
    if (status === STATUS_RETRY || (status === STATUS_OK && bytes === 0)) {
      clearResponse(bindings);
      return status === STATUS_RETRY ? 'none-yet' : 'done';
    }
    if (status !== STATUS_OK) throw responseError(bindings, data, bytes);
    return bindings.mod.HEAPU8.subarray(data, data + bytes);
  }

  /** Outside the guard: what the visitor throws is not the engine's fault. */
  #show(piece: Uint8Array, visit: (piece: Uint8Array) => void): void {
    try {
      visit(piece);
    } finally {
      this.#engine.guard(clearResponse);
    }
  }

  close(): void {
    this.#engine.guard((bindings) => bindings.disconnect(this.#id));
  }
}

type Result = readonly [status: number, data: number, bytes: number];

/** A call whose answer is (status, pointer, length); not yet cleared. */
function call(bindings: EngineBindings, name: string, types: readonly string[], args: readonly unknown[]): Result {
  const { mod } = bindings;
  const stack = mod.stackSave();
  const answer = mod.stackAlloc(24);
  mod.ccall(name, null, ['number', ...types], [answer, ...args]);
  const at = answer >>> 3;
  const result: Result = [mod.HEAPF64[at] ?? -1, mod.HEAPF64[at + 1] ?? 0, mod.HEAPF64[at + 2] ?? 0];
  mod.stackRestore(stack);
  return result;
}

function clearResponse(bindings: EngineBindings): void {
  bindings.mod.ccall('duckdb_web_clear_response', null, [], []);
}

function responseError(bindings: EngineBindings, data: number, bytes: number): Error {
  const message = new TextDecoder().decode(bindings.mod.HEAPU8.slice(data, data + bytes));
  clearResponse(bindings);
  return new Error(message);
}

/** The values of the only column, VARCHAR without NULLs, of a result in the IPC file format. */
function allTexts(file: Uint8Array): string[] {
  const stream = parseStream(fileToStream(file));
  return stream.batches.flatMap((batch) => {
    const [column] = columnViews(stream.bytes, batch, [layoutOf('VARCHAR')]);
    return Array.from({ length: batch.rows }, (_, row) =>
      new TextDecoder().decode(column?.data?.subarray(column.offsets?.[row] ?? 0, column.offsets?.[row + 1] ?? 0)),
    );
  });
}
