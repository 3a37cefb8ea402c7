/** Scripts in QuickJS, for tests. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { WireColumn } from '../../../shared/arrow/schema.ts';
import { rowsOf, streamOf } from '../../../shared/arrow/testing.ts';
import type { Failure } from '../../../shared/failure.ts';
import { GuestError } from '../../../shared/guest/guest-error.ts';
import type { GuestOutput } from '../../guest/guest.ts';
import { ScriptGuest, type ScriptOptions } from '../script-guest.ts';

let wasm: WebAssembly.Module | undefined;

async function quickJs(): Promise<WebAssembly.Module> {
  const path = createRequire(import.meta.url).resolve('@jitl/quickjs-wasmfile-release-sync/wasm');
  wasm ??= await WebAssembly.compile(readFileSync(path));
  return wasm;
}

export const MEMORY = 64 * 1024 * 1024;
export const column = (name: string, wire: string): WireColumn => ({ name, wire });

export type Some = Partial<ScriptOptions>;

export async function open(source: string, options: Some = {}): Promise<ScriptGuest> {
  return ScriptGuest.open(await quickJs(), source, {
    operation: 'map',
    function: 'f',
    seed: 1n,
    limits: { memoryBytesMax: MEMORY },
    outputs: [column('y', 'DOUBLE')],
    ...options,
  });
}

export const rowsIn = (outputs: readonly GuestOutput[]): unknown[][] => outputs.flatMap(({ stream }) => rowsOf(stream));

export async function run(source: string, stream: Uint8Array, options: Some = {}): Promise<unknown[][]> {
  const guest = await open(source, options);
  const outputs = [...(await guest.batch(stream)), ...(await guest.endFinal())];
  guest.close();
  return rowsIn(outputs);
}

export const numbers = (values: readonly (number | null)[]): Uint8Array => streamOf([{ name: 'x', wire: 'DOUBLE', values }]);

export async function failureOf(work: Promise<unknown>): Promise<Failure> {
  try {
    await work;
  } catch (error) {
    if (error instanceof GuestError) return error.failure;
    throw error;
  }
  throw new Error('it did not fail');
}
