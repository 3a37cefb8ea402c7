/** DuckDB-WASM and zstd in a Node thread. Both packages are CommonJS there, and stay outside our bundles. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { EngineBindings, SlotRuntime } from '../slots/bindings.ts';

interface DuckDbPackage {
  readonly VoidLogger: new () => object;
  readonly NODE_RUNTIME: object;
  createDuckDB(bundles: object, logger: object, runtime: object): Promise<EngineBindings>;
}

interface ZstdPackage {
  init(): Promise<void>;
  decompress(coded: Uint8Array): Uint8Array;
}

const require = createRequire(import.meta.url);

/** A second `init` would put a fresh, half-started module under those who use the first. */
let zstdReady: Promise<void> | undefined;

export const nodeSlotRuntime: SlotRuntime = {
  async loadEngine({ engineUrl }) {
    const duckdb = require('@duckdb/duckdb-wasm/dist/duckdb-node-blocking.cjs') as DuckDbPackage;
    // The package chooses between builds by what the platform can do; both names lead to the one that we ship.
    const bundle = { mainModule: engineUrl, mainWorker: '' };
    const bindings = await duckdb.createDuckDB({ mvp: bundle, eh: bundle }, new duckdb.VoidLogger(), duckdb.NODE_RUNTIME);
    await bindings.instantiate();
    return bindings;
  },

  async loadZstd() {
    const zstd = require('@bokuweb/zstd-wasm') as ZstdPackage;
    zstdReady ??= zstd.init();
    await zstdReady;
    return (coded) => zstd.decompress(coded);
  },

  async loadScripts() {
    return WebAssembly.compile(await readFile(require.resolve('@jitl/quickjs-wasmfile-release-sync/wasm')));
  },
};
