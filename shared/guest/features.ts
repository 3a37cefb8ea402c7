/** WebAssembly features beyond the first version: which guests may use, and how to do without the others. */

/** Told apart by the scanner. */
export type Feature =
  | 'sign-extension'
  | 'saturating-float'
  | 'bulk-memory'
  | 'reference-types'
  | 'multi-value'
  | 'simd128'
  | 'exceptions'
  | 'exceptions-exnref'
  | 'tail-calls'
  | 'relaxed-simd'
  | 'threads'
  | 'memory64'
  | 'multi-memory'
  | 'gc'
  | 'dynamic-linking'
  | 'unknown';

/**
 * `nondeterministic`: results would differ between machines, and replicas could not be compared. `unsupported`: not every
 * browser that joins has it.
 */
export const REFUSED: Readonly<Partial<Record<Feature, { readonly name: string; readonly hint: string }>>> = {
  'relaxed-simd': {
    name: 'relaxed SIMD, whose results differ between machines',
    hint: 'Compile with SIMD but without relaxed SIMD (clang and rustc: leave out relaxed-simd; asc: leave out --enable relaxed-simd).',
  },
  threads: {
    name: 'threads (shared memory or atomic instructions)',
    hint: 'Compile without threads: leave out -pthread and +atomics. Partitions run in parallel by themselves.',
  },
  memory64: { name: '64-bit memory or tables', hint: 'Compile for wasm32.' },
  'multi-memory': { name: 'more than one memory', hint: 'Compile with one memory.' },
  gc: {
    name: 'garbage-collected types (GC, typed function references)',
    hint: 'Compile for linear memory; languages that need WebAssembly GC are not supported yet.',
  },
  'exceptions-exnref': {
    name: 'exceptions in the new encoding (try_table, throw_ref)',
    hint: 'Compile with legacy exceptions (clang: -mllvm -wasm-use-legacy-eh), or without exceptions.',
  },
  exceptions: { name: 'exceptions', hint: 'Compile without exceptions (clang: -fno-exceptions; rustc: panic=abort).' },
  'tail-calls': { name: 'tail calls', hint: 'Compile without tail calls (clang: leave out -mtail-call).' },
  'dynamic-linking': { name: 'dynamic linking', hint: 'Link statically: leave out -shared and -fPIC.' },
  unknown: {
    name: 'an instruction that Muster does not know',
    hint: 'Compile for the features of generic wasm32, plus simd128 if you like.',
  },
};
