/**
 * Leaving tabs stay until what only they have was copied to the coordinator. This book knows which copies are under way, and tells when
 * a leaving session has none left to wait for.
 */
import type { BlockId, SessionId } from '../../shared/ids.ts';

export class HandOvers {
  readonly #copying = new Map<BlockId, readonly SessionId[]>();
  readonly #leaving = new Set<SessionId>();
  readonly #done: (sessionId: SessionId) => void;

  constructor(done: (sessionId: SessionId) => void) {
    this.#done = done;
  }

  /** A copy was asked for, from one of these sessions. */
  began(blockId: BlockId, from: readonly SessionId[]): void {
    this.#copying.set(blockId, from);
  }

  /** The copy is there or has failed; `tell` lets the core know, which may ask for it once more. */
  ended(blockId: BlockId, tell: () => void): void {
    const from = this.#copying.get(blockId) ?? [];
    this.#copying.delete(blockId);
    tell();
    for (const sessionId of from) this.#look(sessionId);
  }

  /** Call when the core knows, and has asked for its copies. */
  leaves(sessionId: SessionId): void {
    this.#leaving.add(sessionId);
    this.#look(sessionId);
  }

  gone(sessionId: SessionId): void {
    this.#leaving.delete(sessionId);
  }

  #look(sessionId: SessionId): void {
    if (!this.#leaving.has(sessionId)) return;
    for (const from of this.#copying.values()) if (from.includes(sessionId)) return;
    this.#leaving.delete(sessionId);
    this.#done(sessionId);
  }
}
