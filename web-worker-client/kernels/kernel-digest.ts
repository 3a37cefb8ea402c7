/** BLAKE3-256 by the kernel: what digestOf of shared/hash.ts gives, twice as fast. */
import type { Digest } from '../../shared/ids.ts';
import { KernelMemory } from './kernel-memory.ts';

const DIGEST_BYTES = 32;
/** Kept for the next slice; a larger one takes more for as long as it needs it. */
const KEPT_BYTES = 16 * 1024 * 1024;

/** The digest of bytes (at least one) that lie in the kernel's memory. */
export function digestAt(memory: KernelMemory, at: number, bytes: number): Digest {
  const scratch = memory.take(memory.kernel.blake3Scratch(bytes));
  memory.kernel.blake3(at, bytes, scratch);
  let hex = '';
  for (let i = scratch; i < scratch + DIGEST_BYTES; i++) hex += (memory.bytes[i] ?? 0).toString(16).padStart(2, '0');
  memory.giveBack(scratch);
  return hex as Digest;
}

let memory: KernelMemory | undefined;

/** The digest of a stream (at least one byte) that lies anywhere else. */
export function digestOfStream(bytes: Uint8Array): Digest {
  memory ??= new KernelMemory(KEPT_BYTES);
  const at = memory.take(bytes.length);
  memory.bytes.set(bytes, at);
  const digest = digestAt(memory, at, bytes.length);
  memory.reset();
  return digest;
}
