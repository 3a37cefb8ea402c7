/** A coordinator with workers that have no page: for suites that are about what comes out, not about tabs. */
import { runHeadlessWorker } from '../web-worker-client/headless/index.ts';
import { Grid, type GridOptions } from './grid.ts';

const SLOT_ENTRY = new URL('../dist/node/slot-entry.js', import.meta.url);

export interface HeadlessGrid {
  readonly grid: Grid;
  close(): Promise<void>;
}

/** With `workers` of one slot each, all joined. */
export async function startHeadlessGrid(workers = 2, options: GridOptions = {}): Promise<HeadlessGrid> {
  const grid = await Grid.start(options);
  const stop = new AbortController();
  const running = Array.from({ length: workers }, () =>
    runHeadlessWorker({ url: grid.url, slots: 1, slotEntry: SLOT_ENTRY, signal: stop.signal }),
  );
  await grid.until('all workers have joined', async () => (await grid.workers()).length === workers);
  return {
    grid,
    async close() {
      stop.abort();
      await Promise.allSettled(running);
      await grid.close();
    },
  };
}
