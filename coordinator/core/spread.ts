/** The copies that the levels of cached relations promise: one on the coordinator, or one in a second store. */
import type { SessionId } from '../../shared/ids.ts';
import { SHED_TO, SPREADS_PER_SESSION } from './constants.ts';
import { collect, isHeld } from './inventory.ts';
import { isStoreGoing } from './losses.ts';
import { type Block, type Core, isGoing, type Store } from './state.ts';

/** Call at the end of an event: asks for copies that are missing, some at once. */
export function spreadKept(core: Core): void {
  const { keeping } = core;
  if (!keeping.isThin) return;
  keeping.isThin = false;
  for (const { level, blocks } of keeping.pins.values()) {
    if (level === 'coordinator') for (const block of blocks) checkpoint(core, block);
    if (level === 'tabs-2') for (const block of blocks) copy(core, block);
  }
}

/** Tried again at the next occasion when there is no room, and given up where copies fail again and again. */
function checkpoint(core: Core, block: Block): void {
  if (core.noRoom === undefined && !core.keeping.noRoom && block.collectsFailed < core.limits.collectsPerBlock)
    collect(core, block);
}

function copy(core: Core, block: Block): void {
  if (core.keeping.spreading.has(block.id) || !isHeld(block) || staying(core, block) !== 1) return;
  const sessionId = roomiest(core, block);
  if (sessionId === undefined) return;
  core.keeping.spreading.set(block.id, sessionId);
  const { id: blockId, digest, buckets, accumulators } = block;
  core.out.push({ type: 'copyBlock', sessionId, blockId, digest, buckets, ...(accumulators && { accumulators }) });
}

/** Stores that have it and are not about to go. */
function staying(core: Core, block: Block): number {
  let stores = 0;
  for (const store of block.stores.keys()) if (!isStoreGoing(core, store)) stores++;
  return stores;
}

/** A session of the store that holds least, of those that have room for it. */
function roomiest(core: Core, block: Block): SessionId | undefined {
  let best: Store | undefined;
  let found: SessionId | undefined;
  for (const store of core.stores.values()) {
    if (block.stores.has(store) || !hasRoom(store, block) || (best && best.heldBytes <= store.heldBytes)) continue;
    const session = [...store.sessions].find((id) => mayCopy(core, id));
    if (session === undefined) continue;
    best = store;
    found = session;
  }
  return found;
}

/** Also with this one it is not full by far: it would be dropped there again at once. What a store may keep is known once it said so. */
function hasRoom({ isFull, capBytes, heldBytes, toldBytes }: Store, { bytes }: Block): boolean {
  return !isFull && Math.max(heldBytes, toldBytes) + bytes <= SHED_TO * capBytes;
}

function mayCopy(core: Core, sessionId: SessionId): boolean {
  const worker = core.workers.get(sessionId);
  if (!worker || worker.traits.local || isGoing(worker)) return false;
  let underWay = 0;
  for (const session of core.keeping.spreading.values()) if (session === sessionId) underWay++;
  return underWay < SPREADS_PER_SESSION;
}
