/** What the link worker offers to its page, through comlink. */
import type { PauseReason } from '../core/events.ts';
import type { WorkerTraits } from '../core/traits.ts';
import type { LinkSnapshot } from './snapshot.ts';

export interface LinkStartOptions {
  readonly url: string;
  readonly token?: string;
  readonly name?: string;
  readonly workerId?: string;
  readonly traits: Omit<WorkerTraits, 'paused'>;
  readonly cacheMemoryBytes: number;
  readonly storeCapBytes: number;
  /** Another script for slots, or another engine, than the ones built in. */
  readonly slotWorkerUrl?: string;
  readonly engineUrl?: string;
}

export interface LinkWorkerApi {
  /** Returns at once; what comes of it is told to the callbacks (comlink proxies). Each line of the log is a message: no reader, no `onLog`. */
  start(options: LinkStartOptions, onChange: (snapshot: LinkSnapshot) => void, onLog?: (words: string) => void): Promise<void>;
  pause(by: PauseReason): Promise<void>;
  resume(by: PauseReason): Promise<void>;
  finishThenPause(): Promise<void>;
  changeTraits(traits: Partial<Omit<WorkerTraits, 'paused'>>): Promise<void>;
  wakeUp(): Promise<void>;
  /** `atMs`: milliseconds since 1970. */
  freeze(atMs: number): Promise<void>;
  thaw(): Promise<void>;
  leave(options: { readonly deleteBlocks: boolean; readonly handOver: boolean }): Promise<void>;
}
