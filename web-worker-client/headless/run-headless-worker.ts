/** A worker without a page: the same link as a tab's, in a Node process. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LIMITS } from '../../shared/limits.ts';
import { Link } from '../link/link.ts';
import type { EngineAssets } from '../link/platform.ts';
import type { LinkSnapshot } from '../link/snapshot.ts';
import { engineAssets } from './engine-assets.ts';
import { FileStore } from './file-store.ts';
import { nodePlatform } from './node-platform.ts';

export interface HeadlessWorkerOptions {
  /** The coordinator: http(s)://HOST:PORT. */
  readonly url: string;
  readonly slots: number;
  readonly token?: string;
  readonly name?: string;
  readonly memoryPerSlotBytes?: number;
  /** Keeps column chunks between runs; one process a directory. Default: a temporary directory, deleted in the end. */
  readonly storeDir?: string;
  /** Most bytes of blocks in that directory; default: as much as a desktop browser's profile. */
  readonly storeCapBytes?: number;
  /** Script of the slot's worker thread; default: slot-entry.js beside this one. */
  readonly slotEntry?: string | URL;
  /** Where the engine is; default: the installed package's. */
  readonly engine?: EngineAssets;
  readonly onLog?: (line: string) => void;
  readonly onChange?: (snapshot: LinkSnapshot) => void;
  /** Aborting it says goodbye to the coordinator and ends the worker. */
  readonly signal?: AbortSignal;
}

/**
 * Runs until `signal` aborts, then resolves. Rejects when the coordinator turns the worker away for good (its words say what to do), or
 * when the engine does not start. A coordinator that is not there is tried again for ever.
 */
export async function runHeadlessWorker(options: HeadlessWorkerOptions): Promise<void> {
  const { signal } = options;
  if (signal?.aborted) return;
  const temporary = options.storeDir === undefined ? await mkdtemp(join(tmpdir(), 'muster-worker-')) : undefined;
  const directory = options.storeDir ?? temporary ?? '';
  const log = options.onLog ?? (() => undefined);
  const platform = nodePlatform({
    openStore: () => FileStore.open(directory),
    slotEntry: options.slotEntry ?? new URL('./slot-entry.js', import.meta.url),
    engine: async () => options.engine ?? engineAssets(),
    onLog: log,
    ...(options.storeCapBytes === undefined ? {} : { storeCapBytes: options.storeCapBytes }),
  });
  const link = new Link({
    platform,
    url: options.url,
    ...(options.token === undefined ? {} : { token: options.token }),
    ...(options.name === undefined ? {} : { name: options.name }),
    traits: {
      slots: options.slots,
      visibility: 'headless',
      share: 1,
      memoryPerSlotBytes: options.memoryPerSlotBytes ?? LIMITS.slotMemoryBytes,
    },
    onChange: options.onChange ?? (() => undefined),
    onLog: log,
  });
  try {
    await runUntilAborted(link, signal);
  } finally {
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
  }
}

async function runUntilAborted(link: Link, signal: AbortSignal | undefined): Promise<void> {
  const aborted = new Promise<'aborted'>((resolve) => {
    signal?.addEventListener('abort', () => resolve('aborted'), { once: true });
  });
  try {
    const started = link.start();
    const first = await Promise.race([started, aborted]);
    if (first === 'aborted') {
      // Whatever still comes of the start is of no interest.
      started.catch(() => undefined);
      return;
    }
    const ending = await Promise.race([link.stopped, aborted]);
    if (ending !== 'aborted') throw new Error(ending);
  } finally {
    await link.leave({ deleteBlocks: false, handOver: true });
  }
}
