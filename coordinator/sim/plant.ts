/** A fault put in on purpose, to prove that the simulator would find it. Only tests can ask for one. */
import type { Bug } from './observed-core.ts';
import type { SimOptions } from './options.ts';

export interface Plant {
  readonly name: string;
  /** What is wrong, in words. */
  readonly what: string;
  /** Switches on what the fault needs in order to show. */
  readonly options?: (options: SimOptions) => Partial<SimOptions>;
  /** Between the core and the world; made anew for each run. */
  readonly bug?: () => Bug;
  /** Tabs take bytes as they come. */
  readonly isCredulous?: true;
  /** The coordinator keeps bytes as they come. */
  readonly keepsUnchecked?: true;
  /** Leases name runs of chunks by numbers that stand for others. */
  readonly mixesTold?: true;
  /** The coordinator does not notice that a session fell silent. */
  readonly isDeaf?: true;
  /** Authors are told that a job is accepted before the journal is. */
  readonly acksEarly?: true;
  /** Torn records are read as if they were whole. */
  readonly readsTorn?: true;
}
