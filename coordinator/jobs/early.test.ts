/** What is read of a result before its job is over must be what the job ends with. */
import { expect, test } from 'vitest';
import type { BlockId, Digest, JobId } from '../../shared/ids.ts';
import type { ResultBlock } from '../core/commands.ts';
import type { ResultPart } from '../core/results.ts';
import { TestClock } from '../sessions/testing/clock.ts';
import { EarlyResults, ResultBrokenError } from './early.ts';
import type { Job } from './entry.ts';

const JOB = 'job-1' as JobId;
const block = (name: string, digest = name): ResultBlock => ({
  blockId: name as BlockId,
  digest: digest as Digest,
  buckets: [],
});

function scene() {
  const clock = new TestClock();
  const listeners = new Set<() => void>();
  const parts: ResultPart[] = [];
  const arriving = new Set<BlockId>();
  const begun = new Set<() => void>();
  const jobs = new Map<JobId, Job>([[JOB, { kind: 'live' } as Job]]);
  const early = new EarlyResults({
    shell: {
      clock,
      onChange: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    arrivals: {
      has: (blockId) => arriving.has(blockId),
      onBegin: (listener) => {
        begun.add(listener);
        return () => begun.delete(listener);
      },
    },
    core: { resultPart: (_, i) => (jobs.get(JOB)?.kind === 'live' ? parts[i] : undefined) },
    job: (jobId) => jobs.get(jobId),
  });
  const change = (): void => {
    for (const listener of [...listeners]) listener();
  };
  const come = (...more: ResultBlock[]): void => {
    parts.push(...more.map((part) => ({ ...part, onCoordinator: true })));
    change();
  };
  /** Made, and asked for. */
  const asked = (part: ResultBlock): void => {
    parts.push({ ...part, onCoordinator: false });
    change();
  };
  const begin = ({ blockId }: ResultBlock): void => {
    arriving.add(blockId);
    for (const listener of [...begun]) listener();
  };
  const settle = (state: string, result: readonly ResultBlock[]): void => {
    jobs.set(JOB, { kind: 'settled', jobId: JOB, record: { state, result } } as unknown as Job);
    change();
  };
  const stop = new AbortController();
  const read = early.parts(JOB, stop.signal);
  const next = async (): Promise<string | undefined> => (await read.next()).value?.blockId;
  return { clock, listeners, begun, early, come, asked, begin, settle, stop, next };
}

test('parts come in order, the rest when the job is over', async () => {
  const { come, settle, next, listeners } = scene();
  const first = next();
  come(block('a'), block('b'));
  expect([await first, await next()]).toEqual(['a', 'b']);
  const third = next();
  settle('successful', [block('a'), block('b'), block('c'), block('d')]);
  expect([await third, await next(), await next()]).toEqual(['c', 'd', undefined]);
  expect(listeners.size).toBe(0);
});

test('a part is read from when its copy begins', async () => {
  const { asked, begin, settle, next, begun } = scene();
  asked(block('a'));
  let came = false;
  const first = next().finally(() => {
    came = true;
  });
  await Promise.resolve();
  expect([came, begun.size]).toEqual([false, 1]);
  begin(block('a'));
  expect(await first).toBe('a');
  settle('successful', [block('a')]);
  expect(await next()).toBeUndefined();
  expect(begun.size).toBe(0);
});

test.each([
  ['another digest', [block('a', 'other'), block('b')]],
  ['another block', [block('x'), block('b')]],
  ['fewer blocks', []],
])('a result that has %s than what was read is broken, not mixed', async (_what, result) => {
  const { come, settle, next } = scene();
  come(block('a'));
  expect(await next()).toBe('a');
  settle('successful', result);
  await expect(next()).rejects.toThrow(ResultBrokenError);
});

test.each(['failed', 'cancelled'])('a job that %s breaks it', async (state) => {
  const { come, settle, next } = scene();
  come(block('a'));
  expect(await next()).toBe('a');
  const second = next();
  settle(state, []);
  await expect(second).rejects.toThrow(ResultBrokenError);
});

test('who goes away is not waited for, and nobody is when the coordinator stops', async () => {
  for (const end of ['abort', 'close'] as const) {
    const { stop, early, next, listeners } = scene();
    const first = next();
    if (end === 'abort') stop.abort();
    else early.close();
    await expect(first).rejects.toThrow('nobody waits');
    expect(listeners.size).toBe(0);
  }
});

test('it can be begun with the first part; not when the wait is over, nor when the job is', async () => {
  const { early, come, settle, clock, stop } = scene();
  const late = early.begun(JOB, 100, stop.signal);
  clock.advance(100);
  expect(await late).toBeUndefined();
  const begun = early.begun(JOB, 100, stop.signal);
  come(block('a'));
  expect((await begun)?.kind).toBe('live');
  settle('successful', [block('a')]);
  expect(await early.begun(JOB, 100, stop.signal)).toBeUndefined();
});
