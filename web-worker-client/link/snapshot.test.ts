import { beforeEach, expect, test } from 'vitest';
import type { TabState } from '../core/view.ts';
import { SNAPSHOT_MS, SnapshotPace } from './snapshot.ts';
import { FakeClock } from './testing/fake-clock.ts';

let clock: FakeClock;
let state: TabState;
let told: { readonly state: TabState; readonly atMs: number }[];
let pace: SnapshotPace;

beforeEach(() => {
  clock = new FakeClock();
  state = 'idle';
  told = [];
  pace = new SnapshotPace({ clock, state: () => state, tell: () => told.push({ state, atMs: clock.nowMs() }) });
  pace.changed();
  clock.advance(10 * SNAPSHOT_MS);
  told = [];
});

function become(next: TabState, now = false): void {
  state = next;
  pace.changed(now);
}

const states = (): readonly TabState[] => told.map((t) => t.state);

test('the first change of state is told at once, what follows within the window once, at its end', () => {
  const beganAtMs = clock.nowMs();
  become('working');
  expect(states()).toEqual(['working']);
  clock.advance(3);
  become('idle');
  become('working');
  become('idle');
  expect(states()).toEqual(['working']);
  clock.advance(SNAPSHOT_MS);
  expect(told.slice(1)).toEqual([{ state: 'idle', atMs: beganAtMs + SNAPSHOT_MS }]);
  clock.advance(10 * SNAPSHOT_MS);
  expect(told).toHaveLength(2);
});

test('however many tasks come and go, at most one snapshot a second is told, and the last one', () => {
  for (let i = 0; i < 500; i += 1) {
    become(i % 2 === 0 ? 'working' : 'idle');
    clock.advance(4);
  }
  clock.advance(SNAPSHOT_MS);
  expect(told.length).toBeLessThanOrEqual(2000 / SNAPSHOT_MS + 2);
  expect(states().at(-1)).toBe('idle');
});

test('changes that leave the state as it is wait for the end of a window', () => {
  pace.changed();
  pace.changed();
  expect(told).toEqual([]);
  clock.advance(SNAPSHOT_MS - 1);
  expect(told).toEqual([]);
  clock.advance(1);
  expect(states()).toEqual(['idle']);
});

test('a wish and a state other than idle and working are told at once, also within the window', () => {
  become('working');
  for (const next of ['disconnected', 'draining', 'paused'] as const) become(next);
  expect(states()).toEqual(['working', 'disconnected', 'draining', 'paused']);
  become('idle', true);
  become('idle', true);
  expect(states().slice(4)).toEqual(['idle', 'idle']);
  // Nothing is left to be told.
  clock.advance(10 * SNAPSHOT_MS);
  expect(told).toHaveLength(6);
});

test('leaving is the last word', () => {
  become('working');
  become('left', true);
  pace.changed();
  clock.advance(10 * SNAPSHOT_MS);
  expect(states()).toEqual(['working', 'left']);
});
