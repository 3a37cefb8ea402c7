import { afterEach, expect, it } from 'vitest';
import { connect } from '../../client/index.ts';
import { type QueryOptions, runQuery } from './run-query.ts';
import { type FakeAnswers, type FakeCoordinator, fakeCoordinator } from './testing/fake-coordinator.ts';
import { recordingTerminal } from './testing/recording-terminal.ts';

let coordinator: FakeCoordinator | undefined;
afterEach(() => coordinator?.close());

async function run(sql: string, answers: FakeAnswers, options: Partial<QueryOptions> = {}) {
  coordinator = await fakeCoordinator(answers);
  const terminal = recordingTerminal();
  const cancel = options.cancel ?? new AbortController().signal;
  const end = await runQuery(connect(coordinator.url), sql, terminal, {
    format: 'table',
    timing: false,
    pollMs: 5,
    ...options,
    cancel,
  });
  return { end, terminal };
}

const WAITING = {
  jobId: 'job-1',
  state: 'waiting',
  waitingFor: 'no tab is there',
  stages: [],
  counters: { tasksPlanned: 1, attempts: 0, recomputes: 0, bytesMoved: 0, ended: {} },
};

it('prints the answer to stdout and the count to stderr', async () => {
  const { end, terminal } = await run('select 42 as n', {});
  expect(end).toBe('successful');
  expect(terminal.printed).toBe('  n\n────\n 42\n');
  expect(terminal.notes).toEqual(['(1 row)']);
});

it('passes csv through as it comes', async () => {
  const { terminal } = await run('select 1', { result: () => ({ status: 200, body: 'n\n1\n' }) }, { format: 'csv' });
  expect(terminal.printed).toBe('n\n1\n');
  expect(terminal.notes).toEqual([]);
});

it('shows where in the query the error is, and the hint', async () => {
  const problem = {
    code: 'sql-syntax',
    title: 'Syntax error',
    detail: 'near "FORM"',
    status: 400,
    position: 9,
    hint: 'Did you mean FROM?',
  };
  const { end, terminal } = await run('SELECT *\nFORM flights', { submit: () => ({ status: 400, body: problem }) });
  expect(end).toBe('failed');
  expect(terminal.notes).toEqual([
    'Error: Syntax error: near "FORM"',
    'LINE 2: FORM flights',
    '        ^',
    'Hint: Did you mean FROM?',
  ]);
});

it('names the stage when a task failed', async () => {
  const problem = { code: 'sql-conversion', title: 'Conversion error', detail: "'x' is no number", status: 422, stage: 1 };
  const { end, terminal } = await run('select 1', { result: () => ({ status: 422, body: problem }) });
  expect(end).toBe('failed');
  expect(terminal.notes[0]).toContain('(in stage 1)');
});

it('says once that it waits for tabs, and a cancel deletes the job', async () => {
  const abort = new AbortController();
  let looks = 0;
  const job = () => {
    if (++looks === 3) abort.abort();
    return WAITING;
  };
  const { end, terminal } = await run('select 1', { result: () => 'hold', job }, { cancel: abort.signal });
  expect(end).toBe('cancelled');
  expect(coordinator?.cancelled).toEqual(['job-1']);
  expect(terminal.notes).toEqual(['Waiting: no tab is there (Ctrl-C cancels)', 'Cancelled (job-1).']);
});

it('says once that a task runs unusually long', async () => {
  const abort = new AbortController();
  const detail = 'Task 0 of stage 0 (map rows with loop (JavaScript)) has been running for 30 s on w-1.';
  const longRun = { stage: 0, task: 0, workerId: 'w-1', forMs: 30_000, detail, hint: '' };
  let looks = 0;
  const job = () => {
    if (++looks === 4) abort.abort();
    const { waitingFor: _, ...running } = { ...WAITING, state: 'running' };
    return looks === 1 ? running : { ...running, longRun };
  };
  const { terminal } = await run('select 1', { result: () => 'hold', job }, { cancel: abort.signal });
  expect(terminal.notes).toEqual([`${detail} Ctrl-C cancels.`, 'Cancelled (job-1).']);
});

it('tells apart a coordinator that is not there', async () => {
  const terminal = recordingTerminal();
  const gone = await fakeCoordinator();
  await gone.close();
  const end = await runQuery(connect(gone.url), 'select 1', terminal, {
    format: 'table',
    timing: false,
    cancel: new AbortController().signal,
  });
  expect(end).toBe('unreachable');
  expect(terminal.notes.join('\n')).toContain('Check that the coordinator is running');
});
