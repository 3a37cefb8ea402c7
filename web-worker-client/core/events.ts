/**
 * What the tab's core is told (past tense). Events of a socket carry the epoch in which it was opened: an event of an
 * earlier epoch is stale and ignored. The core never reads a clock; every `handle` call brings the time.
 */
import type { FailureReason } from '../../shared/failure.ts';
import type { WorkerTraits } from './traits.ts';

/** Who wants the tab to rest. It works only while nobody does. `browser`: it is about to freeze the page. */
export type PauseReason = 'volunteer' | 'battery' | 'browser';

export type TabEvent =
  /** The volunteer agreed and the engine is ready. */
  | { readonly type: 'joinRequested' }
  | { readonly type: 'socketOpened'; readonly epoch: number }
  | { readonly type: 'socketClosed'; readonly epoch: number; readonly code: number; readonly reason: string }
  | {
      readonly type: 'welcomed';
      readonly epoch: number;
      readonly workerId: string;
      readonly heartbeatMs: number;
      /** The coordinator knows this tab's store: what was made for it before is worth keeping. */
      readonly returning: boolean;
    }
  | {
      readonly type: 'leased';
      readonly epoch: number;
      readonly attemptId: string;
      readonly slot: number;
      readonly blockId: string;
      readonly title: string;
    }
  | { readonly type: 'attemptCancelled'; readonly epoch: number; readonly attemptId: string; readonly why: string }
  | { readonly type: 'drained'; readonly epoch: number }
  | { readonly type: 'heartbeatSeen'; readonly epoch: number; readonly seq: number }
  /** These tables of a slot are of no use to anyone any more. */
  | {
      readonly type: 'residentsReleased';
      readonly epoch: number;
      readonly slot: number;
      readonly residentKeys: readonly string[];
    }
  /** A message that breaks the protocol arrived. */
  | { readonly type: 'badMessageReceived'; readonly epoch: number; readonly why: string }
  /** All inputs of the attempt are in this tab. */
  | { readonly type: 'inputsFetched'; readonly attemptId: string }
  /** The attempt is over, its outcome waits in the shell for `report` or `discard`. */
  | { readonly type: 'attemptEnded'; readonly attemptId: string; readonly ending: AttemptEnding }
  | { readonly type: 'paused'; readonly by: PauseReason }
  /** Finish what runs, then rest. */
  | { readonly type: 'finishThenPauseRequested' }
  | { readonly type: 'resumed'; readonly by: PauseReason }
  /** `handOver`: stay for a while, so that the coordinator can fetch what only this tab has. */
  | { readonly type: 'leaveRequested'; readonly handOver: boolean }
  | { readonly type: 'traitsChanged'; readonly traits: Partial<Omit<WorkerTraits, 'paused'>> }
  /** The browser says that the network or the page is back: no need to sit out the back-off. */
  | { readonly type: 'wokenUp' }
  | { readonly type: 'timePassed' };

/** `cpuMs`: what it took, whatever came of it. */
export type AttemptEnding = { readonly cpuMs: number } & (
  | { readonly how: 'succeeded'; readonly rows: number }
  | { readonly how: 'failed'; readonly reason: FailureReason; readonly message: string }
);
