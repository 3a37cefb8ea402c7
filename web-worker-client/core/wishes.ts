/** What the volunteer, the battery and the administrator want of the tab. */
import type { PauseReason } from './events.ts';

export class Wishes {
  readonly #pausedBy = new Set<PauseReason>();
  #mode: 'working' | 'finishing' | 'draining' = 'working';

  get mode(): 'working' | 'finishing' | 'draining' {
    return this.#mode;
  }

  get pausedBy(): ReadonlySet<PauseReason> {
    return this.#pausedBy;
  }

  /** It takes no new tasks, by its own side's wish. */
  resting(): boolean {
    return this.#pausedBy.size > 0 || this.#mode === 'finishing';
  }

  /** Why a lease for this slot is handed back; undefined: it is taken. */
  refusal(slot: number, slots: number): string | undefined {
    if (this.resting()) return 'this tab is paused';
    if (this.#mode === 'draining') return 'this tab is draining';
    if (slot >= slots) return `this tab has only ${slots} slots`;
    return undefined;
  }

  /** False: no news. */
  pause(by: PauseReason): boolean {
    if (this.#pausedBy.has(by)) return false;
    this.#pausedBy.add(by);
    if (this.#mode === 'finishing') this.#mode = 'working';
    return true;
  }

  /** False: it rests already. */
  finishThenPause(): boolean {
    if (this.resting()) return false;
    this.#mode = 'finishing';
    return true;
  }

  /** What ran is done. */
  finished(): void {
    this.#mode = 'working';
    this.#pausedBy.add('volunteer');
  }

  /** False: nobody had wished otherwise. */
  resume(by: PauseReason): boolean {
    const finishing = by === 'volunteer' && this.#mode === 'finishing';
    if (!this.#pausedBy.delete(by) && !finishing) return false;
    if (finishing) this.#mode = 'working';
    return true;
  }

  /** False: it drains already. */
  drain(): boolean {
    if (this.#mode === 'draining') return false;
    // The volunteer's own wish to pause outlives the administrator's to drain.
    if (this.#mode === 'finishing') this.#pausedBy.add('volunteer');
    this.#mode = 'draining';
    return true;
  }

  /** Draining ends with its session; the volunteer's wish does not. */
  sessionLost(): void {
    if (this.#mode === 'finishing') this.#pausedBy.add('volunteer');
    this.#mode = 'working';
  }
}
