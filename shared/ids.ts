/**
 * Branded ids. A brand costs nothing at run time and keeps a job's id out of a worker's place.
 * Ids that people read carry a short prefix (`job-`, `w-`); block ids and digests are bare hex.
 */
declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

export type JobId = Branded<string, 'JobId'>;
/** One run of a task on one worker; fences every message about it. */
export type AttemptId = Branded<string, 'AttemptId'>;
export type WorkerId = Branded<string, 'WorkerId'>;
/** One connection of a worker. */
export type SessionId = Branded<string, 'SessionId'>;
/** A browser profile's (or headless process's) block keeper, signed by the coordinator. */
export type StoreId = Branded<string, 'StoreId'>;
/** sha256 of a recipe, 64 hex digits. */
export type BlockId = Branded<string, 'BlockId'>;
/** BLAKE3-256 of canonical bytes, 64 hex digits. */
export type Digest = Branded<string, 'Digest'>;
/** Digest of a dataset's source bytes and of what the normaliser makes of them. */
export type DatasetVersion = Branded<string, 'DatasetVersion'>;

const HEX_64 = /^[0-9a-f]{64}$/;

/** True for 64 lower-case hex digits, the form of block ids and digests. */
export function isHex64(text: string): boolean {
  return HEX_64.test(text);
}

/** A random id with a prefix; `randomBytes` is injected so that cores and simulations stay deterministic. */
export function makeId(prefix: string, randomBytes: (n: number) => Uint8Array): string {
  let text = '';
  for (const b of randomBytes(9)) text += (b % 36).toString(36);
  return `${prefix}-${text}`;
}
