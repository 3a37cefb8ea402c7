/** What a tab finds around it, and what may happen to it when. */
import type { Failure } from '../../shared/failure.ts';
import type { BlockId } from '../../shared/ids.ts';
import type { Chance } from './chance.ts';
import type { VirtualClock } from './clock.ts';
import type { DataWire, LeaseFrame, SessionWire } from './frames.ts';
import type { Tab } from './tab.ts';

/** When something may well go wrong. */
export type TabMoment = 'leased' | 'reported' | 'serves' | 'joined';

/** What a tab finds around it. */
export interface TabSurroundings {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly rowBytes: number;
  readonly taskMs: number;
  readonly writeMs: number;
  readonly isCredulous: boolean;
  /** Opens the session socket; the tab is told when the coordinator answers. */
  readonly openSession: (tab: Tab, opened: () => void) => SessionWire;
  readonly openData: (tab: Tab, sessionId: string) => DataWire;
  readonly moment: (tab: Tab, moment: TabMoment, blockIds: readonly BlockId[]) => void;
  readonly strikes: (tab: Tab, lease: LeaseFrame) => Failure | undefined;
  readonly tell: (words: () => string) => void;
}

type Clock = Pick<VirtualClock, 'nowMs' | 'after'>;
