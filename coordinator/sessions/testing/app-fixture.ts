/** A coordinator in a temporary folder with the fake planner, listening on a free port. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type App, type AppOptions, buildApp } from '../../app.ts';
import { fakePlanner } from './plans.ts';

export interface TestApp {
  readonly app: App;
  readonly url: string;
  readonly dataDir: string;
  readonly adminToken: string;
}

export async function tempDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'muster-app-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** Closed when the test ends; closing it before is fine. */
export async function testApp(options: Partial<AppOptions> = {}): Promise<TestApp> {
  const dataDir = options.dataDir ?? (await tempDir());
  const { parts, ...rest } = options;
  const app = await buildApp({ ...rest, dataDir, parts: { planner: fakePlanner, ...parts } });
  onTestFinished(() => app.close());
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const adminToken = (await readFile(join(dataDir, 'admin.token'), 'utf8')).trim();
  return { app, url: `http://127.0.0.1:${port}`, dataDir, adminToken };
}
