/** Real Chromium for tests: one browser, each tab in its own context (its own profile as far as storage goes). */
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

export const CHROMIUM = process.env.MUSTER_CHROMIUM ?? '/usr/bin/chromium';

export const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function launchBrowser(extraArgs: readonly string[] = []): Promise<Browser> {
  if (!existsSync(CHROMIUM)) {
    throw new Error(`no Chromium at ${CHROMIUM}; install Debian's package (apt-get install -y chromium) or set MUSTER_CHROMIUM`);
  }
  return chromium.launch({ executablePath: CHROMIUM, headless: true, args: [...CHROMIUM_ARGS, ...extraArgs] });
}

export interface TabOptions {
  /** Address of the volunteer page, with the join token in its fragment where one is needed. */
  readonly url: string;
  readonly slots?: number;
  /** CPU share in percent; tests and benches give 100. */
  readonly sharePercent?: number;
  readonly viewport?: { readonly width: number; readonly height: number };
}

/** An expression for a page of the grid: ids of the task outputs in its profile's store. */
export const COMMITTED_OUTPUTS = `new Promise((resolve, reject) => {
  const opening = indexedDB.open('muster');
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const reading = opening.result.transaction('metas').objectStore('metas').getAll();
    reading.onerror = () => reject(reading.error);
    reading.onsuccess = () => {
      opening.result.close();
      resolve(reading.result.filter((meta) => meta.kind === 'output').map((meta) => meta.id));
    };
  };
})`;

/** One volunteer tab, with the verbs that tests need. */
export class Tab {
  readonly page: Page;
  readonly #context: BrowserContext;
  /** CSP violations and page errors; a test that finds any must fail. */
  readonly problems: string[] = [];

  private constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.page = page;
    page.on('pageerror', (error) => this.problems.push(`page error: ${error.message}`));
    page.on('console', (message) => {
      if (/Content.Security.Policy|Refused to/i.test(message.text())) this.problems.push(message.text());
    });
  }

  static async open(browser: Browser, options: TabOptions): Promise<Tab> {
    const context = await browser.newContext({ viewport: options.viewport ?? { width: 1280, height: 800 } });
    const tab = new Tab(context, await context.newPage());
    await tab.page.goto(options.url);
    return tab;
  }

  /** Another tab of the same profile, at the same address; with `copy` as the browser's own "duplicate" makes it. */
  async sibling({ copy = false }: { readonly copy?: boolean } = {}): Promise<Tab> {
    const url = this.page.url();
    if (!copy) {
      const page = await this.#context.newPage();
      await page.goto(url);
      return new Tab(this.#context, page);
    }
    // A window with an opener begins with a copy of its session storage, as a duplicate does.
    const [page] = await Promise.all([this.#context.waitForEvent('page'), this.page.evaluate((at) => void window.open(at), url)]);
    await page.waitForLoadState();
    return new Tab(this.#context, page);
  }

  /** Consents and joins as a person would; resolves once the page says that it is part of the grid. */
  async join(options: Pick<TabOptions, 'slots' | 'sharePercent'> = {}): Promise<void> {
    const { page } = this;
    if (options.slots !== undefined) await setRange(page, '[data-test=slots]', options.slots);
    if (options.sharePercent !== undefined) await setRange(page, '[data-test=share]', options.sharePercent);
    await page.click('[data-test=join]');
    await this.waitForState(/^(idle|working)$/);
  }

  async waitForState(state: RegExp): Promise<void> {
    await this.page.waitForFunction(
      (pattern) => new RegExp(pattern).test(document.querySelector('[data-state]')?.getAttribute('data-state') ?? ''),
      state.source,
      { timeout: 25_000 },
    );
  }

  async state(): Promise<string | null> {
    return this.page.getAttribute('[data-state]', 'data-state');
  }

  /** The worker that this tab is on the grid. */
  workerId(): Promise<string | null> {
    return this.page.evaluate(() => sessionStorage.getItem('muster-worker-id'));
  }

  /** Ids of the task outputs that this profile has stored for good. */
  async committedOutputs(): Promise<readonly string[]> {
    return (await this.page.evaluate(COMMITTED_OUTPUTS)) as string[];
  }

  /** Closes this tab and leaves others of its profile open. */
  async closePage(): Promise<void> {
    await this.page.close({ runBeforeUnload: false });
  }

  /** Closes the tab as a person would; its storage goes with it. */
  async close(): Promise<void> {
    await this.#context.close();
  }
}

async function setRange(page: Page, selector: string, value: number): Promise<void> {
  await page.locator(selector).fill(String(value));
}
