/// <reference path="./built-kernels.d.ts" />
/**
 * The relay's kernel (kernels/relay) and its memory, of which there is one a process: what passes lies in it from the moment it is read
 * off a socket, so that it is unmasked and digested where it lies and leaves nothing for the garbage collector. The memory never
 * grows, and what was never used of it costs nothing.
 */
import encoded from '../../dist/kernels/relay.mjs';
import { invariant } from '../../shared/assert.ts';
import type { Digest } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';

/** The little of WebAssembly's interface that is used: Node's types have none of it. */
interface Wasm {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

interface KernelExports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  unmask(at: number, bytes: number, mask: number): void;
  blake3StateBytes(): number;
  blake3WorkBytes(): number;
  blake3Start(state: number): void;
  blake3Update(state: number, input: number, bytes: number, work: number): void;
  blake3Finish(state: number, work: number): void;
}

const PAGE_BYTES = 64 * 1024;
/** Bytes that lie elsewhere are digested through here, while they are in the processor's cache. */
const WINDOW_BYTES = 128 * 1024;
/** The digest reads at most this far behind its input. */
const SLACK_BYTES = 4096;
const STATES = 1024;
const DIGEST_BYTES = 32;
/** As much as the pool holds: mostly it holds less, and what is beyond (sockets that are behind) lies in ordinary memory. */
const ARENA_BYTES = LIMITS.relayMemoryBytes;

const { Module, Instance } = (globalThis as unknown as { readonly WebAssembly: Wasm }).WebAssembly;
const kernel = new Instance(new Module(Buffer.from(encoded, 'base64'))).exports as KernelExports;
// An address of 0 is never used.
let top = PAGE_BYTES;
const window = taken(WINDOW_BYTES + SLACK_BYTES);
const work = taken(kernel.blake3WorkBytes());
const stateBytes = kernel.blake3StateBytes();
const states = taken(stateBytes * STATES);
const arenaAt = taken(ARENA_BYTES + SLACK_BYTES);
kernel.memory.grow(Math.ceil(top / PAGE_BYTES) - kernel.memory.buffer.byteLength / PAGE_BYTES);
const memory = new Uint8Array(kernel.memory.buffer);

function taken(bytes: number): number {
  const at = top;
  top += Math.ceil(bytes / 64) * 64;
  return at;
}

/** Where pieces may lie. */
export const ARENA = { at: arenaAt, bytes: ARENA_BYTES } as const;

/** Bytes of the kernel's memory. */
export function kernelBytes(at: number, bytes: number): Uint8Array {
  return memory.subarray(at, at + bytes);
}

/** XORs bytes of the kernel's memory with `mask`, whose lowest byte meets the first of them. */
export function unmask(at: number, bytes: number, mask: number): void {
  kernel.unmask(at, bytes, mask);
}

let statesUsed = 0;
const spareStates: number[] = [];

/** BLAKE3-256 of bytes that come one part after the other. Call `close()` in any case. */
export class StreamDigest {
  readonly #state: number;

  constructor() {
    const spare = spareStates.pop();
    invariant(spare !== undefined || statesUsed < STATES, 'more slices are digested at once than the relay reads');
    this.#state = spare ?? states + stateBytes * statesUsed++;
  }

  start(): void {
    kernel.blake3Start(this.#state);
  }

  update(bytes: Uint8Array): void {
    if (bytes.buffer === memory.buffer) {
      kernel.blake3Update(this.#state, bytes.byteOffset, bytes.byteLength, work);
      return;
    }
    for (let at = 0; at < bytes.byteLength; at += WINDOW_BYTES) {
      const part = bytes.subarray(at, at + WINDOW_BYTES);
      memory.set(part, window);
      kernel.blake3Update(this.#state, window, part.byteLength, work);
    }
  }

  /** Of all since `start()`. */
  digest(): Digest {
    kernel.blake3Finish(this.#state, work);
    return Buffer.from(memory.buffer, work, DIGEST_BYTES).toString('hex') as Digest;
  }

  close(): void {
    spareStates.push(this.#state);
  }
}

let whole: StreamDigest | undefined;

/** What digestOf of shared/hash.ts gives, three times as fast. */
export function digestOfBytes(bytes: Uint8Array): Digest {
  whole ??= new StreamDigest();
  whole.start();
  whole.update(bytes);
  return whole.digest();
}
