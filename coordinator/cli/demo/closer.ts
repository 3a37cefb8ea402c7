/**
 * Closes a volunteer at a named point of the next job: a stage has been accepted, the stage that reads it is about to be leased,
 * and the volunteer is the only holder of some of its blocks.
 */
import type { AttemptPoint, Breakpoints } from '../../sessions/breakpoints.ts';

export interface Closed {
  readonly workerId: string;
  /** Blocks of which it was the only holder. */
  readonly blocks: number;
  readonly stage: number;
}

export class Closer {
  private readonly kill: (workerId: string) => Promise<void>;
  private armed = false;
  private readonly held = new Map<string, { stage: number; blocks: number }>();
  private done: Closed | undefined;

  /** `kill` resolves once the volunteer is gone. */
  constructor(kill: (workerId: string) => Promise<void>) {
    this.kill = kill;
  }

  arm(): void {
    this.armed = true;
    this.done = undefined;
    this.held.clear();
  }

  /** What was closed; undefined when no volunteer was ever the only holder of a block, so that none was closed. */
  disarm(): Closed | undefined {
    this.armed = false;
    return this.done;
  }

  readonly breakpoints: Breakpoints = {
    afterAccept: async (point) => {
      // Small output rides along to the coordinator: losing its maker loses nothing.
      if (!this.armed || point.inline) return;
      const before = this.held.get(point.workerId);
      this.held.set(point.workerId, { stage: point.stage, blocks: (before?.stage === point.stage ? before.blocks : 0) + 1 });
    },
    beforeLease: async (point) => {
      if (!this.armed) return;
      const victim = this.victimFor(point);
      if (!victim) return;
      this.armed = false;
      this.done = victim;
      await this.kill(victim.workerId);
    },
  };

  /** Not the one that is about to run the next stage, so that exactly what it holds is lost and nothing that runs. */
  private victimFor(point: AttemptPoint): Closed | undefined {
    for (const [workerId, { stage, blocks }] of this.held) {
      if (workerId !== point.workerId && stage < point.stage) return { workerId, stage, blocks };
    }
    return undefined;
  }
}
