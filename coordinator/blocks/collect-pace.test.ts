import { expect, test } from 'vitest';
import { TestClock } from '../sessions/testing/clock.ts';
import { CollectPace } from './collect-pace.ts';

const MiB = 1024 * 1024;

/** Bytes that come in the time of one look. */
function scene(bytesPerLook: number) {
  const clock = new TestClock();
  let told = 0;
  const pace = new CollectPace(clock, () => told++);
  const look = (): void => {
    pace.arrived(bytesPerLook);
    clock.advance(40);
  };
  return { pace, look, clock, told: () => told };
}

test('copies that fill the coordinator leave room for none', () => {
  const { pace, look, told } = scene(4 * MiB);
  expect(pace.takeRoom()).toBe(false);
  look();
  expect([told(), pace.takeRoom()]).toEqual([1, false]);
  look();
  expect([told(), pace.takeRoom()]).toEqual([2, false]);
});

test('slow copies leave room for one more at a time', () => {
  const { pace, look, told } = scene(MiB / 4);
  expect(pace.takeRoom()).toBe(false);
  look();
  expect([told(), pace.takeRoom(), pace.takeRoom()]).toEqual([1, true, false]);
  look();
  expect([told(), pace.takeRoom()]).toEqual([2, true]);
});

test('nobody is told once it is stopped', () => {
  const { pace, look, told } = scene(0);
  pace.takeRoom();
  pace.stop();
  look();
  expect(told()).toBe(0);
});
