/** `muster worker`: the volunteer's client as a Node process. */
import { existsSync } from 'node:fs';
import { availableParallelism, hostname } from 'node:os';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LIMITS } from '../../shared/limits.ts';
import { CommandError } from './errors.ts';
import type { Arguments } from './options.ts';
import { builtScript } from './package-root.ts';
import { onceStopped } from './signals.ts';
import { targetOf } from './target.ts';
import type { Terminal } from './terminal.ts';

/** As web-worker-client/headless exports it. The coordinator's folder may not import that one, so it is loaded by path. */
interface HeadlessModule {
  runHeadlessWorker(options: {
    url: string;
    slots: number;
    token?: string;
    name?: string;
    memoryPerSlotBytes?: number;
    storeDir?: string;
    storeCapBytes?: number;
    slotEntry?: string;
    onLog?: (line: string) => void;
    signal: AbortSignal;
  }): Promise<void>;
}

const SMALLEST_MEMORY = 64 * 1024 ** 2;
/** One WebAssembly instance can't address more. */
const LARGEST_MEMORY = 4 * 1024 ** 3;
const SMALLEST_STORE = 32 * 1024 ** 2;
const LARGEST_STORE = 16 * 1024 ** 4;

export async function workerCommand(args: Arguments, terminal: Terminal): Promise<number> {
  const { url, token } = targetOf(args);
  const slots = args.integer('slots', 1, LIMITS.slotsPerWorker) ?? Math.max(1, Math.floor(availableParallelism() / 2));
  const memory = args.bytes('memory-per-slot', SMALLEST_MEMORY, LARGEST_MEMORY) ?? LIMITS.slotMemoryBytes;
  const storeCapBytes = args.bytes('store-cap', SMALLEST_STORE, LARGEST_STORE);
  const { runHeadlessWorker } = await loadHeadless();
  const storeDir = args.text('store-dir');
  const stopped = onceStopped();
  try {
    await runHeadlessWorker({
      url,
      slots,
      name: (args.text('name') ?? hostname()).slice(0, 80),
      memoryPerSlotBytes: memory,
      slotEntry: builtScript('slot-entry'),
      onLog: (line) => terminal.note(line),
      signal: stopped.signal,
      ...(token === undefined ? {} : { token }),
      ...(storeCapBytes === undefined ? {} : { storeCapBytes }),
      ...(storeDir === undefined ? {} : { storeDir: resolve(storeDir) }),
    });
    return 0;
  } finally {
    stopped.release();
  }
}

async function loadHeadless(): Promise<HeadlessModule> {
  const path = builtScript('headless');
  if (!existsSync(path)) {
    throw new CommandError(`${path} is missing`, 'Build it with `npm run build`, or install Muster again.');
  }
  return (await import(pathToFileURL(path).href)) as HeadlessModule;
}
