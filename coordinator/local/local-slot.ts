/** One slot in a thread of this process: the built slot of a headless worker, with bounds of its own. */
/// <reference path="./comlink-node.d.ts" />
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import type { Clock } from '../../shared/clock.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { SlotApi, SlotOutcome, SlotTask } from '../../shared/slots/api.ts';
import { SlotHandle, type SpawnedSlot } from '../../shared/slots/slot-handle.ts';

export interface LocalSlotOptions {
  readonly clock: Clock;
  /** Script of the thread; default: slot-entry.js beside this module's bundle. */
  readonly entry?: URL | string;
  /** Default: LIMITS.localSlotBytes. */
  readonly memoryLimitBytes?: number;
  /** Default: LIMITS.localResultBytes. */
  readonly resultBytesMax?: number;
  /** Longest run, beyond a task's least one; default: LIMITS.localRunMs. */
  readonly runMsMax?: number;
}

/** JavaScript's own heap in the thread; the engine's memory is not in it. */
const HEAP_MIB = 128;

export class LocalSlot {
  readonly #handle: SlotHandle;
  readonly #entry: URL | string;
  readonly #runMsMax: number;
  /** Threads that have not exited, with the promise that they have. */
  readonly #threads = new Map<Worker, Promise<void>>();

  constructor(options: LocalSlotOptions) {
    this.#runMsMax = options.runMsMax ?? LIMITS.localRunMs;
    this.#entry = options.entry ?? new URL('./slot-entry.js', import.meta.url);
    const engineUrl = createRequire(import.meta.url).resolve('@duckdb/duckdb-wasm/dist/duckdb-eh.wasm');
    this.#handle = new SlotHandle({
      slot: 0,
      platform: { clock: options.clock, spawnSlot: (_slot, onBroken) => this.#spawn(onBroken) },
      engine: { engineUrl },
      memoryLimitBytes: options.memoryLimitBytes ?? LIMITS.localSlotBytes,
      resultBytesMax: options.resultBytesMax ?? LIMITS.localResultBytes,
      share: 1,
      onResidentsLost: () => undefined,
    });
  }

  /** Starts the thread and its engine where they are not up. Rejects when they don't start. */
  async ready(): Promise<void> {
    await this.#handle.ready();
  }

  /** Never rejects. One task at a time; after a trap the next one gets a fresh thread. */
  run(task: SlotTask): Promise<SlotOutcome> {
    const { spec } = task;
    const maxRunMs = Math.min(spec.maxRunMs, this.#runMsMax + spec.minRunMs);
    return this.#handle.run({ ...task, spec: { ...spec, maxRunMs } });
  }

  stop(attemptId: string, why: string): void {
    this.#handle.stop(attemptId, why);
  }

  /** Thread ids of this process. */
  get threadIds(): readonly number[] {
    return [...this.#threads.keys()].map((thread) => thread.threadId);
  }

  /** Resolves when no thread of it is left. */
  async close(): Promise<void> {
    this.#handle.terminate();
    await Promise.all(this.#threads.values());
  }

  #spawn(onBroken: (why: string) => void): SpawnedSlot {
    const isUrl = typeof this.#entry !== 'string' || this.#entry.startsWith('file:');
    const thread = new Worker(isUrl ? fileURLToPath(this.#entry) : this.#entry, {
      // Nothing of the coordinator's environment (tokens among it) is an author's business.
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
    });
    let wanted = true;
    const broken = (why: string): void => {
      if (wanted) onBroken(why);
      wanted = false;
    };
    const exited = new Promise<void>((resolve) => {
      thread.on('exit', (code) => {
        this.#threads.delete(thread);
        resolve();
        broken(`its thread ended with code ${code}`);
      });
    });
    thread.on('error', (error) => broken(error.message));
    this.#threads.set(thread, exited);
    return {
      api: wrap<SlotApi>(nodeEndpoint(thread)) as unknown as SlotApi,
      terminate() {
        wanted = false;
        void thread.terminate();
      },
    };
  }
}
