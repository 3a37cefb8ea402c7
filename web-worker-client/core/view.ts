/** A picture of the tab for its page, in words. */
import type { Attempt } from './attempts.ts';
import type { ConnectionState } from './connection.ts';
import type { PauseReason } from './events.ts';
import type { WorkerTraits } from './traits.ts';

export type TabState = 'disconnected' | 'connecting' | 'idle' | 'working' | 'draining' | 'paused' | 'left';

export interface CurrentTask {
  readonly slot: number;
  readonly title: string;
  readonly phase: 'fetching' | 'waiting' | 'computing' | 'stopping';
}

export interface Contribution {
  /** Attempts that this tab finished, outcomes accepted or not. */
  readonly tasks: number;
  readonly rows: number;
  readonly cpuSeconds: number;
}

export interface TabView {
  readonly state: TabState;
  /** One sentence that says why. */
  readonly words: string;
  readonly workerId?: string;
  readonly traits: WorkerTraits;
  readonly current: readonly CurrentTask[];
  readonly contribution: Contribution;
}

const PHASES = {
  fetching: 'fetching',
  ready: 'waiting',
  following: 'waiting',
  running: 'computing',
  stopping: 'stopping',
} as const;

export function currentTasks(attempts: readonly Attempt[]): readonly CurrentTask[] {
  return attempts.map((a) => ({ slot: a.slot, title: a.title, phase: PHASES[a.state] }));
}

const PAUSE_WORDS: { readonly [R in PauseReason]: string } = {
  volunteer: 'Paused. Nothing is computed; blocks that others need are still served.',
  battery: 'Resting while the battery is low; blocks that others need are still served.',
  browser: 'Put to sleep by the browser.',
};

/** State and sentence for what the tab does while it is joined. */
export function joinedWords(input: {
  readonly mode: 'working' | 'finishing' | 'draining';
  readonly pausedBy: ReadonlySet<PauseReason>;
  readonly attempts: readonly Attempt[];
}): { readonly state: TabState; readonly words: string } {
  const { mode, pausedBy, attempts } = input;
  const busy = attempts.some((a) => !a.settled);
  if (mode === 'finishing') return { state: 'draining', words: 'Finishing what runs, then pausing.' };
  for (const by of ['volunteer', 'battery', 'browser'] as const) {
    if (pausedBy.has(by)) return { state: 'paused', words: PAUSE_WORDS[by] };
  }
  if (mode === 'draining') {
    const words = busy
      ? 'The administrator asked this tab to finish: it completes its tasks and takes no new ones.'
      : 'The administrator asked this tab to finish: it takes no tasks and only serves its blocks.';
    return { state: 'draining', words };
  }
  if (!busy) return { state: 'idle', words: 'Connected, waiting for work.' };
  const running = attempts.find((a) => a.state === 'running') ?? attempts.find((a) => !a.settled);
  const others = attempts.filter((a) => !a.settled).length - 1;
  return { state: 'working', words: `${running?.title ?? 'Working'}${others > 0 ? ` and ${others} more` : ''}.` };
}

export function connectionWords(state: ConnectionState): { readonly state: TabState; readonly words: string } | undefined {
  switch (state.kind) {
    case 'idle':
      return { state: 'disconnected', words: 'Not connected yet.' };
    case 'connecting':
    case 'helloSent':
      return { state: 'connecting', words: 'Connecting to the coordinator.' };
    case 'backingOff':
      return { state: 'disconnected', words: `Not connected: ${state.why}. Trying again soon.` };
    case 'closed':
      return { state: 'left', words: state.why };
    case 'joined':
      return undefined;
  }
}
