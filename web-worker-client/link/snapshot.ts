/** Pictures of the tab for its page, and how often they are told. */
import type { Clock } from '../../shared/clock.ts';
import type { TabState, TabView } from '../core/view.ts';
import type { EngineProgress } from './platform.ts';

export interface LinkSnapshot extends TabView {
  /** Only while the engine is being loaded. */
  readonly engine?: EngineProgress;
  /** Bytes of blocks kept here, in memory or on disk. */
  readonly storedBytes: number;
  /** Bytes of blocks given to others in this session. */
  readonly servedBytes: number;
}

export interface SnapshotPaceOptions {
  readonly clock: Clock;
  /** Cheap: asked for at every change. */
  readonly state: () => TabState;
  /** Makes a snapshot and tells it. */
  readonly tell: () => void;
}

/** A page that draws more often spends on drawing what its slots could compute with: 12 ms of processor time a picture. */
export const SNAPSHOT_MS = 1000;
/** While nothing computes (the engine is loaded, say), somebody may be looking at how it goes on. */
const RESTING_MS = 250;

/** Tasks of a few milliseconds turn one into the other and back: within the window that is no news. */
const FLICKERING: ReadonlySet<TabState> = new Set(['idle', 'working']);

/**
 * Tells snapshots at most once in SNAPSHOT_MS (RESTING_MS while neither idle nor working), the last one always. Two kinds of change are told at once: a new state when nothing was
 * told for that long, and at any time what somebody did or a state other than idle and working.
 */
export class SnapshotPace {
  readonly #options: SnapshotPaceOptions;
  #told: TabState | undefined;
  #untold = false;
  /** Set for a while after each snapshot, or while a first one waits. */
  #cancelWindow: (() => void) | undefined;

  constructor(options: SnapshotPaceOptions) {
    this.#options = options;
  }

  /** Something changed; `now`: somebody waits to see it. */
  changed(now = false): void {
    const state = this.#options.state();
    const turned = state !== this.#told;
    if (now || (turned && (!this.#cancelWindow || !FLICKERING.has(state)))) {
      this.#tell(state);
      return;
    }
    this.#untold = true;
    // Who has left has no more to say.
    if (state !== 'left' && !this.#cancelWindow) this.#openWindow();
  }

  /** Nothing is told by itself any more. */
  stop(): void {
    this.#cancelWindow?.();
    this.#cancelWindow = undefined;
  }

  #tell(state: TabState): void {
    this.stop();
    this.#told = state;
    this.#untold = false;
    if (state !== 'left') this.#openWindow();
    this.#options.tell();
  }

  #openWindow(): void {
    const windowMs = this.#told !== undefined && FLICKERING.has(this.#told) ? SNAPSHOT_MS : RESTING_MS;
    this.#cancelWindow = this.#options.clock.after(windowMs, () => {
      this.#cancelWindow = undefined;
      if (this.#untold) this.#tell(this.#options.state());
    });
  }
}
