/** Where blocks live, read again every few seconds for as long as somebody looks. */
import { signal } from '@preact/signals';
import type { CacheJson } from '../../client/index.ts';
import { grid } from './live.ts';

const REFRESH_MS = 3_000;

export const cache = signal<CacheJson | undefined>(undefined);
/** Why the last reading failed, in words. */
export const cacheTrouble = signal<string | undefined>(undefined);

let looking = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

async function refresh(): Promise<void> {
  try {
    // A page in the background is not looked at.
    if (!document.hidden || cache.value === undefined) cache.value = await grid.cache();
    cacheTrouble.value = undefined;
  } catch (error) {
    cacheTrouble.value = error instanceof Error ? error.message : String(error);
  }
  if (looking > 0) timer = setTimeout(() => void refresh(), REFRESH_MS);
}

/** Call when somebody begins to look; call the answer when they stop. */
export function look(): () => void {
  looking += 1;
  if (looking === 1) void refresh();
  return () => {
    looking -= 1;
    if (looking === 0) clearTimeout(timer);
  };
}
