/**
 * A tab that Playwright does not look after: Playwright makes its pages believe that they are visible and focused, and such a page is
 * never frozen. This one has a profile of its own and is driven through the browser's DevTools session.
 */
import type { Browser, CDPSession } from 'playwright-core';
import { COMMITTED_OUTPUTS } from './browser.ts';

export class RawTab {
  readonly #cdp: CDPSession;
  readonly #contextId: string;
  readonly #sessionId: string;
  readonly #answers = new Map<number, (answer: Answer) => void>();
  #asked = 0;

  private constructor(cdp: CDPSession, contextId: string, sessionId: string) {
    this.#cdp = cdp;
    this.#contextId = contextId;
    this.#sessionId = sessionId;
    cdp.on('Target.receivedMessageFromTarget', (event) => {
      if (event.sessionId !== sessionId) return;
      const answer = JSON.parse(event.message) as Answer & { readonly id?: number };
      if (answer.id !== undefined) this.#answers.get(answer.id)?.(answer);
    });
  }

  static async open(browser: Browser, url: string): Promise<RawTab> {
    const cdp = await browser.newBrowserCDPSession();
    const { browserContextId } = await cdp.send('Target.createBrowserContext', {});
    const { targetId } = await cdp.send('Target.createTarget', { url, browserContextId });
    const { sessionId } = await cdp.send('Target.attachToTarget', { targetId, flatten: false });
    return new RawTab(cdp, browserContextId, sessionId);
  }

  /** The value of an expression, awaited in the page; undefined while the page is not there yet. */
  async evaluate(expression: string): Promise<unknown> {
    const { result } = await this.#send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    return (result as { readonly result?: { readonly value?: unknown } } | undefined)?.result?.value;
  }

  async committedOutputs(): Promise<readonly string[]> {
    return (await this.evaluate(COMMITTED_OUTPUTS)) as string[];
  }

  freeze(): Promise<unknown> {
    return this.#send('Page.setWebLifecycleState', { state: 'frozen' });
  }

  thaw(): Promise<unknown> {
    return this.#send('Page.setWebLifecycleState', { state: 'active' });
  }

  /** Its storage goes with it. */
  async close(): Promise<void> {
    await this.#cdp.send('Target.disposeBrowserContext', { browserContextId: this.#contextId });
    await this.#cdp.detach();
  }

  async #send(method: string, params: object): Promise<Answer> {
    this.#asked += 1;
    const id = this.#asked;
    const answered = new Promise<Answer>((resolve) => this.#answers.set(id, resolve));
    await this.#cdp.send('Target.sendMessageToTarget', {
      message: JSON.stringify({ id, method, params }),
      sessionId: this.#sessionId,
    });
    const answer = await answered;
    this.#answers.delete(id);
    if (answer.error) throw new Error(`${method}: ${answer.error.message}`);
    return answer;
  }
}

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}
