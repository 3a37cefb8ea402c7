/** What the fragment runner sees of any guest, whatever it is written in. */
import type { WireColumn } from '../../shared/arrow/schema.ts';
import type { GuestLogLine } from '../../shared/guest/guest-log.ts';
import type { Params } from '../../shared/guest/params.ts';
import type { AccumulatorBook } from './accumulator-book.ts';

export interface GuestOptions {
  /** The user function's name, without a prefix. */
  readonly function: string;
  readonly params?: Params;
  /** 64 bits from the recipe: equal recipes, equal seeds. */
  readonly seed: bigint;
  /** The partition's index; only where the recipe has it. */
  readonly partition?: number;
  /** Broadcast tables, in order: for each the IPC streams of its rows, at least one. */
  readonly sides?: readonly (readonly Uint8Array[])[];
  /** The columns of each port; what is emitted must have these types. Without it any types go, and names are the guest's. */
  readonly outputs?: readonly (readonly WireColumn[])[];
  readonly limits: GuestLimits;
  /** Where it counts; absent: nobody wants to know. */
  readonly accumulators?: AccumulatorBook;
  /** Called between calls of the guest: the runner waits here for its CPU share, or throws to end the attempt. */
  readonly breathe?: () => Promise<void>;
  /** The share of its work that the guest says it has done, 0 to 1. */
  readonly onProgress?: (fraction: number) => void;
}

export interface GuestLimits {
  /** As admission returned it. */
  readonly memoryBytesMax: number;
  /** Bytes emitted over all ports; default LIMITS.guestOutputBytes. */
  readonly outputBytesMax?: number;
  /** When the attempt must have ended, on this clock. A guest that calls no import is ended by terminating its worker. */
  readonly deadline?: { readonly nowMs: () => number; readonly atMs: number };
}

/** Rows that a guest emitted to one port: a canonical IPC stream. Ports without rows are left out. */
export interface GuestOutput {
  readonly port: number;
  readonly stream: Uint8Array;
  readonly rows: number;
}

export interface GuestReport {
  readonly log: readonly GuestLogLine[];
  readonly logDroppedBytes: number;
  readonly outputBytes: number;
  /** Most that its memory held: it never shrinks. */
  readonly memoryBytes: number;
}

/**
 * A guest that is open. Every method may throw GuestError (shared/guest/guest-error.ts), whose `failure` goes into the report; after that
 * each throws the same again. Streams are IPC streams of wire types; they are read, not kept.
 */
export interface Guest {
  /**
   * Of a guest that runs once over its whole partition, and asks for rows as it reads them: instead of `batch` and `endFinal`. `streams` has
   * at least one; each is read no more once the next is asked for. What these two throw comes out as it is.
   */
  readonly whole?: (streams: Iterable<Uint8Array>, out: (output: GuestOutput) => void) => void;
  /** Rows of the partition. Returns what the guest emitted meanwhile, ports in ascending order. */
  batch(stream: Uint8Array): Promise<readonly GuestOutput[]>;
  /** Rows that END_PARTIAL had emitted, here or elsewhere. */
  merge(stream: Uint8Array): Promise<readonly GuestOutput[]>;
  endPartial(): Promise<readonly GuestOutput[]>;
  endFinal(): Promise<readonly GuestOutput[]>;
  /** Always call it; the guest is of no use afterwards. */
  close(): GuestReport;
}
