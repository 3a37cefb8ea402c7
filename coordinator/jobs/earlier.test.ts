import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { digestOf, digestOfBlock, loadHashes, sha256Hex } from '../../shared/hash.ts';
import type { BlockId, JobId } from '../../shared/ids.ts';
import { CoordinatorBlocks } from '../blocks/coordinator-blocks.ts';
import type { JobRecord } from '../store/jobs.ts';
import { openStore } from '../store/open.ts';
import type { AcceptedJob } from './accepted.ts';
import { openEarlier } from './earlier.ts';

beforeAll(loadHashes);

test('a job whose coordinator died while it was written down has ended if its result is all there, and goes on if not', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'muster-earlier-'));
  const store = await openStore(dir);
  const blocks = await CoordinatorBlocks.open({ dir: join(dir, 'blocks') });
  for (const name of ['whole', 'half']) {
    const jobId = `job-${name}` as JobId;
    const stream = new TextEncoder().encode(name);
    const info = { rows: 1, bytes: stream.length, digest: digestOf(stream) };
    const blockId = sha256Hex(name) as BlockId;
    const digest = digestOfBlock([info]);
    await blocks.putInline(blockId, digest, [{ info, stream }]);
    if (name === 'whole') await blocks.persist([blockId]);
    const accepted: AcceptedJob = {
      jobId,
      owner: 'o',
      sql: 'q',
      options: { reuse: true, weight: 1 },
      submittedAtMs: 1,
      datasets: [],
    };
    await store.accepted.add(accepted);
    const result = [{ blockId, digest, buckets: [info] }];
    const record = {
      jobId,
      owner: 'o',
      sql: 'q',
      state: 'successful',
      submittedAtMs: 1,
      settledAtMs: 2,
      expiresAtMs: 9e15,
      view: {},
      columns: [],
      result,
    };
    await store.jobs.put(record as unknown as JobRecord);
  }
  // What was in memory only is gone with the process.
  const again = await CoordinatorBlocks.open({ dir: join(dir, 'blocks') });
  for (let start = 0; start < 2; start++) {
    const { settled, accepted } = await openEarlier(store, again);
    expect(settled.map(({ jobId }) => jobId)).toEqual(['job-whole']);
    expect(accepted.map(({ jobId }) => jobId)).toEqual(['job-half']);
    expect(again.outputIds()).toEqual([sha256Hex('whole')]);
  }
  await store.close();
  rmSync(dir, { recursive: true });
});
