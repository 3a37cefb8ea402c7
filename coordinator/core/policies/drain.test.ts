import { expect, it } from 'vitest';
import { drainStep } from './drain.ts';

it('a worker that drains finishes, hands over, and only then goes', () => {
  expect(drainStep({ running: 1, soleCopies: 0 })).toBe('finishing');
  expect(drainStep({ running: 1, soleCopies: 2 })).toBe('finishing');
  expect(drainStep({ running: 0, soleCopies: 2 })).toBe('handingOver');
  expect(drainStep({ running: 0, soleCopies: 0 })).toBe('done');
});
