/** BLAKE3-256 by the kernel: what digestOf of shared/hash.ts gives, twice as fast. */
import type { Digest } from '../../shared/ids.ts';
import { KernelMemory } from './kernel-memory.ts';

const DIGEST_BYTES = 32;
const CHUNK_BYTES = 1024;
/** Copied into the kernel's memory at once: it is digested while it is in the processor's cache. */
const WINDOW_CHUNKS = 128;

/** All chunks but the last, which may be shorter. */
const chunksBefore = (bytes: number): number => Math.floor((bytes - 1) / CHUNK_BYTES);

/** The digest of bytes (at least one) that lie in the kernel's memory. */
export function digestAt(memory: KernelMemory, at: number, bytes: number): Digest {
  const { kernel } = memory;
  const chunks = chunksBefore(bytes);
  const cvs = memory.take(kernel.blake3Room(bytes));
  kernel.blake3Chunks(at, chunks, 0, cvs);
  const done = chunks * CHUNK_BYTES;
  kernel.blake3End(at + done, bytes - done, chunks, cvs);
  const digest = hexAt(memory, cvs);
  memory.giveBack(cvs);
  return digest;
}

let windows: KernelMemory | undefined;

/** The digest of a stream (at least one byte) that lies anywhere else. */
export function digestOfStream(bytes: Uint8Array): Digest {
  windows ??= new KernelMemory();
  const memory = windows;
  const { kernel } = memory;
  const window = memory.take(CHUNK_BYTES * WINDOW_CHUNKS);
  const cvs = memory.take(kernel.blake3Room(bytes.length));
  const chunks = chunksBefore(bytes.length);
  for (let chunk = 0; chunk < chunks; chunk += WINDOW_CHUNKS) {
    const count = Math.min(WINDOW_CHUNKS, chunks - chunk);
    memory.bytes.set(bytes.subarray(chunk * CHUNK_BYTES, (chunk + count) * CHUNK_BYTES), window);
    kernel.blake3Chunks(window, count, chunk, cvs);
  }
  const rest = bytes.subarray(chunks * CHUNK_BYTES);
  memory.bytes.set(rest, window);
  kernel.blake3End(window, rest.length, chunks, cvs);
  const digest = hexAt(memory, cvs);
  memory.reset();
  return digest;
}

function hexAt({ bytes }: KernelMemory, at: number): Digest {
  let hex = '';
  for (let i = at; i < at + DIGEST_BYTES; i++) hex += (bytes[i] ?? 0).toString(16).padStart(2, '0');
  return hex as Digest;
}
