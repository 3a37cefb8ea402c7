/** What functions are given beside their argument, and how authors say it. */
import type { Broadcast } from '../run/broadcast.ts';

export type NoBroadcasts = Readonly<Record<never, never>>;

/** The second argument of functions that run in the tabs. */
export interface FunctionContext<Params = undefined, Broadcasts extends object = NoBroadcasts> {
  /** `params` of the step's options. */
  readonly params: Params;
  /** Index of the partition, from 0. */
  readonly partition: number;
  /** A broadcast value of the step's options, by its name there. Decoded once for each task. */
  broadcast<Name extends keyof Broadcasts & string>(name: Name): Broadcasts[Name];
  /** Adds to the accumulator of this name. */
  add(name: string, amount: number): void;
}

/** Functions are sent as text: what they use beside their arguments is given here. */
export interface FunctionOptions<Params = undefined, Broadcasts extends object = NoBroadcasts> {
  /** Any value that an element may be; seen as `ctx.params`. */
  readonly params?: Params;
  /** Seen by name through `ctx.broadcast(name)`. */
  readonly broadcast?: { readonly [Name in keyof Broadcasts]: Broadcast<Broadcasts[Name]> };
}
