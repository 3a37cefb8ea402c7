/** `muster sql` and the client against a real coordinator: rows of a job that still runs, and what they say when it fails then. */
import { beforeAll, expect, it, vi } from 'vitest';
import { connect } from '../../client/index.ts';
import { loadHashes } from '../../shared/hash.ts';
import { testApp } from '../sessions/testing/app-fixture.ts';
import { int32Stream } from '../sessions/testing/arrow-bytes.ts';
import { FakeWorker } from '../sessions/testing/fake-worker.ts';
import { runQuery } from './run-query.ts';
import { recordingTerminal } from './testing/recording-terminal.ts';

beforeAll(loadHashes);

const FAILURE = { reason: 'author', code: 'sql-conversion', message: 'Could not convert', hint: 'TRY_CAST' };

async function halfDone() {
  const { url } = await testApp();
  const traits = { slots: 2, visibility: 'headless', paused: false, share: 1, memoryPerSlotBytes: 1 << 28 } as const;
  const worker = await FakeWorker.join(url, { traits });
  const terminal = recordingTerminal();
  const options = { format: 'csv', timing: false, pollMs: 5, cancel: new AbortController().signal } as const;
  const end = runQuery(connect(url), 'union 2 cli', terminal, options);
  const [first, second] = [await worker.lease(), await worker.lease()];
  worker.succeed(first.message, int32Stream([[1, 2]]), 2);
  await vi.waitFor(() => expect(terminal.printed).not.toBe(''));
  return { url, worker, terminal, end, second: second.message };
}

it('prints rows while the job runs', async () => {
  const { worker, terminal, end, second } = await halfDone();
  worker.succeed(second, int32Stream([[3]]), 1);
  expect(await end).toBe('successful');
  expect(terminal.printed).toBe('answer\n1\n2\n3\n');
});

it('says why when it fails then', async () => {
  const { worker, terminal, end, second } = await halfDone();
  worker.fail(second, FAILURE);
  expect(await end).toBe('failed');
  expect(terminal.notes).toEqual([expect.stringContaining('Could not convert (in stage 0)'), 'Hint: TRY_CAST']);
});

it('does so too when the job is cancelled by somebody else', async () => {
  const { url, end } = await halfDone();
  const [job] = await connect(url).jobs();
  await connect(url)
    .job(job?.jobId ?? '')
    .cancel();
  expect(await end).toBe('cancelled');
});
