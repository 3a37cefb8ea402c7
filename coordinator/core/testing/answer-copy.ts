import type { StoreId } from '../../../shared/ids.ts';
import type { Fleet } from './fleet.ts';

const NONE = '' as StoreId;

/** Does the oldest copy from store to store as a tab would: it may fetch what somebody has. False: none was pending. */
export function answerCopy(fleet: Fleet): boolean {
  const wanted = fleet.copies.shift();
  if (!wanted) return false;
  const { sessionId, blockId, digest } = wanted;
  const storeId = fleet.tabs.get(sessionId)?.storeId ?? NONE;
  const store = fleet.stores.get(storeId);
  if (!store) return true;
  const isHeld = [fleet.coordinator, ...fleet.stores.values()].some((blocks) => blocks.get(blockId) === digest);
  if (isHeld && fleet.scheduler.leaseOf(sessionId, blockId, 0)) store.set(blockId, digest);
  if (store.get(blockId) === digest)
    fleet.send({ type: 'inventoryReported', sessionId, blocks: [{ blockId, digest }], last: true });
  else fleet.send({ type: 'blocksDropped', storeId, blockIds: [blockId] });
  return true;
}
