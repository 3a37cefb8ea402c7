/** Where blocks live: read when relations came or went, and every few seconds for as long as somebody looks. */
import { effect, signal } from '@preact/signals';
import type { CacheJson } from '../../client/index.ts';
import { grid, link, onLine } from './live.ts';

const REFRESH_MS = 3_000;
/** A loop over cached relations tells of each step. */
const SOON_MS = 500;
const CHANGES: ReadonlySet<string> = new Set(['relationKept', 'relationReused', 'relationLetGo']);

export const cache = signal<CacheJson | undefined>(undefined);
/** Why the last reading failed, in words. */
export const cacheTrouble = signal<string | undefined>(undefined);

let looking = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
/** An answer that comes after a later one is old. */
let asked = 0;
let shown = 0;

export async function refreshCache(): Promise<void> {
  asked += 1;
  const mine = asked;
  clearTimeout(timer);
  timer = undefined;
  try {
    // A page in the background is not looked at.
    if (!document.hidden || cache.peek() === undefined) {
      const read = await grid.cache();
      if (mine > shown) {
        shown = mine;
        cache.value = read;
      }
    }
    cacheTrouble.value = undefined;
  } catch (error) {
    cacheTrouble.value = error instanceof Error ? error.message : String(error);
  }
  if (looking > 0 && mine === asked) refreshIn(REFRESH_MS);
}

function refreshIn(ms: number): void {
  clearTimeout(timer);
  timer = setTimeout(() => void refreshCache(), ms);
}

/** Call when somebody begins to look; call the answer when they stop. */
export function look(): () => void {
  looking += 1;
  if (looking === 1) void refreshCache();
  return () => {
    looking -= 1;
    if (looking === 0) clearTimeout(timer);
  };
}

/** Reads once now, and again when a relation came or went while nobody looks. Returns how to stop. */
export function watchRelations(): () => void {
  let soon: ReturnType<typeof setTimeout> | undefined;
  const offLine = onLine(({ what }) => {
    if (!CHANGES.has(what) || soon !== undefined) return;
    soon = setTimeout(() => {
      soon = undefined;
      void refreshCache();
    }, SOON_MS);
  });
  const offLink = effect(() => {
    if (link.value.kind === 'open') void refreshCache();
  });
  const onVisible = (): void => {
    if (!document.hidden && link.peek().kind === 'open') void refreshCache();
  };
  document.addEventListener('visibilitychange', onVisible);
  return () => {
    clearTimeout(soon);
    offLine();
    offLink();
    document.removeEventListener('visibilitychange', onVisible);
  };
}
