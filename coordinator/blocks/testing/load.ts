/** Puts load on a relay from outside: the relay in one child process, all tabs in another, both bundled from this tree. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { digestOf, loadHashes, sha256Hex } from '../../../shared/hash.ts';
import { bundledEntry, bundleOf } from '../../testing/bundled-entry.ts';
import type { RelayTotals } from '../relay.ts';
import type { FromClients, LoadFetch, LoadSlice, ToClients } from './load-clients.ts';
import type { FromServer, LoadBlock, ToServer } from './load-server.ts';

export interface LoadPlan {
  readonly tabs: readonly string[];
  /** Who holds how many blocks of which slices, bytes each. */
  readonly blocks: readonly { readonly name: string; readonly holder: string; readonly sizes: readonly number[] }[];
  /** Which blocks each tab fetches, all of their slices, bucket by bucket as a shuffle reads them. */
  readonly fetches: readonly {
    readonly tab: string;
    readonly blocks: readonly string[];
    readonly bytesPerSecond?: number;
    readonly after?: string;
  }[];
}

export interface LoadReport extends Omit<FromClients, 'type'> {
  readonly bytes: number;
  readonly mibPerSecond: number;
  /** Most that the relay's process grew beyond what it had before, bytes. */
  readonly rssGrowth: number;
  readonly serverCpuMs: number;
  readonly totals: RelayTotals | undefined;
}

const MiB = 1024 * 1024;
const [SERVER, CLIENTS] = ['load-server', 'load-clients'] as const;
const ENTRIES = [SERVER, CLIENTS];

/**
 * What passes before memory is looked at: a process's first megabytes also grow V8's young generation and compile its code, which is
 * nothing that the relay holds.
 */
const WARM_UP = { name: 'warm-up', sizes: Array.from({ length: 32 }, () => MiB) };

export async function putLoad(plan: LoadPlan): Promise<LoadReport> {
  await loadHashes();
  const [holder = '', reader = ''] = plan.tabs;
  const warmUp = { tab: reader, blocks: [WARM_UP.name] };
  const { blocks, run } = await worldOf({
    ...plan,
    blocks: [...plan.blocks, { ...WARM_UP, holder }],
    fetches: [...plan.fetches, warmUp],
  });
  const fetches = run.fetches.slice(0, -1);
  const spillDir = await mkdtemp(join(tmpdir(), 'muster-load-'));
  const [server, clients] = await Promise.all([start(SERVER), start(CLIENTS)]);
  const toServer = (message: ToServer): boolean => server.send(message);
  try {
    toServer({ type: 'start', blocks, spillDir });
    const { port } = await heard<Extract<FromServer, { type: 'ready' }>>(server, 'ready');
    const figures = async () => {
      toServer({ type: 'ask' });
      return heard<Extract<FromServer, { type: 'figures' }>>(server, 'figures');
    };
    clients.send({ type: 'run', port, ...run, fetches: run.fetches.slice(-1) } satisfies ToClients);
    await heard<FromClients>(clients, 'done');
    const before = await figures();
    let most = before.rss;
    let asking = false;
    const watch = setInterval(async () => {
      if (asking) return;
      asking = true;
      most = Math.max(most, (await figures()).rss);
      asking = false;
    }, 25);
    clients.send({ type: 'run', port, ...run, fetches } satisfies ToClients);
    const done = await heard<FromClients>(clients, 'done');
    clearInterval(watch);
    while (asking) await figures();
    const after = await figures();
    const bytes = done.fetches.reduce((sum, fetch) => sum + fetch.bytes, 0);
    const { type: _type, ...rest } = done;
    return {
      ...rest,
      bytes,
      mibPerSecond: bytes / MiB / (done.ms / 1000),
      rssGrowth: Math.max(most, after.rss) - before.rss,
      serverCpuMs: after.cpuMs - before.cpuMs,
      totals: after.totals,
    };
  } finally {
    server.kill();
    clients.kill();
    await rm(spillDir, { recursive: true, force: true });
    await Promise.all(ENTRIES.map((entry) => rm(bundleOf(entry), { force: true })));
  }
}

async function worldOf({ tabs, blocks, fetches }: LoadPlan) {
  const known = new Map<string, string>();
  const fill: { [blockId: string]: number } = {};
  const sizes: { [blockId: string]: readonly number[] } = {};
  const made: LoadBlock[] = [];
  const slices = new Map<string, readonly LoadSlice[]>();
  for (const [index, block] of blocks.entries()) {
    const blockId = sha256Hex(block.name);
    const byte = index % 251;
    fill[blockId] = byte;
    sizes[blockId] = block.sizes;
    const buckets = block.sizes.map((bytes) => {
      const key = `${byte}/${bytes}`;
      const digest = known.get(key) ?? digestOf(new Uint8Array(bytes).fill(byte));
      known.set(key, digest);
      return { bytes, digest };
    });
    made.push({ blockId, holder: block.holder, buckets });
    slices.set(
      block.name,
      buckets.map(({ bytes, digest }, bucket) => ({ blockId, bucket, bytes, digest })),
    );
  }
  const wanted = fetches.map(({ blocks: names, ...fetch }): LoadFetch => {
    const all = names.flatMap((name) => slices.get(name) ?? []);
    return { ...fetch, slices: all.sort((a, b) => a.bucket - b.bucket) };
  });
  return { blocks: made, run: { tabs, fill, sizes, fetches: wanted } };
}

async function start(entry: string): Promise<ChildProcess> {
  const outfile = fileURLToPath(await bundledEntry(new URL(`./${entry}.ts`, import.meta.url), entry));
  return fork(outfile, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: [] });
}

function heard<M extends { readonly type: string }>(child: ChildProcess, type: M['type']): Promise<M> {
  return new Promise((resolve, reject) => {
    const hear = (message: unknown): void => {
      if ((message as M).type !== type) return;
      child.off('message', hear);
      child.off('exit', gone);
      resolve(message as M);
    };
    const gone = (): void => reject(new Error('a child process of the load ended early'));
    child.on('message', hear);
    child.on('exit', gone);
  });
}
