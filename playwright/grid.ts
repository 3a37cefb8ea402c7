/** A coordinator in this process with real tabs around it, and native DuckDB over the same files: what the suites drive. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser } from 'playwright-core';
import {
  type Connection,
  connect,
  type JobCountersJson,
  type JobHandle,
  type JobJson,
  type ResultJson,
  type WorkerJson,
} from '../client/index.ts';
import { type AppOptions, buildApp } from '../coordinator/app.ts';
import { adminToken } from '../coordinator/cli/data-dir.ts';
import { difference } from '../coordinator/cli/demo/difference.ts';
import { Native } from '../coordinator/cli/demo/native.ts';
import type { StoryLine } from '../coordinator/core/views.ts';
import type { BlockId } from '../shared/ids.ts';
import { launchBrowser, Tab, type TabOptions } from './browser.ts';
import { RawTab } from './raw-tab.ts';

const ROOT = resolve(import.meta.dirname, '..');

export interface GridOptions extends Partial<AppOptions> {
  readonly browserArgs?: readonly string[];
}

export class Grid {
  readonly url: string;
  readonly admin: Connection;
  readonly native: Native;
  readonly #app: Awaited<ReturnType<typeof buildApp>>;
  readonly dataDir: string;
  readonly #browserArgs: readonly string[];
  #browser: Promise<Browser> | undefined;
  readonly tabs: Tab[] = [];

  private constructor(
    app: Awaited<ReturnType<typeof buildApp>>,
    url: string,
    dataDir: string,
    native: Native,
    browserArgs: readonly string[],
  ) {
    this.#app = app;
    this.url = url;
    this.dataDir = dataDir;
    this.native = native;
    this.#browserArgs = browserArgs;
    this.admin = connect(url, { token: adminToken(dataDir) });
  }

  static async start({ browserArgs = [], ...options }: GridOptions = {}): Promise<Grid> {
    const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'muster-grid-'));
    const built = (name: string): string => join(ROOT, 'dist', 'node', `${name}.js`);
    const app = await buildApp({
      host: '127.0.0.1',
      port: 0,
      pagesDir: join(ROOT, 'dist', 'pages'),
      childEntries: {
        planner: built('planner-child'),
        ingest: built('ingest-child'),
        slot: built('slot-entry'),
        compile: built('compile-child'),
      },
      ...options,
      dataDir,
    });
    await app.listen({ host: '127.0.0.1', port: 0 });
    const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
    return new Grid(app, url, dataDir, await Native.open(), browserArgs);
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  adminHeaders(): Record<string, string> {
    return { authorization: `Bearer ${adminToken(this.dataDir)}` };
  }

  /** The token of join links for tabs beyond loopback. */
  volunteerToken(): string {
    return readFileSync(join(this.dataDir, 'volunteer.token'), 'utf8').trim();
  }

  /** Of links for those who shall also run queries. */
  authorToken(): Promise<string> {
    return this.#app.grid.tokens.joinToken('author');
  }

  /** Registers a file on the grid and loads it into native DuckDB under the same name. */
  async dataset(name: string, path: string): Promise<void> {
    await this.admin.datasets.register(name, path);
    await this.native.load(name, path);
  }

  async openTab(options: Partial<TabOptions> = {}): Promise<Tab> {
    this.#browser ??= launchBrowser(this.#browserArgs);
    const tab = await Tab.open(await this.#browser, { url: `${this.url}/`, ...options });
    this.tabs.push(tab);
    return tab;
  }

  /** Its visitor closes it. */
  async openRawTab(): Promise<RawTab> {
    this.#browser ??= launchBrowser(this.#browserArgs);
    return RawTab.open(await this.#browser, `${this.url}/`);
  }

  /** Opens tabs of one slot at full share, one after the other, each joined. */
  async openTabs(count: number): Promise<Tab[]> {
    const tabs: Tab[] = [];
    for (let i = 0; i < count; i++) {
      const tab = await this.openTab();
      await tab.join({ slots: 1, sharePercent: 100 });
      tabs.push(tab);
    }
    return tabs;
  }

  sql(text: string, options: Parameters<Connection['sql']>[1] = {}): Promise<JobHandle> {
    return this.admin.sql(text, options);
  }

  /** Runs the query on the grid and natively; undefined when the answers are equal, else the first difference. */
  async compare(
    sql: string,
    orderedBy: readonly number[] = [],
  ): Promise<{ job: JobJson; rows: ResultJson; difference?: string }> {
    const handle = await this.sql(sql);
    const rows = await handle.rows();
    const why = difference(rows, (await this.native.query(sql)).result, orderedBy);
    return { job: await handle.status(), rows, ...(why === undefined ? {} : { difference: why }) };
  }

  story(id: string): readonly StoryLine[] {
    return this.#app.grid.scheduler.story(id);
  }

  /** Of a block's canonical bytes, as they were accepted; undefined once nobody needs the block. */
  digestOf(blockId: BlockId): string | undefined {
    return this.#app.grid.scheduler.blockInfo(blockId)?.digest;
  }

  /** The last lines of all stories. */
  stories(): readonly StoryLine[] {
    return this.#app.grid.scheduler.storiesSince(0).lines;
  }

  /** Which sessions there are, and whose. */
  sessions(): readonly { readonly workerId: string; readonly sessionId: string }[] {
    return this.#app.grid.scheduler.workers().map(({ workerId, sessionId }) => ({ workerId, sessionId }));
  }

  workers(): Promise<readonly WorkerJson[]> {
    return this.admin.workers();
  }

  /** Resolves once `check` is true of what the coordinator says; asks again on each change that it tells. */
  async until(what: string, check: () => Promise<boolean>, ms = 20_000): Promise<void> {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), ms);
    try {
      if (await check()) return;
      for await (const _ of this.admin.events({ signal: stop.signal })) {
        if (await check()) return;
      }
      throw new Error(`not within ${ms} ms: ${what}`);
    } finally {
      clearTimeout(timer);
      stop.abort();
    }
  }

  async close(): Promise<void> {
    const browser = await this.#browser?.catch(() => undefined);
    await browser?.close();
    await this.#app.close();
    this.native.close();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

/** All counters of a job that this run of the coordinator has seen. */
export function countersOf(job: JobJson): JobCountersJson {
  if (job.counters.attempts === undefined) throw new Error(`job ${job.jobId} has no counters`);
  return job.counters as JobCountersJson;
}
