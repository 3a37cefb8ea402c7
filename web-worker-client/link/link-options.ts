/** What a link is started with. */
import type { WorkerTraits } from '../core/traits.ts';
import type { Platform } from './platform.ts';
import type { LinkSnapshot } from './snapshot.ts';

export interface LinkOptions {
  readonly platform: Platform;
  /** Where the coordinator is: http(s):// or ws(s)://, without a path. */
  readonly url: string;
  readonly token?: string;
  readonly name?: string;
  /** From an earlier session of this tab. */
  readonly workerId?: string;
  readonly traits: Omit<WorkerTraits, 'paused'>;
  /** At most four times a second, and at once where somebody acted or the state is a new one. */
  readonly onChange: (snapshot: LinkSnapshot) => void;
  readonly onLog: (words: string) => void;
}
