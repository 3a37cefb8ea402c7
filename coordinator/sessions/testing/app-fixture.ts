/** A coordinator in a temporary folder, listening on a free port; with the fake planner unless told otherwise. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import { type App, type AppOptions, buildApp } from '../../app.ts';
import { fakePlanner } from './plans.ts';

export interface TestApp {
  readonly app: App;
  readonly url: string;
  readonly dataDir: string;
  readonly adminToken: string;
}

/** Where the build, which the tests' set-up keeps fresh, puts the children's scripts. */
const DIST = resolve(import.meta.dirname, '../../../dist/node');
const CHILDREN = {
  planner: join(DIST, 'planner-child.js'),
  ingest: join(DIST, 'ingest-child.js'),
  slot: join(DIST, 'slot-entry.js'),
  compile: join(DIST, 'compile-child.js'),
};

export async function tempDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'muster-app-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

export interface TestAppOptions extends Partial<AppOptions> {
  readonly realPlanner?: boolean;
}

/** Closed when the test ends; closing it before is fine. */
export async function testApp({ realPlanner, ...options }: TestAppOptions = {}): Promise<TestApp> {
  const dataDir = options.dataDir ?? (await tempDir());
  const parts = { ...(realPlanner !== true && { planner: fakePlanner }), ...options.parts };
  // Scripted workers count on every lease, and most tests need no engine to start beside them.
  const app = await buildApp({ childEntries: CHILDREN, localSlot: false, ...options, dataDir, parts });
  onTestFinished(() => app.close());
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const adminToken = (await readFile(join(dataDir, 'admin.token'), 'utf8')).trim();
  return { app, url: `http://127.0.0.1:${port}`, dataDir, adminToken };
}
