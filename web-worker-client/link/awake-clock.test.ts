import { expect, test } from 'vitest';
import { AwakeClock } from './awake-clock.ts';
import { FakeClock } from './testing/fake-clock.ts';

test('counts sleep that the monotonic clock missed, and no small corrections of the wall clock', () => {
  const clock = new FakeClock();
  let wallMs = 1_000_000;
  const awake = new AwakeClock(clock, () => wallMs);
  const pass = (ms: number, wall = ms): number => {
    clock.advance(ms);
    wallMs += wall;
    return awake.nowMs();
  };
  expect(pass(2_000)).toBe(2_000);
  // Asleep for a minute.
  expect(pass(0, 60_000)).toBe(62_000);
  expect(pass(1_000)).toBe(63_000);
  // The wall clock is set, by little or backwards.
  expect(pass(1_000, 2_000)).toBe(64_000);
  expect(pass(1_000, -3_600_000)).toBe(65_000);
  expect(pass(1_000)).toBe(66_000);
});
