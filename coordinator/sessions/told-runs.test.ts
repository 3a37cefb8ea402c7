import { expect, test } from 'vitest';
import type { BlockId, DatasetVersion, Digest } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { ChunkRun } from '../../shared/plan/task.ts';
import { ToldRuns } from './told-runs.ts';

const run = (residentKey: string, ...ordinals: number[]): ChunkRun => ({
  residentKey,
  dataset: 'lines',
  version: 'v1' as DatasetVersion,
  chunkRows: [10],
  columns: ordinals.map((ordinal) => ({
    type: 'INTEGER',
    wire: 'INTEGER',
    ordinal,
    slices: [{ blockId: `b${ordinal}` as BlockId, bucket: 0, digest: 'd' as Digest, bytes: 40 }],
  })),
});
const chunks = (of: ChunkRun) => ({ kind: 'chunks', run: of }) as const;

test('a run is told once, then named; other columns of the same chunks are another run', () => {
  const told = new ToldRuns();
  const module = { kind: 'module', slice: { blockId: 'm' as BlockId, bucket: 0, digest: 'd' as Digest, bytes: 1 } } as const;
  expect(told.shorten([chunks(run('v1/0-0', 1, 2)), module])).toEqual([{ ...chunks(run('v1/0-0', 1, 2)), told: 0 }, module]);
  expect(told.shorten([chunks(run('v1/0-0', 1, 3))])).toEqual([{ ...chunks(run('v1/0-0', 1, 3)), told: 1 }]);
  expect(told.shorten([chunks(run('v1/0-0', 1, 2))])).toEqual([{ kind: 'told', told: 0 }]);
});

test('runsTold: one run too many takes the number of the one named longest ago, which is told anew', () => {
  const told = new ToldRuns();
  for (let i = 0; i < LIMITS.runsTold; i++) told.shorten([chunks(run(`v1/${i}`, 1))]);
  expect(told.shorten([chunks(run('v1/0', 1))])).toEqual([{ kind: 'told', told: 0 }]);
  expect(told.shorten([chunks(run('v1/more', 1))])).toEqual([{ ...chunks(run('v1/more', 1)), told: 1 }]);
  expect(told.shorten([chunks(run('v1/1', 1))])).toEqual([{ ...chunks(run('v1/1', 1)), told: 2 }]);
  expect(told.shorten([chunks(run('v1/0', 1))])).toEqual([{ kind: 'told', told: 0 }]);
});
