/**
 * Which blocks exist and who holds them. A block counts only with its accepted digest: an id alone proves nothing.
 * What a loss means for tasks is lineage.ts's business; these functions only keep the books.
 */
import type { BlockId, SessionId, StoreId } from '../../shared/ids.ts';
import type { Urgency } from './commands.ts';
import { Few } from './few.ts';
import type { RememberedBlock } from './records.ts';
import type { Block, Core, Store } from './state.ts';

/** A copy that was asked for. */
export interface Collecting {
  /** Who was named. */
  readonly stores: readonly Store[];
  readonly urgency: Urgency;
}

/** Somebody can be asked for it now. */
export function isHeld(block: Block | undefined): boolean {
  return block !== undefined && (block.onCoordinator || block.stores.size > 0);
}

/** The block with its accepted digest; a new digest is accepted only while nobody holds the old one. */
export function acceptBlock(
  core: Core,
  id: BlockId,
  salted: boolean,
  { digest, buckets, accumulators, acceptedAt = core.attemptsMade }: RememberedBlock,
): Block | undefined {
  let block = core.blocks.get(id);
  if (block && block.digest !== digest && isHeld(block)) return undefined;
  let bytes = 0;
  let rows = 0;
  for (const bucket of buckets) {
    bytes += bucket.bytes;
    rows += bucket.rows;
  }
  if (!block) {
    const stores: Block['stores'] = new Few();
    const counts = { pins: 0, keeps: 0, runMs: 0, collectsFailed: 0 };
    block = { id, salted, digest, acceptedAt, buckets, accumulators, bytes, rows, onCoordinator: false, stores, ...counts };
    core.blocks.set(id, block);
    recall(core, id);
  } else if (block.digest !== digest) {
    Object.assign(block, { digest, acceptedAt, buckets, accumulators, bytes, rows });
  }
  return block;
}

export function newStore(id: StoreId): Store {
  return { id, sessions: new Set(), blocks: new Set(), heldBytes: 0, toldBytes: 0, capBytes: 0, isFull: false };
}

export function addHolder(core: Core, block: Block, store: Store): void {
  if (!block.stores.has(store)) store.heldBytes += block.bytes;
  block.stores.set(store, core.now);
  store.blocks.add(block);
}

export function removeHolder(core: Core, block: Block, store: Store): boolean {
  store.blocks.delete(block);
  if (!block.stores.delete(store)) return false;
  store.heldBytes -= block.bytes;
  if (block.keeps > 0) core.keeping.isThin = true;
  if (store.isFull) core.crowded.add(store);
  return true;
}

/** Sessions that can serve the block, one or more a store. */
export function servingSessions(block: Block): SessionId[] {
  const sessions: SessionId[] = [];
  for (const store of block.stores.keys()) sessions.push(...store.sessions);
  return sessions;
}

/** Tells the tabs of a store that they may forget the block; sent with the event's other commands. */
export function dropFrom(core: Core, store: Store, id: BlockId): void {
  const ids = core.drops.get(store);
  if (ids) ids.push(id);
  else core.drops.set(store, [id]);
}

const URGENCIES: readonly Urgency[] = ['ahead', 'wanted', 'urgent'];

/** Asks for a copy on the coordinator, once at a time; again only when it has become more urgent. */
export function collect(core: Core, block: Block, urgency: Urgency = 'wanted', partition = 0): void {
  if (block.onCoordinator || block.stores.size === 0) return;
  const asked = core.collecting.get(block.id);
  if (asked && URGENCIES.indexOf(urgency) <= URGENCIES.indexOf(asked.urgency)) return;
  // Those who were asked first are asked still: they answer for it when the copy fails.
  core.collecting.set(block.id, { stores: asked?.stores ?? [...block.stores.keys()], urgency });
  const { id: blockId, digest, buckets, accumulators } = block;
  const counted = accumulators === undefined ? {} : { accumulators };
  core.out.push({ type: 'collectBlock', blockId, digest, buckets, ...counted, from: servingSessions(block), urgency, partition });
}

/** A live job's task makes it, it is a result that someone may still read, or part of a cached relation. */
export function isPinned(core: Core, block: Block): boolean {
  return block.pins > 0 || block.keeps > 0 || core.tasks.has(block.id);
}

/** Called when a block lost its last task or pin: kept for reuse if another query can name it, else dropped. */
export function releaseBlock(core: Core, block: Block): void {
  if (isPinned(core, block)) return;
  if (block.salted) {
    dropBlock(core, block);
    return;
  }
  if (!isHeld(block)) {
    forgetIfGone(core, block);
    return;
  }
  if (core.reusable.has(block.id)) return;
  core.reusable.set(block.id, block);
  core.reusableBytes += block.bytes;
  if (block.onCoordinator) roomCame(core);
}

/** A task or pin wants the block again. */
export function takeBack(core: Core, block: Block): void {
  if (core.reusable.delete(block.id)) core.reusableBytes -= block.bytes;
}

export function dropBlock(core: Core, block: Block): void {
  takeBack(core, block);
  for (const store of [...block.stores.keys()]) {
    removeHolder(core, block, store);
    dropFrom(core, store, block.id);
  }
  if (block.onCoordinator) {
    core.discards.push(block.id);
    roomCame(core);
  }
  block.onCoordinator = false;
  core.blocks.delete(block.id);
}

/** The coordinator's disk holds something less that it must keep. */
function roomCame(core: Core): void {
  if (!core.keeping.noRoom) return;
  core.keeping.noRoom = false;
  core.keeping.isThin = true;
}

/** Keeps the reusable blocks within their bounds. */
export function evictReusable(core: Core): void {
  const { reusableBytes, reusableBlocks } = core.limits;
  while (core.reusableBytes > reusableBytes || core.reusable.size > reusableBlocks) {
    const oldest = core.reusable.oldest();
    if (!oldest) return;
    dropBlock(core, oldest);
  }
}

/** An unpinned block that nobody holds any more is only remembered, for the day when a store comes back with it. */
export function forgetIfGone(core: Core, block: Block): void {
  if (isHeld(block) || isPinned(core, block)) return;
  takeBack(core, block);
  core.blocks.delete(block.id);
  if (!block.salted) remember(core, block.id, block);
}

/** Kept with its digest, within bounds. */
export function remember(core: Core, id: BlockId, { digest, buckets, accumulators, acceptedAt }: RememberedBlock): void {
  core.remembered.set(id, { digest, buckets, accumulators, acceptedAt });
  core.rememberedBuckets += buckets.length;
  for (const oldest of core.remembered.keys()) {
    if (core.rememberedBuckets <= core.limits.rememberedBuckets) return;
    recall(core, oldest);
  }
}

/** It is known again, or not to be remembered any longer. */
function recall(core: Core, id: BlockId): void {
  core.rememberedBuckets -= core.remembered.get(id)?.buckets.length ?? 0;
  core.remembered.delete(id);
}
