/** The demo's volunteers, each under the name that the coordinator knows it by. */
import type { Connection } from '../../../client/index.ts';
import type { Crowd, Volunteer } from './tabs.ts';

const JOIN_MS = 60_000;
const POLL_MS = 50;

export class Volunteers {
  private readonly crowd: Crowd;
  private readonly grid: Connection;
  private readonly byWorkerId = new Map<string, Volunteer>();

  constructor(crowd: Crowd, grid: Connection) {
    this.crowd = crowd;
    this.grid = grid;
  }

  /** One after the other: so the worker that is new is the one that was opened. */
  async open(name: string): Promise<void> {
    const volunteer = await this.crowd.open(name);
    await Promise.race([this.joined(name, volunteer), volunteer.untimelyEnd ?? new Promise<never>(() => undefined)]);
  }

  private async joined(name: string, volunteer: Volunteer): Promise<void> {
    const deadline = performance.now() + JOIN_MS;
    for (;;) {
      const workerId = (await this.grid.workers()).map((worker) => worker.workerId).find((id) => !this.byWorkerId.has(id));
      if (workerId !== undefined) {
        this.byWorkerId.set(workerId, volunteer);
        return;
      }
      if (performance.now() > deadline) throw new Error(`${name} did not join within ${JOIN_MS / 1000} s`);
      await pause(POLL_MS);
    }
  }

  nameOf(workerId: string): string {
    return this.byWorkerId.get(workerId)?.name ?? workerId;
  }

  async kill(workerId: string): Promise<void> {
    await this.byWorkerId.get(workerId)?.kill();
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.byWorkerId.values()].map((volunteer) => volunteer.close()));
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
