/** Guests of the examples, compiled with what is on this machine. */
import { readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { compileSource } from '../../coordinator/modules/compile-source.ts';
import {
  C_BATCH,
  C_STREAM,
  cBatchBytes,
  cStreamBytes,
  GO,
  GUEST_FOLDER,
  goBytes,
  RUST_BATCH,
  RUST_STREAM,
  rustBytes,
  type Toolchain,
} from '../../guest/testing/toolchains.ts';
import type { GuestSource, Language } from '../example.ts';

const ROOT = resolve(GUEST_FOLDER, '..');
const NEEDS_NOTHING: Toolchain = { name: 'npm', missing: undefined };

const LIMITS_OF_COMPILER = { wasmBytesMax: 2 ** 20, diagnosticsMax: 20, memoryBytesMax: 2 ** 30, runMsMax: 60_000 };

/** What must be installed to build it. */
export function toolchainOf({ language, kind }: GuestSource): Toolchain {
  const toolchains: Readonly<Record<Language, Toolchain>> = {
    AssemblyScript: NEEDS_NOTHING,
    JavaScript: NEEDS_NOTHING,
    C: kind === 'stream' ? C_STREAM : C_BATCH,
    Rust: kind === 'stream' ? RUST_STREAM : RUST_BATCH,
    Go: GO,
  };
  return toolchains[language];
}

const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** A script's source, or a module's bytes. */
export async function built(guest: GuestSource): Promise<string | Uint8Array<ArrayBuffer>> {
  if (guest.kind === 'script') return textOf(guest.source);
  if (guest.language === 'AssemblyScript') return assemblyScript(textOf(guest.source));
  return bytesOf(guest);
}

/** As the coordinator compiles it. */
async function assemblyScript(source: string): Promise<Uint8Array<ArrayBuffer>> {
  const sdk = textOf('guest/assemblyscript/index.ts');
  const answer = await compileSource({ source, sdk, ...LIMITS_OF_COMPILER });
  if (answer.type !== 'compiled') throw new Error(JSON.stringify(answer, null, 1));
  return new Uint8Array(answer.wasm);
}

function bytesOf({ language, kind, source }: GuestSource): Uint8Array<ArrayBuffer> {
  const inC = relative(join(GUEST_FOLDER, 'c'), join(ROOT, source));
  const what = kind === 'stream' ? 'command' : 'library';
  switch (language) {
    case 'C':
      return kind === 'stream' ? cStreamBytes(inC) : cBatchBytes(inC);
    case 'Rust':
      return rustBytes(kind === 'stream' ? basename(source, '.rs') : basename(dirname(source)).replaceAll('-', '_'), what);
    case 'Go': {
      const module = source.startsWith('guest/') ? join(GUEST_FOLDER, 'go') : join(ROOT, 'examples');
      return goBytes(relative(module, join(ROOT, source)), what, module);
    }
    default:
      throw new Error(`${source} is not built by a toolchain`);
  }
}
