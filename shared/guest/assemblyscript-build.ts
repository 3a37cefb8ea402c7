/** How an AssemblyScript guest is compiled: one way for users, for the coordinator and for tests. */

export interface AssemblyScriptSource {
  /** The module's file, e.g. `words.ts`. */
  readonly source: string;
  /** Where the WASM goes, e.g. `words.wasm`. */
  readonly outFile: string;
  /** The SDK's file, guest/assemblyscript/index.ts, under the name by which it lies beside the module; default `muster.ts`. */
  readonly sdk?: string;
}

/**
 * Arguments for `asc`: optimised for speed, with SIMD, names kept for error messages, start-up code in `_initialize`, and a failed
 * assertion told to the author by the SDK's `abort`.
 */
export function ascArguments({ source, outFile, sdk = 'muster.ts' }: AssemblyScriptSource): string[] {
  const abort = `abort=${sdk.replace(/\.ts$/, '')}/abort`;
  return [source, '--outFile', outFile, '-O3', '--debug', '--enable', 'simd', '--exportStart', '_initialize', '--use', abort];
}

/** The same as one line for a shell, in the folder where module and SDK are; needs only npm. */
export function ascCommandLine(source: AssemblyScriptSource): string {
  const quote = (word: string): string => (/^[\w./=@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
  return ['npx', '--package=assemblyscript@0.28', 'asc', ...ascArguments(source)].map(quote).join(' ');
}
