/** Tunables of the core that no peer can reach; limits that peers can reach are in shared/limits.ts. */
import { LIMITS } from '../../shared/limits.ts';

const MiB = 1024 * 1024;

export const CORE_DEFAULTS = {
  leaseMs: LIMITS.leaseMs,
  maxRunMs: LIMITS.maxRunMs,
  /** An attempt that runs longer is unusual enough for its job to say so. */
  longRunMs: 30_000,
  leasesPerSlot: LIMITS.leasesPerSlot,
  failuresPerTask: LIMITS.failuresPerTask,
  deathsPerTask: LIMITS.deathsPerTask,
  storyLines: LIMITS.storyLines,
  localTaskBytes: LIMITS.localTaskBytes,
  /** Blocks that no live job needs are kept for reuse up to these bounds, oldest use dropped first. */
  reusableBytes: 1024 * MiB,
  reusableBlocks: 50_000,
  cachedRelationsPerOwner: LIMITS.cachedRelationsPerOwner,
  cachedBytesPerOwner: LIMITS.cachedBytesPerOwner,
  /** An input of a cached relation stays loaded from this size on: less is told in the query's text and rides in leases. */
  keptLoadedBytesMin: LIMITS.inlineBlockBytes,
  /** Blocks that nobody holds any more are remembered with their digests up to this many buckets: their tabs may come back. */
  rememberedBuckets: 200_000,
  /** Lines kept for the event stream, all subjects together. */
  ringLines: 16_384,
  /** Ended attempts remembered, so that a late report can be told from an invented one. */
  endedAttempts: 8_192,
  /** Input failures that name a slice which we believe is fine (a chunk, or a block on the coordinator), per task. */
  strayInputsPerTask: 8,
  /** After a restart of the coordinator its unfinished jobs wait this long for those who worked for them. */
  returnMs: 5_000,
  /** Failed copies of one block to the coordinator before its jobs fail. */
  collectsPerBlock: 5,
};
export type CoreLimits = { readonly [name in keyof typeof CORE_DEFAULTS]: number };

/** Load: 400 MiB/s into the engine and 50 MiB/s over the network, until a worker has shown its own figure. */
export const LOAD_MS_PER_BYTE_GUESS = 1000 / (400 * MiB) + 1000 / (50 * MiB);
/** Run: 256 MiB of input a second, until a worker has shown its own figure. */
export const RUN_MS_PER_BYTE_GUESS = 1000 / (256 * MiB);
/** Run time of a task with nearly no input: messages, parsing, packing. */
export const RUN_MS_FLOOR = 5;
/** Weight of the newest sample in a worker's learned figures. */
export const LEARN_RATE = 0.3;
/** Samples with fewer bytes than this say nothing about throughput, */
export const LEARN_BYTES_MIN = 1 * MiB;
/** and those with this many count half. */
export const LEARN_BYTES_HALF = 4 * MiB;
/** Work is moved away from its loaded input only if that spares this much: bytes that move crowd other transfers and tables. */
export const STEAL_GAIN_MS = 50;
/** A lease waits at least this long behind another one before an idle slot takes it over. */
export const RECALL_MS = 1000;
/** Attempts that may take too long are looked at in such steps, so that many of them cost little. */
export const SECOND_LOOK_MS = 200;
/** A run may take at most this part of what a slot may keep resident, so that small tables stay beside it. */
export const RUN_RESIDENT_PART = 0.75;
/** Runs that each slot gets at least where slots differ in speed. */
export const UNEQUAL_RUNS_PER_SLOT = 4;
/** How far a slot looks down one queue for a task that did not already fail on its worker. */
export const QUEUE_LOOKAHEAD = 8;
/** Idle slots and crowded slots looked at when work is moved away from where its input is resident. */
export const STEAL_LOOKAHEAD = 16;
/** Ends of attempts that a task remembers for its error text. */
export const HISTORY_LINES = 16;
/** A run of buckets is joined with its neighbours until it has about this many bytes: less is not worth a task of its own. */
export const TASK_BYTES = 1 * MiB;
/** With at least this many bytes a task, a shuffle is cut into one task a lease instead of one a slot. */
export const AHEAD_BYTES = 16 * MiB;
/** A bucket is skewed with this many times the median's bytes, */
export const SKEW_OVER_MEDIAN = 4;
/** and at least this many. */
export const SKEW_BYTES = 4 * MiB;
/** Buckets that one task reads may take this part of a slot's memory: the engine needs the rest for what it builds. */
export const BUCKETS_MEMORY_PART = 0.25;
/** Lines of an inventory that match nothing are kept until its end up to this number. */
export const INVENTORY_UNMATCHED = 65_536;
/** A store over its cap is relieved down to this part of it, so that it is not over it again at once. */
export const SHED_TO = 0.9;
/** Second copies of kept blocks that one tab fetches at once. */
export const SPREADS_PER_SESSION = 4;
/** Tables of cached relations that are remembered, before those that nobody has loaded are forgotten. */
export const TABLES_KNOWN = 20_000;
/** Names in one `dropBlocks` or `dropResidents`, so that it fits into a frame. */
export const DROPS_PER_COMMAND = 8_192;
