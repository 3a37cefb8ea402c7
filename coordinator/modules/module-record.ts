import type { GuestAbi } from '../../shared/guest/abi.ts';
import { sha256Hex } from '../../shared/hash.ts';
import type { BlockId, Digest } from '../../shared/ids.ts';
import { canonicalJson } from '../../shared/plan/recipe.ts';
import type { Slice } from '../../shared/plan/task.ts';

/** A guest module that was admitted. Its bytes are those that admission returned, and so is `digest`. */
export interface ModuleRecord {
  readonly digest: Digest;
  readonly owner: string;
  readonly name?: string;
  readonly abi: GuestAbi;
  /** The user functions of a batch module, sorted; a stream program has none. */
  readonly functions: readonly string[];
  readonly bytes: number;
  /** Only where the coordinator compiled it. */
  readonly language?: 'assemblyscript';
  /** Wall clock, ms since the epoch. */
  readonly createdAtMs: number;
}

/** The id of the coordinator-held block whose bucket 0 are a module's bytes. */
export function moduleBlockId(digest: Digest): BlockId {
  return sha256Hex(canonicalJson({ v: 1, module: digest })) as BlockId;
}

export function moduleSlice({ digest, bytes }: Pick<ModuleRecord, 'digest' | 'bytes'>): Slice {
  return { blockId: moduleBlockId(digest), bucket: 0, digest, bytes };
}
