/** The word count of the examples in each language, as a guest step over one column of lines: what can be built on this machine. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../coordinator/cli/package-root.ts';
import { compileSource } from '../coordinator/modules/compile-source.ts';
import type { Toolchain } from '../guest/testing/toolchains.ts';
import type { GuestCode, GuestStep } from '../shared/plan/physical.ts';
import { named } from '../web-worker-client/slots/testing/tasks.ts';

export interface WordCounter {
  readonly language: string;
  /** Why it cannot be built here. */
  readonly missing?: string;
  readonly step: GuestStep;
  /** The module's bytes; a script has none. */
  module?(): Promise<Uint8Array<ArrayBuffer>>;
}

const SOURCES = { assemblyScript: 'examples/word-count/guest.as.ts', javaScript: 'examples/word-count/guest.js' };
const COMPILER_LIMITS = { wasmBytesMax: 2 ** 20, diagnosticsMax: 20, memoryBytesMax: 2 ** 30, runMsMax: 60_000 };

const textOf = (path: string): string => readFileSync(join(packageRoot(), path), 'utf8');

function stepOf(code: GuestCode): GuestStep {
  const output =
    code.kind === 'stream' ? named(['key', 'VARCHAR'], ['value', 'VARCHAR']) : named(['word', 'VARCHAR'], ['n', 'BIGINT']);
  const rows = { sql: 'SELECT c0 FROM in0', columns: named(['line', 'VARCHAR']) };
  return { kind: 'guest', action: 'mapPartitions', code, rows, output };
}

async function assemblyScript(): Promise<Uint8Array<ArrayBuffer>> {
  const answer = await compileSource({
    source: textOf(SOURCES.assemblyScript),
    sdk: textOf('guest/assemblyscript/index.ts'),
    ...COMPILER_LIMITS,
  });
  if (answer.type !== 'compiled') throw new Error(JSON.stringify(answer));
  return new Uint8Array(answer.wasm);
}

/** Modules are at input `module`. */
export async function wordCounters(module: number): Promise<readonly WordCounter[]> {
  const { C_STREAM, cStreamBytes, GO, goBytes, RUST_STREAM, rustBytes } = await import('../guest/testing/toolchains.ts');
  const program = (language: string, { missing }: Toolchain, bytes: () => Uint8Array<ArrayBuffer>): WordCounter => ({
    language,
    ...(missing === undefined ? {} : { missing }),
    step: stepOf({ kind: 'stream', module, input: 'lines', output: 'tsv' }),
    module: async () => bytes(),
  });
  return [
    program('C', C_STREAM, () => cStreamBytes('examples/word_count_stream.c')),
    program('Rust', RUST_STREAM, () => rustBytes('word_count', 'command')),
    program('Go', GO, () => goBytes('wordcount', 'command')),
    { language: 'AssemblyScript', step: stepOf({ kind: 'batch', module, function: 'wordCount' }), module: assemblyScript },
    { language: 'JavaScript', step: stepOf({ kind: 'script', source: textOf(SOURCES.javaScript), function: 'wordCount' }) },
  ];
}
