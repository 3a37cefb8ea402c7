/** Block stores in real Chromium without a grid around them: pages whose workers hold a StoreLab. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { build } from 'esbuild';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import type { StoreLab } from '../web-worker-client/blocks/testing/store-lab.ts';
import type { LabPage } from '../web-worker-client/blocks/testing/store-lab-page.ts';
import { CHROMIUM, launchBrowser } from './browser.ts';

const TESTING = resolve(import.meta.dirname, '../web-worker-client/blocks/testing');
const ENTRIES = { worker: 'store-lab-worker.ts', page: 'store-lab-page.ts' };

export class Labs {
  readonly browser: Browser;
  readonly port: number;
  readonly #server: Server;

  private constructor(browser: Browser, server: Server) {
    this.browser = browser;
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  static async start(browserArgs: readonly string[] = []): Promise<Labs> {
    const entryPoints = Object.fromEntries(Object.entries(ENTRIES).map(([name, file]) => [name, resolve(TESTING, file)]));
    const { outputFiles } = await build({ entryPoints, bundle: true, format: 'esm', write: false, outdir: '/' });
    const scripts = new Map(outputFiles.map((file) => [file.path, file.text]));
    const server = createServer((request, response) => {
      const script = scripts.get(request.url ?? '');
      response.setHeader('content-type', script === undefined ? 'text/html' : 'text/javascript');
      response.end(script ?? '<!doctype html><title>lab</title><script type="module" src="/page.js"></script>');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return new Labs(await launchBrowser(browserArgs), server);
  }

  profile(): Promise<BrowserContext> {
    return this.browser.newContext();
  }

  /** A profile on disk with a browser of its own, as people have; the profiles above live in memory. */
  async diskProfile(directory: string): Promise<BrowserContext> {
    return chromium.launchPersistentContext(directory, {
      executablePath: CHROMIUM,
      headless: true,
      args: ['--no-sandbox', '--disable-gpu'],
    });
  }

  /** A tab of a profile. `host` is loopback unless the test says otherwise. */
  async tab(profile: BrowserContext, host = '127.0.0.1'): Promise<Lab> {
    const page = await profile.newPage();
    await page.goto(`http://${host}:${this.port}/`);
    return new Lab(page);
  }

  async close(): Promise<void> {
    await this.browser.close();
    await new Promise((done) => this.#server.close(done));
  }
}

export class Lab {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  async do<M extends keyof StoreLab>(method: M, ...args: Parameters<StoreLab[M]>): Promise<Awaited<ReturnType<StoreLab[M]>>> {
    await this.page.waitForFunction(() => 'lab' in globalThis);
    const call = [method, args] as const;
    const done = this.page.evaluate(([name, rest]) => (globalThis as unknown as LabPage).lab(name, ...rest), call);
    return (await done) as Awaited<ReturnType<StoreLab[M]>>;
  }

  /** The tab dies, worker and all, without a word. */
  async kill(): Promise<void> {
    await this.page.close({ runBeforeUnload: false });
  }
}
