import { expect, test } from 'vitest';
import { DeadlineTimer } from './deadline-timer.ts';
import { FakeClock } from './testing/fake-clock.ts';

test('a deadline is armed once however often it is set, moves when it does, and can be set again', () => {
  const clock = new FakeClock();
  let armed = 0;
  const counting = {
    nowMs: () => clock.nowMs(),
    after(delayMs: number, callback: () => void) {
      armed += 1;
      return clock.after(delayMs, callback);
    },
  };
  const rings: number[] = [];
  const timer = new DeadlineTimer(counting, () => rings.push(clock.nowMs()));
  for (let i = 0; i < 5; i += 1) timer.set(100);
  expect(armed).toBe(1);
  timer.set(200);
  clock.advance(150);
  expect(rings).toEqual([]);
  clock.advance(50);
  timer.set(200);
  clock.advance(0);
  expect(rings).toEqual([200, 200]);
  timer.set(300);
  timer.set(undefined);
  clock.advance(1000);
  expect(rings).toEqual([200, 200]);
});
