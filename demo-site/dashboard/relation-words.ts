/** A cached relation's level and places in words. */
import type { RelationCache } from '../../shared/rest/cache.ts';
import { formatBytes, formatCount, plural } from '../ui/format.ts';

const LEVELS: { readonly [L in RelationCache['level']]: string } = {
  memory: 'kept in the tabs that made it, loaded where it is read',
  tabs: 'kept in the tabs that made it',
  'tabs-2': 'kept twice, in different tabs',
  coordinator: 'checkpoint: also on the coordinator',
};

export function levelWords({ level }: Pick<RelationCache, 'level'>): string {
  return LEVELS[level];
}

/** `in 3 tabs, 4 of 6 blocks on the coordinator` */
export function placeWords({ total, coordinator, stores }: Pick<RelationCache, 'total' | 'coordinator' | 'stores'>): string {
  if (total.blocks === 0) return 'no rows, so no blocks';
  // Tabs of one browser profile share a store: each of them has what is in it.
  const tabs = new Set(stores.flatMap(({ workerIds }) => workerIds)).size;
  const all = coordinator.blocks >= total.blocks;
  const part = all ? 'all' : `${formatCount(coordinator.blocks)} of ${plural(total.blocks, 'block')}`;
  const places = [
    ...(tabs > 0 ? [`in ${plural(tabs, 'tab')}`] : []),
    ...(coordinator.blocks > 0 ? [`${part} on the coordinator`] : []),
  ];
  return places.length > 0 ? places.join(', ') : 'nowhere now';
}

/** `16.0 MB loaded in 3 slots of 2 tabs`; undefined: nothing is loaded. */
export function loadedWords({ loaded }: Pick<RelationCache, 'loaded'>): string | undefined {
  if (loaded.length === 0) return undefined;
  const slots = loaded.reduce((sum, part) => sum + part.slots, 0);
  const bytes = loaded.reduce((sum, part) => sum + part.bytes, 0);
  return `${formatBytes(bytes)} loaded in ${plural(slots, 'slot')} of ${plural(loaded.length, 'tab')}`;
}

/** undefined: nothing is lost. */
export function lostWords({ total, lost }: Pick<RelationCache, 'total' | 'lost'>): string | undefined {
  if (lost.blocks === 0) return undefined;
  if (lost.blocks >= total.blocks) return 'All blocks are lost. The next job that reads it makes them again.';
  const [are, them] = lost.blocks === 1 ? ['is', 'it'] : ['are', 'them'];
  return `${formatCount(lost.blocks)} of ${plural(total.blocks, 'block')} ${are} lost. The next job that reads it makes ${them} again.`;
}
