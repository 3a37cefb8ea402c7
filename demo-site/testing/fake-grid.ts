/** Stands in for web-worker-client/join-grid.ts when the pages are looked at by themselves: a tab that seems to work. */
import type { GridHandle, GridOptions, GridSnapshot } from '../volunteer/grid.ts';

const TITLES = ['scan flights, aggregate partially', 'scan order_lines, join with airports', 'aggregate finally, order by delay'];

export async function joinGrid(options: GridOptions): Promise<GridHandle> {
  let slots = options.slots;
  let state: GridSnapshot['state'] = 'connecting';
  let ticks = 0;
  const say = (): void => {
    const busy = state === 'working' ? Math.max(1, slots - 1) : 0;
    const title = TITLES[Math.floor(ticks / 8) % TITLES.length] ?? '';
    options.onChange({
      state,
      words:
        state === 'working'
          ? `${title}${busy > 1 ? ` and ${busy - 1} more` : ''}.`
          : state === 'paused'
            ? 'Paused. Nothing is computed; blocks that others need are still served.'
            : 'Connecting to the coordinator.',
      traits: { slots, share: options.share },
      current: Array.from({ length: busy }, (_, slot) => ({ slot, title, phase: slot === busy - 1 ? 'fetching' : 'computing' })),
      contribution: { tasks: 128 + ticks, rows: 1_204_113 + ticks * 991, cpuSeconds: 17.4 + ticks / 10 },
      ...(ticks < 6 ? { engine: { loadedBytes: ticks * 6_000_000, totalBytes: 36_000_000 } } : {}),
      storedBytes: 48_300_000,
      servedBytes: 2_100_000,
    });
  };
  const timer = setInterval(() => {
    ticks += 1;
    if (state === 'connecting' && ticks > 1) state = 'working';
    say();
  }, 200);
  say();
  const become = (next: GridSnapshot['state']): void => {
    state = next;
    say();
  };
  return {
    pause: () => become('paused'),
    finishThenPause: () => become('paused'),
    resume: () => become('working'),
    leave: async () => clearInterval(timer),
    setSlots: (n) => {
      slots = n;
      say();
    },
    setShare: () => say(),
  };
}
