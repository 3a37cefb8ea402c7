/** What must hold at the end of a fleet's life in which nothing fails for good. */
import { expect } from 'vitest';
import type { Fleet } from './fleet.ts';

/** These are ends that only the author, or a lack of room, brought about. */
const FINE = ['job-deadline', 'indeterminate-lost', 'storage-full'];

export function expectAllEnded(fleet: Fleet): void {
  for (const id of fleet.jobs) {
    const settled = fleet.settled.get(id);
    const isFine = settled?.state !== 'failed' || FINE.includes(settled.error?.code ?? '');
    expect(isFine, `${id}: ${JSON.stringify(settled?.error)}`).toBe(true);
    expect(settled, `${id} did not end`).toBeDefined();
  }
}
