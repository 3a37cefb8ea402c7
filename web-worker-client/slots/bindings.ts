/**
 * What the slot uses of DuckDB-WASM's blocking bindings and of the module beneath them. Declared here so that the browser's and
 * Node's builds of the package, which come with different types, are one type to the rest.
 */

/** The Emscripten module: a heap and C calls. Views of the heap are stale after any call that may grow it. */
export interface EngineModule {
  readonly HEAPU8: Uint8Array;
  readonly HEAPF64: Float64Array;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  stackSave(): number;
  stackRestore(pointer: number): void;
  stackAlloc(bytes: number): number;
  ccall(name: string, returns: string | null, types: readonly string[], args: readonly unknown[]): unknown;
}

export interface EngineBindings {
  readonly mod: EngineModule;
  instantiate(onProgress?: () => void): Promise<unknown>;
  open(config: Readonly<Record<string, unknown>>): void;
  connect(): { readonly _conn: number };
  disconnect(connection: number): void;
  /** The whole result as an IPC file. */
  runQuery(connection: number, sql: string): Uint8Array;
  /** The schema message once the result begins, or null: poll. */
  startPendingQuery(connection: number, sql: string, allowStreamResult: boolean): Uint8Array | null;
  pollPendingQuery(connection: number): Uint8Array | null;
  cancelPendingQuery(connection: number): boolean;
}

/** What differs between a browser's worker and a Node thread. */
export interface SlotRuntime {
  /** Bindings of the `eh` build, instantiated, with no database open. */
  loadEngine(options: { readonly engineUrl: string; readonly engineModule?: unknown }): Promise<EngineBindings>;
  /** Decompresses one zstd frame whose header tells its size. Throws on damage. */
  loadZstd(): Promise<(coded: Uint8Array) => Uint8Array>;
  /** QuickJS, compiled: what runs guests in JavaScript. Asked for once, with the first of them. */
  loadScripts(): Promise<WebAssembly.Module>;
}
