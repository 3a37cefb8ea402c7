/** What the tab's core tells the shell to do (imperative). The shell does them in order. */
import type { WorkerTraits } from './traits.ts';

export type TabCommand =
  | { readonly type: 'openSocket'; readonly epoch: number }
  | { readonly type: 'closeSocket'; readonly epoch: number; readonly code: number; readonly why: string }
  | { readonly type: 'sendHello'; readonly epoch: number; readonly traits: WorkerTraits }
  /** The coordinator has let us in: open the data socket, drop outputs of earlier sessions, tell what is resident. */
  | { readonly type: 'beginSession'; readonly epoch: number }
  /** The session is gone: everything that was under way on its sockets is void. */
  | { readonly type: 'endSession'; readonly epoch: number }
  | { readonly type: 'sendHeartbeat'; readonly seq: number; readonly running: readonly string[] }
  | { readonly type: 'sendTraits'; readonly traits: WorkerTraits }
  | { readonly type: 'sendLeaving' }
  | { readonly type: 'fetchInputs'; readonly attemptId: string; readonly slot: number }
  /** Run it, and say `attemptStarted` where it takes longer than a moment. */
  | { readonly type: 'runAttempt'; readonly attemptId: string; readonly slot: number }
  /** It runs: end it now. The shell answers with `attemptEnded` within a second, by force if need be. */
  | { readonly type: 'stopAttempt'; readonly attemptId: string; readonly slot: number; readonly why: string }
  /** It does not run: abort its fetch and forget it. */
  | { readonly type: 'forgetAttempt'; readonly attemptId: string }
  /** Tell the coordinator that the attempt is released, before its slot has come to rest. */
  | { readonly type: 'handBack'; readonly attemptId: string; readonly why: string }
  /** Send the outcome that waits in the shell. */
  | { readonly type: 'report'; readonly attemptId: string }
  /** Nobody waits for this outcome any more. */
  | { readonly type: 'discard'; readonly attemptId: string }
  | { readonly type: 'applySlots'; readonly slots: number }
  | { readonly type: 'applyShare'; readonly share: number }
  /** A line for the page, in words. */
  | { readonly type: 'log'; readonly words: string }
  /** The tab is out for good. */
  | { readonly type: 'stop'; readonly why: string };
