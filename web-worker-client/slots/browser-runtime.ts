/** DuckDB-WASM and zstd in a browser's worker. Both load their WASM by URL; nothing is compiled from strings (the pages' CSP). */
/// <reference path="./duckdb-blocking.d.ts" />
/// <reference path="../link/vite-assets.d.ts" />
import { decompress, init } from '@bokuweb/zstd-wasm';
import scriptsUrl from '@jitl/quickjs-wasmfile-release-sync/wasm?url';
// By path: the package does not export this build by name.
import {
  BROWSER_RUNTIME,
  createDuckDB,
  VoidLogger,
} from '../../node_modules/@duckdb/duckdb-wasm/dist/duckdb-browser-blocking.mjs';
import type { EngineBindings, SlotRuntime } from './bindings.ts';

/** How the package instantiates its module: `success` goes on with start-up. */
type InstantiateWasm = (
  imports: WebAssembly.Imports,
  success: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
) => Record<string, never>;

interface HookedBindings extends EngineBindings {
  instantiateWasm: InstantiateWasm;
}

export const browserRuntime: SlotRuntime = {
  async loadEngine({ engineUrl, engineModule }) {
    // The package chooses between builds by what the browser can do; both names lead to the one that we ship.
    const bundle = { mainModule: engineUrl, mainWorker: '' };
    const bindings = (await createDuckDB({ mvp: bundle, eh: bundle }, new VoidLogger(), BROWSER_RUNTIME)) as HookedBindings;
    const module = engineModule instanceof WebAssembly.Module ? engineModule : await compile('the engine', engineUrl);
    await instantiate(bindings, module);
    return bindings;
  },

  async loadZstd() {
    await init();
    return (coded) => decompress(coded);
  },

  loadScripts: () => compile('what runs JavaScript', scriptsUrl),
};

async function compile(what: string, url: string): Promise<WebAssembly.Module> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${what} could not be loaded: ${url} answered ${response.status}`);
  return WebAssembly.compileStreaming(response);
}

/** The package's own way drops errors, and then waits for ever; this one passes them on. */
async function instantiate(bindings: HookedBindings, module: WebAssembly.Module): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    bindings.instantiateWasm = (imports, success) => {
      (globalThis as { DUCKDB_RUNTIME?: unknown }).DUCKDB_RUNTIME = BROWSER_RUNTIME;
      WebAssembly.instantiate(module, imports).then((instance) => success(instance, module), reject);
      return {};
    };
    bindings.instantiate().then(() => resolve(), reject);
  });
}
