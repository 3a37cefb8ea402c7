/** The package's own types lie under another extension, and differ between its builds; we use this much of them. */
declare module '*/duckdb-browser-blocking.mjs' {
  export class VoidLogger {}
  export const BROWSER_RUNTIME: object;
  export function createDuckDB(bundles: object, logger: VoidLogger, runtime: object): Promise<unknown>;
}
