/**
 * What keeps a working tab from being frozen or its screen from sleeping. All of it needs a secure context and is missing on plain
 * http; then the tab works without.
 */

/** Holds a Web Lock from the window (one held in a worker is no shield against freezing) until the result is called. */
export function holdFreezeShield(name: string): () => void {
  if (!('locks' in navigator)) return () => undefined;
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  // Refused in odd contexts (opaque origins); the tab only loses the shield.
  navigator.locks.request(name, () => held).catch(() => undefined);
  return release;
}

/** Keeps the screen on while the page is visible; browsers drop the lock whenever it is hidden. */
export class ScreenWakeLock {
  #lock: WakeLockSentinel | undefined;
  #wanted = false;

  set(wanted: boolean): void {
    this.#wanted = wanted;
    void this.#apply();
  }

  /** Call on each return to visible. */
  async #apply(): Promise<void> {
    if (!('wakeLock' in navigator)) return;
    if (!this.#wanted) {
      const lock = this.#lock;
      this.#lock = undefined;
      await lock?.release();
      return;
    }
    if (document.visibilityState !== 'visible' || (this.#lock && !this.#lock.released)) return;
    try {
      this.#lock = await navigator.wakeLock.request('screen');
      if (!this.#wanted) await this.#apply();
    } catch {
      // Refused on low battery or by policy: the screen may then sleep, as the device wishes.
    }
  }
}
