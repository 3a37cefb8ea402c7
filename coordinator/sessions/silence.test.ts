import { expect, test } from 'vitest';
import { Silence } from './silence.ts';
import { TestClock } from './testing/clock.ts';

function scene() {
  const clock = new TestClock();
  const beganMs = clock.nowMs();
  const silent: string[] = [];
  return { clock, silent, silence: new Silence<string>(clock, 10, (who) => silent.push(`${who} at ${clock.nowMs() - beganMs}`)) };
}

test('each is told of once, at its own time, whoever else talks', () => {
  const { clock, silent, silence } = scene();
  silence.heard('a');
  silence.heard('b');
  clock.advance(4);
  silence.heard('c');
  clock.advance(4);
  silence.heard('a');
  clock.advance(100);
  expect(silent).toEqual(['b at 10', 'c at 14', 'a at 18']);
  silence.heard('d');
  clock.advance(100);
  expect(silent).toHaveLength(4);
});

test('who is forgotten is not told of, and nobody leaves a timer', () => {
  const { clock, silent, silence } = scene();
  silence.heard('a');
  silence.heard('b');
  silence.forget('a');
  clock.advance(5);
  silence.forget('b');
  clock.advance(100);
  expect(silent).toEqual([]);
});

test('who ends others when told', () => {
  const clock = new TestClock();
  const told: string[] = [];
  const silence: Silence<string> = new Silence(clock, 10, (who) => {
    told.push(who);
    silence.forget('b');
    silence.forget(who);
  });
  silence.heard('a');
  silence.heard('b');
  clock.advance(100);
  expect(told).toEqual(['a']);
});
