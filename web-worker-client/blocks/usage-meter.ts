/** Tells how full a store is, when that is news: each telling becomes a message to the coordinator. */
import type { StoreUsage } from './block-cache.ts';

/** Part of the cap by which usage must have changed. */
const STEP = 0.05;

export class UsageMeter {
  readonly #listeners: ((usage: StoreUsage) => void)[] = [];
  #told: StoreUsage;

  constructor(now: StoreUsage) {
    this.#told = now;
  }

  listen(listener: (usage: StoreUsage) => void): void {
    this.#listeners.push(listener);
  }

  note(now: StoreUsage): void {
    const told = this.#told;
    const over = (usage: StoreUsage): boolean => usage.outputBytes > usage.capBytes;
    const step = Math.abs(now.outputBytes - told.outputBytes);
    if (now.capBytes === told.capBytes && over(now) === over(told) && (step === 0 || step < STEP * now.capBytes)) return;
    this.#told = now;
    for (const listener of this.#listeners) listener(now);
  }
}
