import { expect, test } from 'vitest';
import { LeaseBook } from './lease-book.ts';

test('CPU time counts whatever came of it: failed, cancelled, told late', () => {
  const book = new LeaseBook(() => undefined);
  const run = (attemptId: string): void => {
    book.lease({ attemptId, slot: 0, blockId: `block of ${attemptId}`, title: attemptId }, undefined);
    book.fetched(attemptId, 0);
  };
  run('a');
  book.cancel('a', 'the job was cancelled');
  book.ended('a', { how: 'failed', cpuMs: 30, reason: 'released', message: 'stopped' }, 30);
  run('b');
  book.ended('b', { how: 'failed', cpuMs: 500, reason: 'resource', message: 'm' }, 600);
  expect(book.contribution()).toEqual({ tasks: 0, rows: 0, cpuSeconds: 0.53 });
  run('c');
  book.orphan(700);
  book.ended('c', { how: 'succeeded', cpuMs: 20, rows: 5 }, 800);
  expect(book.contribution()).toEqual({ tasks: 0, rows: 0, cpuSeconds: 0.55 });
});
