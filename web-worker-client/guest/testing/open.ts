/** For tests: opens a batch guest from its bytes. */
import { compileGuest, type Guest, type GuestOptions, openGuest } from '../index.ts';

export async function openBytes(bytes: Uint8Array, options: Partial<GuestOptions> = {}): Promise<Guest> {
  const { module, admitted } = await compileGuest(bytes);
  return openGuest('batch', module, { function: 'f', seed: 7n, limits: { memoryBytesMax: admitted.memoryBytesMax }, ...options });
}
