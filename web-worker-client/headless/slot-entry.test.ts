/// <reference path="./comlink-node.d.ts" />
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { releaseProxy, transfer, wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { expect, test } from 'vitest';
import { streamOf } from '../../shared/arrow/testing.ts';
import { loadHashes } from '../../shared/hash.ts';
import type { SlotApi } from '../slots/api.ts';
import { engineUrl, rowsOfOutcome, slicesInput, taskOf } from '../slots/testing/tasks.ts';

const entry = new URL('../../dist/node/slot-entry.js', import.meta.url);

test('the built slot thread boots, runs a task, and hands buffers over', async () => {
  expect(existsSync(entry), 'run `node scripts/build.mjs --only slot-entry` first').toBe(true);
  await loadHashes();
  const worker = new Worker(entry);
  const slot = wrap<SlotApi>(nodeEndpoint(worker));
  try {
    const { engineVersion } = await slot.boot({ slot: 0, engineUrl, memoryLimitBytes: 64 * 1024 * 1024 });
    expect(engineVersion).toMatch(/^v1\./);
    const input = slicesInput(['INTEGER'], [streamOf([{ wire: 'INTEGER', values: [1, 2, null] }])]);
    const task = taskOf('SELECT c0 * 2 FROM in0', ['INTEGER'], [input]);
    const bytes = input.given.kind === 'slices' ? input.given.slices[0]?.bytes : undefined;
    const outcome = await slot.run(transfer(task, [bytes?.buffer as ArrayBuffer]));
    expect(bytes?.length).toBe(0);
    expect(rowsOfOutcome(outcome)).toEqual([[2], [4], [null]]);
  } finally {
    slot[releaseProxy]();
    await worker.terminate();
  }
});
