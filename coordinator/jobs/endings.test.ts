import { expect, test } from 'vitest';
import type { JobId } from '../../shared/ids.ts';
import { Endings } from './endings.ts';

test('ends are written behind what is going on, and closing waits for them', async () => {
  const said: string[] = [];
  let finish = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const store = {
    async end(jobId: JobId) {
      said.push(`end ${jobId}`);
      if (jobId === 'bad') throw new Error('no');
      await ended;
    },
  };
  const endings = new Endings({ store, log: (error, what) => void said.push(`${what}: ${(error as Error).message}`) });
  endings.end('good' as JobId);
  endings.end('bad' as JobId);
  await Promise.resolve().then(() => said.push('the answer'));
  const written = endings.written().then(() => said.push('written'));
  await expect.poll(() => said.length).toBe(4);
  expect(said).toEqual(['the answer', 'end good', 'end bad', 'the journal of job bad could not be deleted: no']);
  finish();
  await written;
  expect(said.at(-1)).toBe('written');
  await endings.written();
});
