import { expect, test } from 'vitest';
import type { WorkerJson } from '../../client/index.ts';
import { WORKERS } from '../testing/canned-data.ts';
import { nameFrom } from './names.ts';
import { pointAt } from './point-at.ts';
import { readEvent } from './read-event.ts';
import { levelWords, lostWords, placeWords } from './relation-words.ts';
import { TaskStream } from './task-stream-model.ts';

function busy(workerId: string, ...current: (readonly [slot: number, jobId: string, stage: number])[]): WorkerJson {
  const [first] = WORKERS;
  if (first === undefined) throw new Error('the canned data has no worker');
  return { ...first, workerId, slots: 2, current: current.map(([slot, jobId, stage]) => ({ slot, jobId, stage, title: '' })) };
}

test('a slot has one span for each stretch of one stage', () => {
  const stream = new TaskStream();
  stream.observe([busy('a', [0, 'j', 0], [0, 'j', 1])], 10);
  stream.observe([busy('a', [0, 'j', 0], [1, 'j', 0])], 20);
  stream.observe([busy('a', [0, 'j', 1])], 30);
  stream.observe([], 40);
  expect(stream.spans).toMatchObject([
    { row: 'a/0', fromMs: 10, toMs: 30, stage: 0, jobId: 'j' },
    { row: 'a/1', fromMs: 20, toMs: 30, stage: 0, jobId: 'j' },
    { row: 'a/0', fromMs: 30, toMs: 40, stage: 1, jobId: 'j' },
  ]);
  expect(stream.rows).toEqual([]);
});

test('lines of attempts make exact spans on the page clock, pictures of workers no longer do', () => {
  const stream = new TaskStream();
  const leased = { subject: 'a-1', what: 'attemptLeased', why: '', detail: { workerId: 'a', slot: 1, stage: 2, jobId: 'j' } };
  stream.tell({ ...leased, atMs: 1_000_000 }, 500);
  const costs = { fetchMs: 10, loadMs: 5, computeMs: 20, packMs: 5 };
  stream.tell({ atMs: 1_000_100, subject: 'a-1', what: 'attemptEnded', why: '', detail: { how: 'succeeded', ...costs } }, 620);
  stream.observe([busy('a', [0, 'j', 0])], 700);
  expect(stream.spans).toEqual([{ row: 'a/1', fromMs: 560, toMs: 600, transferMs: 10, stage: 2, jobId: 'j', failed: false }]);
  expect(stream.rows).toEqual(['a/0', 'a/1']);
});

test("the coordinator's own slot has a row from its first task on", () => {
  const stream = new TaskStream();
  stream.observe([busy('a')], 10);
  expect(stream.rows).toEqual(['a/0', 'a/1']);
  const detail = { workerId: 'coordinator', slot: 0, stage: 1, jobId: 'j' };
  stream.tell({ atMs: 0, subject: 'a-1', what: 'attemptLeased', why: '', detail }, 20);
  stream.observe([busy('b')], 30);
  expect(stream.rows).toEqual(['coordinator/0', 'b/0', 'b/1']);
});

test('the task stream forgets its oldest spans and rows beyond its cap', () => {
  const stream = new TaskStream();
  for (let at = 0; at < 10_000; at += 1) stream.observe([busy('a', [0, 'j', at])], at);
  expect(stream.spans.length).toBeLessThanOrEqual(4_000);
  expect(stream.spans.at(-1)?.stage).toBe(9_999);
  stream.observe(
    Array.from({ length: 200 }, (_, i) => busy(`w${i}`)),
    10_000,
  );
  expect(stream.rows).toHaveLength(128);
});

test('events of unknown names and forms change nothing', () => {
  expect(readEvent({ type: 'weather', data: { rain: true } })).toEqual({ kind: 'unknown' });
  expect(readEvent({ type: 'job', data: null })).toEqual({ kind: 'unknown' });
  expect(readEvent({ type: 'hello', data: { paceMs: 5 } })).toEqual({ kind: 'hello', paceMs: 5, joinUrl: undefined });
});

test('a position points into its line', () => {
  const sql = 'select a\nfrom fligths\nwhere b';
  expect(pointAt(sql, 14)).toEqual({ line: 2, text: 'from fligths', caret: '     ^' });
  expect(pointAt(sql, 0)).toEqual({ line: 1, text: 'select a', caret: '^' });
  expect(pointAt(sql, 9)).toEqual({ line: 2, text: 'from fligths', caret: '^' });
  expect(pointAt(sql, 8)).toEqual({ line: 1, text: 'select a', caret: '        ^' });
  expect(pointAt(sql, 999)).toEqual({ line: 3, text: 'where b', caret: '       ^' });
});

test('table names come from file names', () => {
  expect(nameFrom('Flights 3M.parquet')).toBe('flights_3m');
  expect(nameFrom('2024-trips.csv')).toBe('t_2024_trips');
  expect(nameFrom('plain')).toBe('plain');
});

test('where a cached relation is, in words', () => {
  const held = (blocks: number) => ({ blocks, bytes: blocks * 10 });
  const stores = [
    { workerIds: ['a', 'b'], ...held(4) },
    { workerIds: ['b'], ...held(2) },
  ];
  const words = (blocks: number, onCoordinator: number, where = stores) =>
    placeWords({ total: held(blocks), coordinator: held(onCoordinator), stores: where });
  expect(words(6, 0)).toBe('in 2 tabs');
  expect(words(6, 4)).toBe('in 2 tabs, 4 of 6 blocks on the coordinator');
  expect(words(6, 6, [])).toBe('all on the coordinator');
  expect(words(1, 0, stores.slice(1))).toBe('in 1 tab');
  expect(words(6, 0, [])).toBe('nowhere now');
  expect(words(0, 0, [])).toBe('no rows, so no blocks');
});

test('what is lost of a cached relation, and its level', () => {
  const lost = (blocks: number, of: number) => lostWords({ total: { blocks: of, bytes: 9 }, lost: { blocks, bytes: 1 } });
  expect(lost(0, 6)).toBeUndefined();
  expect(lost(1, 6)).toBe('1 of 6 blocks is lost. The next job that reads it makes it again.');
  expect(lost(2, 6)).toBe('2 of 6 blocks are lost. The next job that reads it makes them again.');
  expect(lost(1, 1)).toBe('All blocks are lost. The next job that reads it makes them again.');
  expect(levelWords({ level: 'tabs-2' })).toBe('kept twice, in different tabs');
});
