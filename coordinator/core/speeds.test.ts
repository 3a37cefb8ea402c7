/** What the core learns of workers' speeds, seen in what it moves away from where the input is loaded. */
import { beforeAll, describe, expect, it } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { FakeAttempt, FakeTab } from './testing/fake-tab.ts';
import { Fleet } from './testing/fleet.ts';
import { pass } from './testing/pass.ts';
import { aggregatePlan, type SourceShape } from './testing/plans.ts';

beforeAll(loadHashes);

const MiB = 1024 * 1024;
/** Slots that small get runs of one chunk of these. */
const MEMORY = { memoryPerSlotBytes: 20 * MiB };
/** To load a chunk takes 90 ms by the guess; moving must spare 50 more. */
const SMALL: SourceShape = { dataset: 'small', chunks: 5, ordinals: [0], chunkBytes: 4 * MiB };
const LARGE: SourceShape = { dataset: 'large', chunks: 4, ordinals: [0], chunkBytes: 100 * MiB };

const bytesOf = ({ task }: FakeAttempt): number => {
  let bytes = 0;
  for (const input of task.inputs) {
    if (input.kind === 'chunks') for (const { slices } of input.run.columns) for (const slice of slices) bytes += slice.bytes;
  }
  return bytes;
};
/** 4 ms a MiB and 4 ms a task. */
const usual = (attempt: FakeAttempt): number => 4 + (4 * bytesOf(attempt)) / MiB;

/** Scans only: of which dataset, and in which tab. */
function scansBy(tab: FakeTab, leases: readonly FakeAttempt[]): string[] {
  return leases
    .filter((lease) => lease.sessionId === tab.sessionId && bytesOf(lease) > 0)
    .map(({ task }) => (task.inputs[0]?.kind === 'chunks' ? task.inputs[0].run.dataset : ''));
}

/** Tab a has the datasets loaded, and has learned from them in this order. */
function loaded(...shapes: SourceShape[]): { fleet: Fleet; a: FakeTab } {
  const fleet = new Fleet();
  const a = fleet.join('a', MEMORY);
  for (const shape of shapes) {
    fleet.submit(`job-${shape.dataset}`, aggregatePlan(shape, 1));
    pass(fleet, usual);
  }
  fleet.leases.length = 0;
  return { fleet, a };
}

describe('a worker', () => {
  it('that ran large tasks keeps its small ones: they wait for less than loading takes', () => {
    const { fleet, a } = loaded(SMALL, LARGE);
    fleet.submit('job-small-again', aggregatePlan(SMALL, 2));
    const b = fleet.join('b', MEMORY);
    pass(fleet, usual);
    expect(scansBy(b, fleet.leases)).toEqual([]);
    expect(scansBy(a, fleet.leases)).toHaveLength(5);
  });

  it('that ran small tasks loses what waits behind large ones', () => {
    const { fleet, a } = loaded(LARGE, SMALL);
    fleet.submit('job-large-again', aggregatePlan(LARGE, 2));
    fleet.submit('job-small-again', aggregatePlan(SMALL, 2));
    expect(scansBy(a, [...a.attempts.values()])).toEqual(['large', 'large']);
    const b = fleet.join('b', MEMORY);
    expect(scansBy(b, fleet.leases)).toEqual(['small']);
    pass(fleet, usual);
    expect(scansBy(b, fleet.leases)).toEqual(Array(5).fill('small'));
  });

  it('that is slow loses tasks to a fast one, and the fast one none to it', () => {
    const fleet = new Fleet();
    const tabs = { slow: fleet.join('slow', MEMORY), fast: fleet.join('fast', MEMORY) };
    const shape = { ...SMALL, chunks: 20 };
    const ms = (attempt: FakeAttempt): number => usual(attempt) * (attempt.sessionId === tabs.slow.sessionId ? 10 : 1);
    const homes = new Map<string, string>();
    fleet.submit('job-1', aggregatePlan(shape, 1));
    // Both load ten, whatever they need for it.
    for (let i = 0; i < 20; i++) {
      const tab = i % 2 === 0 ? tabs.slow : tabs.fast;
      const [attempt] = tab.attempts.values();
      if (!attempt) throw new Error(`${tab.workerId} has no lease`);
      fleet.nowMs += ms(attempt);
      fleet.run(attempt);
      homes.set(keyOf(attempt), attempt.sessionId);
    }
    pass(fleet, ms);
    fleet.leases.length = 0;
    fleet.submit('job-2', aggregatePlan(shape, 2));
    pass(fleet, ms);
    const moved = fleet.leases.filter((lease) => bytesOf(lease) > 0 && homes.get(keyOf(lease)) !== lease.sessionId);
    expect(moved.length).toBeGreaterThan(2);
    expect(scansBy(tabs.slow, moved)).toEqual([]);
  });

  it('is known by what it shows in the same state of visibility', () => {
    const { fleet, a } = loaded();
    fleet.change(a, { visibility: 'visible' });
    fleet.submit('job-1', aggregatePlan(SMALL, 1));
    pass(fleet, usual);
    fleet.change(a, { visibility: 'hidden' });
    fleet.submit('job-2', aggregatePlan(SMALL, 2));
    pass(fleet, (attempt) => 20 * usual(attempt));
    fleet.leases.length = 0;
    fleet.submit('job-3', aggregatePlan(SMALL, 3));
    const b = fleet.join('b', { ...MEMORY, visibility: 'visible' });
    expect(scansBy(b, fleet.leases)).toEqual(['small']);
    fleet.kill(b);
    fleet.change(a, { visibility: 'visible' });
    pass(fleet, usual);
    fleet.leases.length = 0;
    fleet.submit('job-4', aggregatePlan(SMALL, 4));
    const c = fleet.join('c', { ...MEMORY, visibility: 'visible' });
    pass(fleet, usual);
    expect(scansBy(c, fleet.leases)).toEqual([]);
  });
});

function keyOf({ task }: FakeAttempt): string {
  const [input] = task.inputs;
  return input?.kind === 'chunks' ? input.run.residentKey : '';
}
