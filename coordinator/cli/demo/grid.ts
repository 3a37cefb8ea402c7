/** The demo's own coordinator, on a free port and in a folder that goes away with it. */
import type { AddressInfo } from 'node:net';
import { type Connection, connect } from '../../../client/index.ts';
import { buildApp } from '../../app.ts';
import type { StoryLine } from '../../core/views.ts';
import type { Breakpoints } from '../../sessions/breakpoints.ts';
import { adminToken } from '../data-dir.ts';
import { childEntries, pagesFolder } from '../package-root.ts';

export interface DemoGrid {
  readonly url: string;
  readonly admin: Connection;
  /** What happened to a job, a task or a worker, and why. */
  story(id: string): readonly StoryLine[];
  close(): Promise<void>;
}

export async function startGrid(dataDir: string, breakpoints: Breakpoints): Promise<DemoGrid> {
  const app = await buildApp({
    dataDir,
    host: '127.0.0.1',
    port: 0,
    pagesDir: pagesFolder(),
    childEntries: childEntries(),
    breakpoints,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  return {
    url,
    admin: connect(url, { token: adminToken(dataDir) }),
    story: (id) => app.grid.scheduler.story(id),
    close: () => app.close(),
  };
}
