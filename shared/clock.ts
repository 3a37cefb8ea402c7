/** Time as the shells see it. Pure cores get `atMs` in each event instead. */
export interface Clock {
  /** Milliseconds, monotonic, from an arbitrary origin. */
  nowMs(): number;
  /** Runs `callback` once, not before `delayMs`; the result cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}
