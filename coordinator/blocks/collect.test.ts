/** Which blocks tabs are asked for, in what order, and when they may stop. */
import { beforeAll, expect, test, vi } from 'vitest';
import { loadHashes } from '../../shared/hash.ts';
import type { JobId } from '../../shared/ids.ts';
import { LIMITS } from '../../shared/limits.ts';
import { type TestApp, testApp } from '../sessions/testing/app-fixture.ts';
import { FakeWorker, type TestSocket } from '../sessions/testing/fake-worker.ts';
import { BIG, type Fetch, type Lease, sendPieces, serve } from './testing/scene.ts';

beforeAll(loadHashes);

interface Maker {
  readonly worker: FakeWorker;
  readonly data: TestSocket;
  readonly leases: readonly Lease[];
}

/** A job whose result has parts in each of some tabs, all leased; the leases of a tab are in the order of the result. */
async function scene(
  tabs: number,
  each: number,
): Promise<TestApp & { readonly jobId: string; readonly makers: readonly Maker[] }> {
  const fixture = await testApp();
  const { app, url } = fixture;
  const traits = { slots: each, visibility: 'headless', paused: false, share: 1, memoryPerSlotBytes: 1 << 28 } as const;
  const joined: { worker: FakeWorker; data: TestSocket }[] = [];
  for (let i = 0; i < tabs; i++) {
    const worker = await FakeWorker.join(url, { traits });
    joined.push({ worker, data: await worker.data(url) });
  }
  const payload = { sql: `union ${tabs * each} collect` };
  const { jobId } = (await app.inject({ method: 'POST', url: '/v1/jobs', payload })).json();
  const makers: Maker[] = [];
  for (const { worker, data } of joined) {
    const leases: Lease[] = [];
    for (let i = 0; i < each; i++) leases.push((await worker.lease()).message);
    makers.push({ worker, data, leases });
  }
  return { ...fixture, jobId, makers };
}

const make = ({ worker, leases }: Maker, i: number): void =>
  worker.succeed(leases[i] as Lease, BIG, 1_300_000, { inline: false });
const asked = async ({ data }: Maker): Promise<Fetch> => (await data.next<Fetch>('fetch')).message;
const blockOf = (fetch: Fetch): string | undefined => fetch.slices[0]?.blockId;

test('a tab that still computes gives one block at a time, the first of the result next; another tab meanwhile its own', async () => {
  const { app, makers, jobId } = await scene(2, 4);
  const [one, two] = makers as [Maker, Maker];
  make(one, 1);
  const first = await asked(one);
  expect(blockOf(first)).toBe(one.leases[1]?.task.blockId);
  make(one, 2);
  make(one, 0);
  make(two, 0);
  expect(blockOf(await asked(two))).toBe(two.leases[0]?.task.blockId);
  const collecting = () => app.grid.scheduler.storiesSince(0).lines.filter(({ what }) => what === 'attemptEnded').length;
  await vi.waitFor(() => expect(collecting()).toBe(4));
  await serve(one.data, first, BIG);
  const second = await asked(one);
  expect(blockOf(second)).toBe(one.leases[0]?.task.blockId);
  await serve(one.data, second, BIG);
  expect(blockOf(await asked(one))).toBe(one.leases[2]?.task.blockId);
  expect(app.grid.scheduler.job(jobId as JobId)?.state).toBe('running');
});

test('when all is made, all is asked for at once', async () => {
  const { makers } = await scene(1, 3);
  const [one] = makers as [Maker];
  for (const i of [0, 1, 2]) make(one, i);
  const fetches = [await asked(one), await asked(one), await asked(one)];
  // Their files are made at once, so any of them may be the first to be asked for.
  expect(fetches.map(blockOf).toSorted()).toEqual(one.leases.map((lease) => lease.task.blockId).toSorted());
});

test('when its job is cancelled, a copy under way ends, and those that wait never begin', async () => {
  const { app, makers, jobId } = await scene(1, 3);
  const [one] = makers as [Maker];
  make(one, 0);
  const { fetchId } = await asked(one);
  make(one, 1);
  await app.inject({ method: 'DELETE', url: `/v1/jobs/${jobId}` });
  sendPieces(one.data, fetchId, BIG, 0, LIMITS.pieceBytes);
  const next = await one.data.next();
  expect(next.message).toMatchObject({ type: 'abort', fetchId });
  const lines = () => app.grid.scheduler.storiesSince(0).lines.map(({ what }) => what);
  expect(lines()).not.toContain('collectFailed');
  await vi.waitFor(() => expect(app.grid.blocks.outputIds()).toEqual([]));
});
