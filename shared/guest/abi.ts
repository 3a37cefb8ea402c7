/** Names and numbers of the two guest ABIs: guest/SPEC.md and guest/SPEC-stream.md, as far as code of both ends needs them. */

/** `batch`: muster-batch/1, columns in the guest's memory. `stream`: muster-stream/1, a WASI command. */
export type GuestAbi = 'batch' | 'stream';

/** The import module of the batch ABI, and the prefix of its exports. */
export const BATCH_MODULE = 'muster1';
export const BATCH_PREFIX = `${BATCH_MODULE}_`;
export const BATCH_ABI_VERSION = 1;
export const WASI_MODULE = 'wasi_snapshot_preview1';

/** What a call of a user function is about (B-20). */
export const EVENT = { OPEN: 0, BATCH: 1, MERGE: 2, END_PARTIAL: 3, END_FINAL: 4, SIDE: 16 } as const;

/** Exports of the batch ABI that are not user functions. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set(['abi', 'alloc', 'free']);

/** What may follow `muster1_` in the name of a user function. */
export const FUNCTION_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

/** Rows that one call gets at most (B-24). Part of the ABI: results may depend on where batches are cut. */
export const BATCH_ROWS = 65_536;

export const WASM_PAGE_BYTES = 65_536;

/** Columns that the host adds to the parameters (B-22). */
export const SEED_COLUMN = '$seed';
export const PARTITION_COLUMN = '$partition';
