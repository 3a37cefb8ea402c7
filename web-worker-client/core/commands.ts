/** What the tab's core tells the shell to do (imperative). The shell does them in order. */
import type { WorkerMessage } from '../../shared/protocol/session.ts';
import type { WorkerTraits } from './traits.ts';

type WorkerMessageOf<T extends WorkerMessage['type']> = Extract<WorkerMessage, { readonly type: T }>;

export type TabCommand =
  | { readonly type: 'openSocket'; readonly epoch: number }
  | { readonly type: 'closeSocket'; readonly epoch: number; readonly code: number; readonly why: string }
  | { readonly type: 'sendHello'; readonly epoch: number; readonly traits: WorkerTraits }
  /** The coordinator has let us in: open the data socket, tell what is resident, what the store holds and what came late. */
  | { readonly type: 'beginSession'; readonly epoch: number; readonly returning: boolean }
  /** The session is gone: everything that was under way on its sockets is void. */
  | { readonly type: 'endSession'; readonly epoch: number }
  | { readonly type: 'send'; readonly message: WorkerMessageOf<'heartbeat' | 'traitsChanged' | 'attemptsRunning' | 'leaving'> }
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
  /** It succeeded, but its session is gone: keep the block, and tell of it late, in this session or the next. */
  | { readonly type: 'reportLate'; readonly attemptId: string }
  /** What waits in the shell for the attempt `from` is the outcome of this one, which makes the same block. */
  | { readonly type: 'takeOutcome'; readonly attemptId: string; readonly from: string }
  /** Nobody waits for this outcome any more. */
  | { readonly type: 'discard'; readonly attemptId: string }
  /** Another tab has this one's name: ask for a new one. */
  | { readonly type: 'forgetWorkerId' }
  /** The slot drops these tables; whoever counts on them is told so by the slot. */
  | { readonly type: 'dropResidents'; readonly slot: number; readonly residentKeys: readonly string[] }
  | { readonly type: 'applySlots'; readonly slots: number }
  | { readonly type: 'applyShare'; readonly share: number }
  /** A line for the page, in words. */
  | { readonly type: 'log'; readonly words: string }
  /** The tab is out for good. */
  | { readonly type: 'stop'; readonly why: string };
