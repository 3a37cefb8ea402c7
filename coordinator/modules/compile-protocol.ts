/** What the coordinator and its compile child say to each other: one request, one answer, then the child ends. */

export interface CompileRequest {
  /** AssemblyScript. */
  readonly source: string;
  /** The SDK that the source may import as 'muster'. */
  readonly sdk: string;
  /** A module larger than this is not sent back. */
  readonly wasmBytesMax: number;
  readonly diagnosticsMax: number;
  /** The child ends itself when it has more memory than this, or runs for longer; the coordinator ends it before that. */
  readonly memoryBytesMax: number;
  readonly runMsMax: number;
}

export interface Diagnostic {
  readonly severity: 'error' | 'warning' | 'info';
  /** The compiler's own number. */
  readonly code: number;
  readonly message: string;
  /** The author's source (`module.ts`), or where else it was found: `muster.ts`, or the standard library. */
  readonly file?: string;
  /** From 1, in UTF-16 code units, as editors count. */
  readonly line?: number;
  readonly column?: number;
  readonly endLine?: number;
  readonly endColumn?: number;
}

export type CompileAnswer =
  | { readonly type: 'compiled'; readonly wasm: Uint8Array; readonly diagnostics: readonly Diagnostic[] }
  | { readonly type: 'refused'; readonly diagnostics: readonly Diagnostic[] }
  | { readonly type: 'wasm-too-large'; readonly wasmBytes: number }
  | { readonly type: 'compiler-failed'; readonly message: string };
