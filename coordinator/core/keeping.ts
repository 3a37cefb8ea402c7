/** What the core knows of cached relations. */
import type { BlockId, JobId, SessionId } from '../../shared/ids.ts';
import type { CacheLevel, Stage } from '../../shared/plan/physical.ts';
import type { Block, Core, Store } from './state.ts';
import type { KeptTable } from './tables.ts';

export interface Pin {
  readonly id: string;
  readonly owner: string;
  /** The relation, whatever its name. */
  readonly key: string;
  name: string;
  level: CacheLevel;
  /** The job that named it last. */
  jobId: JobId;
  /** In partition order; a block may stand here twice. */
  blocks: readonly Block[];
  /** The stages that make it, each `kept` as it was run, numbered from 0; the last one makes the blocks. */
  stages: readonly Stage[];
}

export interface Keeping {
  /** The one used last at the end. */
  readonly pins: Map<string, Pin>;
  made: number;
  /** Blocks of relations at level `memory`, and how many relations each is part of. */
  readonly loaded: Map<BlockId, number>;
  /** What slots may have loaded of such relations, by the name of the table. */
  readonly tables: Map<string, KeptTable>;
  /** A relation at level `memory` was let go, or a job that still read one is over; looked at by the end of the event. */
  mayRelease: boolean;
  /** Jobs still read tables of relations that were let go. */
  isHeldUp: boolean;
  /** Copies under way from store to store: who fetches. */
  readonly spreading: Map<BlockId, SessionId>;
  /** Some relation may have fewer copies than its level says; looked at by the end of the event. */
  isThin: boolean;
  /** The coordinator had no room for a copy that a level promises; tried again when something went, or a relation is named anew. */
  noRoom: boolean;
}

export function newKeeping(): Keeping {
  const flags = { mayRelease: false, isHeldUp: false, isThin: false, noRoom: false };
  return { pins: new Map(), made: 0, loaded: new Map(), tables: new Map(), spreading: new Map(), ...flags };
}

/** A store has the block now: the next copy may begin. */
export function copied(core: Core, id: BlockId, store: Store): void {
  const session = core.keeping.spreading.get(id);
  if (session !== undefined && store.sessions.has(session)) core.keeping.spreading.delete(id);
  core.keeping.isThin = true;
}

/** A tab could not have these; somebody else may, at the next occasion. */
export function notCopied(core: Core, store: Store, ids: readonly BlockId[]): void {
  for (const id of ids) {
    const session = core.keeping.spreading.get(id);
    if (session !== undefined && store.sessions.has(session)) core.keeping.spreading.delete(id);
  }
}

/** What it was fetching nobody fetches any more. */
export function copierGone(core: Core, sessionId: SessionId): void {
  for (const [id, session] of core.keeping.spreading) if (session === sessionId) core.keeping.spreading.delete(id);
  core.keeping.isThin = true;
}
