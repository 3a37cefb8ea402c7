import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AttemptControl, AttemptStopped } from './attempt-control.ts';

let nowMs = 0;
let share = 1;
let control: AttemptControl;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  nowMs = 0;
  share = 1;
  control = new AttemptControl({ maxRunMs: 10_000, share: () => share, nowMs: () => nowMs });
});
afterEach(() => {
  control.close();
  vi.useRealTimers();
});

/** Whether a promise has settled once the event loop went round. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  promise.then(
    () => {
      done = true;
    },
    () => {
      done = true;
    },
  );
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  return done;
}

test('at full share a breath only lets messages in', async () => {
  nowMs = 100;
  expect(await settled(control.breathe())).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});

test('at a quarter share, 100 ms of computing are paid for with 300 ms of rest', async () => {
  share = 0.25;
  nowMs = 100;
  const breath = control.breathe();
  expect(await settled(breath)).toBe(false);
  await vi.advanceTimersByTimeAsync(299);
  expect(await settled(breath)).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(await settled(breath)).toBe(true);
});

test('short slices are saved up to one pause', async () => {
  share = 0.75;
  const paused: boolean[] = [];
  for (let slice = 0; slice < 3; slice++) {
    nowMs += 10;
    const breath = control.breathe();
    paused.push(!(await settled(breath)));
    await vi.advanceTimersByTimeAsync(20);
    await breath;
  }
  expect(paused).toEqual([false, false, true]);
});

test('cancel ends a pause at once', async () => {
  share = 0.01;
  nowMs = 100;
  const breath = control.breathe();
  expect(await settled(breath)).toBe(false);
  control.cancel('paused');
  await expect(breath).rejects.toThrow(AttemptStopped);
  await expect(control.breathe()).rejects.toMatchObject({ failure: { reason: 'released', message: 'paused' } });
});

test('the deadline holds while computing and while waiting', async () => {
  const waiting = control.waitUntilAge(20_000);
  nowMs = 10_001;
  const expectation = expect(waiting).rejects.toMatchObject({ failure: { reason: 'deadline' } });
  await vi.advanceTimersByTimeAsync(10_001);
  await expectation;
  await expect(control.breathe()).rejects.toMatchObject({ failure: { reason: 'deadline' } });
});
