/**
 * Hashes without crypto.subtle, which plain http lacks: SHA-256 for block ids, BLAKE3-256 for content digests.
 * hash-wasm compiles its modules asynchronously once; afterwards every call is synchronous. Call `loadHashes()` once
 * before anything else, on each thread.
 */
import { createBLAKE3, createSHA256, type IHasher } from 'hash-wasm';
import { invariant } from './assert.ts';
import type { Accumulators } from './guest/accumulators.ts';
import type { BlockId, Digest } from './ids.ts';
import { canonicalJson, type Recipe, recipeJson, type SourceRecipe } from './plan/recipe.ts';

let sha: IHasher | undefined;
let blake: IHasher | undefined;

export async function loadHashes(): Promise<void> {
  sha ??= await createSHA256();
  blake ??= await createBLAKE3();
}

export function sha256Hex(data: string | Uint8Array): string {
  invariant(sha, 'loadHashes() was not awaited');
  return sha.init().update(data).digest('hex');
}

/** Digest of canonical bytes. */
export function digestOf(bytes: Uint8Array): Digest {
  invariant(blake, 'loadHashes() was not awaited');
  return blake.init().update(bytes).digest('hex') as Digest;
}

/** Digest of a block: of the list of its buckets' digests, and of what its task's guests counted. */
export function digestOfBlock(buckets: readonly { readonly digest: string }[], accumulators?: Accumulators): Digest {
  const digests = buckets.map((bucket) => bucket.digest);
  return digestOfList(accumulators === undefined ? digests : [...digests, canonicalJson(accumulators)]);
}

/** The hash of a list of digests. */
export function digestOfList(digests: readonly string[]): Digest {
  invariant(blake, 'loadHashes() was not awaited');
  return blake.init().update(digests.join('\n')).digest('hex') as Digest;
}

export function blockIdOf(recipe: Recipe | SourceRecipe): BlockId {
  return sha256Hex('fragment' in recipe ? recipeJson(recipe) : canonicalJson(recipe)) as BlockId;
}
