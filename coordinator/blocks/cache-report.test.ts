import { expect, test } from 'vitest';
import type { BlockId, JobId, SessionId, StoreId, WorkerId } from '../../shared/ids.ts';
import type { DatasetRecord } from '../catalog/types.ts';
import type { CachedBlock } from '../core/cache-view.ts';
import { type CacheFacts, cacheReport, chunksOf } from './cache-report.ts';

const id = (name: string): BlockId => name as BlockId;

/** Four chunks of two columns; each block has 10 bytes for column 0 and 100 for column 1. */
const FLIGHTS = {
  name: 'flights',
  version: 'v1',
  chunks: [0, 1, 2, 3].map((chunk) => ({
    rows: 5,
    columns: [0, 1].map((ordinal) => ({ blockId: `${chunk}.${ordinal}`, bytes: ordinal ? 100 : 10, storedBytes: 3 })),
  })),
} as unknown as DatasetRecord;

function report(facts: Partial<CacheFacts> & { readonly blocks?: readonly CachedBlock[] }) {
  const stores = [{ storeId: 's1' as StoreId, workerIds: ['w1', 'w2'] as WorkerId[] }];
  return cacheReport({
    view: { relations: [], blocks: facts.blocks ?? [], residents: [], stores },
    coordinator: {
      chunks: { blocks: 8, bytes: 24 },
      outputs: { blocks: 0, bytes: 0, capBytes: 1 },
      inline: { blocks: 0, bytes: 0, capBytes: 1 },
      passing: { memoryBytes: 0, diskBytes: 0 },
    },
    datasets: [FLIGHTS],
    tabs: [
      { workerId: 'w1', sessionId: 'x1' as SessionId, name: 'desk 1' },
      { workerId: 'w2', sessionId: 'x2' as SessionId },
    ],
    served: () => new Set(),
    mayRead: (owner) => owner === 'ada' || owner === 'admin',
    mayChange: (owner) => owner === 'ada',
    jobs: [],
    onCoordinator: () => false,
    ...facts,
  });
}

test('resident keys name their chunks, and none that the dataset has not', () => {
  expect([...chunksOf('v1/0-3', 99)]).toEqual([0, 1, 2, 3]);
  expect([...chunksOf('v1/4', 99)]).toEqual([4]);
  expect([...chunksOf('v1/0-7:0-2,5', 99)]).toEqual([0, 1, 2, 5]);
  expect([...chunksOf('v1/0-7:0123456789abcdef0123456789abcdef', 99)]).toEqual([]);
  expect([...chunksOf('v1/2-999999999', 4)]).toEqual([2, 3]);
  expect([...chunksOf('nonsense', 4)]).toEqual([]);
});

test('a tab has what its slots report as loaded, each chunk once, and what it was sent', () => {
  const run = { workerId: 'w1' as WorkerId, residentKey: 'v1/0-1', ordinals: [1] };
  const { datasets } = report({
    view: {
      relations: [],
      blocks: [],
      stores: [],
      residents: [
        { ...run, slot: 0 },
        { ...run, slot: 1 },
        { ...run, slot: 1, residentKey: 'v1/2-3:3', ordinals: [0, 1, 7] },
        { ...run, slot: 0, residentKey: 'v0/0-3' },
      ],
    },
    served: (sessionId) => new Set(sessionId === 'x1' ? [id('0.1'), id('0.0'), id('elsewhere')] : []),
  });
  expect(datasets).toEqual([
    {
      name: 'flights',
      total: { blocks: 8, bytes: 440 },
      diskBytes: 24,
      tabs: [{ workerId: 'w1', name: 'desk 1', loaded: { blocks: 4, bytes: 310 }, fetched: { blocks: 2, bytes: 110 } }],
    },
  ]);
});

test('blocks count for each of the asker’s jobs; what others have is one sum, what nobody needs another', () => {
  const block = (blockId: string, bytes: number, jobs: readonly string[], more: Partial<CachedBlock> = {}): CachedBlock => ({
    blockId: id(blockId),
    bytes,
    onCoordinator: false,
    stores: ['s1' as StoreId],
    jobs: jobs as readonly JobId[],
    keptFor: [],
    ...more,
  });
  const kept = [
    { blockId: id('old'), bytes: 7 },
    { blockId: id('gone'), bytes: 9 },
    { blockId: id('both'), bytes: 50 },
  ];
  const { jobs, others, reusable } = report({
    blocks: [
      block('one', 100, ['j1']),
      block('both', 50, ['j1', 'j2', 'foreign'], { onCoordinator: true }),
      block('theirs', 30, ['foreign']),
      block('free', 20, []),
      block('kept', 400, [], { keptFor: ['ada'] }),
      block('kept for ben', 1000, [], { keptFor: ['ben'] }),
      block('kept for both', 2000, ['foreign'], { keptFor: ['ben', 'ada'] }),
    ],
    jobs: [
      { jobId: 'j1' as JobId, result: [] },
      { jobId: 'j2' as JobId, result: kept },
      { jobId: 'j3' as JobId, result: [] },
    ],
    onCoordinator: (blockId) => blockId !== 'gone',
  });
  expect(jobs).toEqual([
    {
      jobId: 'j1',
      total: { blocks: 2, bytes: 150 },
      coordinator: { blocks: 1, bytes: 50 },
      stores: [{ workerIds: ['w1', 'w2'], blocks: 2, bytes: 150 }],
    },
    {
      jobId: 'j2',
      total: { blocks: 2, bytes: 57 },
      coordinator: { blocks: 2, bytes: 57 },
      stores: [{ workerIds: ['w1', 'w2'], blocks: 1, bytes: 50 }],
    },
  ]);
  expect(others).toEqual({ blocks: 2, bytes: 1030 });
  expect(reusable).toEqual({ blocks: 1, bytes: 20 });
});

test('a relation is shown with what is lost of it and its rarest block, to those who may see it', () => {
  const block = { blockId: 'b1' as BlockId, bytes: 10, rows: 2, runMs: 5, onCoordinator: true, stores: ['s1' as StoreId] };
  const relation = {
    id: 'cache-1',
    name: 'points',
    owner: 'ada',
    level: 'tabs' as const,
    jobId: 'job-1' as JobId,
    blocks: [block, { ...block, blockId: 'b2' as BlockId, bytes: 7, onCoordinator: false, stores: [] }],
    loaded: [
      { workerId: 'w2' as WorkerId, slot: 0, bytes: 3 },
      { workerId: 'w1' as WorkerId, slot: 0, bytes: 3 },
      { workerId: 'w1' as WorkerId, slot: 1, bytes: 4 },
      { workerId: 'w1' as WorkerId, slot: 1, bytes: 5 },
    ],
  };
  const others = { ...relation, id: 'cache-2', owner: 'ben' };
  const stores = [{ storeId: 's1' as StoreId, workerIds: ['w1'] as WorkerId[] }];
  const shared = { ...relation, id: 'cache-3', owner: 'admin' };
  const { relations } = report({ view: { relations: [others, shared, relation], blocks: [], residents: [], stores } });
  const { blocks: _blocks, loaded: _loaded, ...own } = relation;
  const one = { blocks: 1, bytes: 10 };
  expect(relations).toEqual([
    {
      ...own,
      rows: 4,
      total: { blocks: 2, bytes: 17 },
      lost: { blocks: 1, bytes: 7 },
      coordinator: one,
      stores: [{ workerIds: ['w1'], ...one }],
      loaded: [
        { workerId: 'w1', name: 'desk 1', slots: 2, bytes: 12 },
        { workerId: 'w2', slots: 1, bytes: 3 },
      ],
      copies: 0,
      remakeMs: 10,
      mayLetGo: true,
    },
    expect.objectContaining({ id: 'cache-3', mayLetGo: false }),
  ]);
});
