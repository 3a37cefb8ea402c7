/** Where the installed engine's WASM is. */
import { createRequire } from 'node:module';
import type { EngineAssets } from '../link/platform.ts';

export function engineAssets(): EngineAssets {
  const require = createRequire(import.meta.url);
  return { engineUrl: require.resolve('@duckdb/duckdb-wasm/dist/duckdb-eh.wasm') };
}
