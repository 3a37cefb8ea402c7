/**
 * Chromium without an onlooker, for measuring. Playwright listens to each page's network, and Chromium then sends it every
 * WebSocket frame, base64 in JSON: moving 55 MiB between two tabs took 1.5 s of two processors more. Here the DevTools protocol is
 * spoken directly, with no domain switched on.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { CHROMIUM, CHROMIUM_ARGS } from './browser.ts';

const LISTENING = /DevTools listening on (ws:\S+)/;
const JOIN_MS = 60_000;
/** A new tab goes from blank to its address; a redirect would be one more. */
const NAVIGATIONS = 5;

interface Answer {
  readonly id?: number;
  readonly result?: { readonly [key: string]: unknown };
  readonly error?: { readonly message: string };
}

export class QuietBrowser {
  readonly #child: ChildProcess;
  readonly #socket: WebSocket;
  readonly #profile: string;
  readonly #waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  #nextId = 1;

  private constructor(child: ChildProcess, socket: WebSocket, profile: string) {
    this.#child = child;
    this.#socket = socket;
    this.#profile = profile;
    socket.on('message', (data) => {
      const answer = JSON.parse(String(data)) as Answer;
      if (answer.id === undefined) return;
      this.#waiting.get(answer.id)?.resolve(answer);
      this.#waiting.delete(answer.id);
    });
    socket.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('Chromium closed the DevTools connection'));
    });
  }

  static async launch(): Promise<QuietBrowser> {
    const profile = mkdtempSync(join(tmpdir(), 'muster-chromium-'));
    const args = ['--headless=new', ...CHROMIUM_ARGS, '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'];
    const child = spawn(CHROMIUM, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const url = await new Promise<string>((resolve, reject) => {
      let said = '';
      child.stderr.on('data', (text: Buffer) => {
        said = (said + text.toString()).slice(-8192);
        const found = LISTENING.exec(said)?.[1];
        if (found !== undefined) resolve(found);
      });
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`Chromium ended with exit code ${code}:\n${said}`)));
    });
    const socket = new WebSocket(url, { perMessageDeflate: false });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('error', reject);
    });
    return new QuietBrowser(child, socket, profile);
  }

  /** A volunteer's tab of one slot at full share, in a profile of its own; resolves once it is part of the grid, with what `closeTab` takes. */
  async join(url: string): Promise<string> {
    const { browserContextId } = await this.#ask('Target.createBrowserContext', {});
    const { targetId } = await this.#ask('Target.createTarget', { url, browserContextId });
    const { sessionId } = await this.#ask('Target.attachToTarget', { targetId, flatten: true });
    const said = await this.#evaluate(`(${joinPage})(${JOIN_MS})`, String(sessionId));
    if (said !== 'joined') throw new Error(`the volunteer page did not join: ${String(said)}`);
    await this.#ask('Target.detachFromTarget', { sessionId });
    return String(targetId);
  }

  /** As its user does. Resolves when Chromium has heard of it. */
  async closeTab(targetId: string): Promise<void> {
    await this.#ask('Target.closeTarget', { targetId });
  }

  async close(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    if (this.#child.exitCode === null) {
      await this.#ask('Browser.close', {}).catch(() => this.#child.kill('SIGKILL'));
      await ended;
    }
    this.#socket.terminate();
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  /** In the page, once it is there: what was asked of the blank page before it is lost with it. */
  async #evaluate(expression: string, sessionId: string): Promise<unknown> {
    for (let tries = 1; ; tries++) {
      try {
        const params = { expression, awaitPromise: true, returnByValue: true };
        const { result } = await this.#ask('Runtime.evaluate', params, sessionId);
        return (result as { readonly value?: unknown }).value ?? JSON.stringify(result);
      } catch (error) {
        if (tries === NAVIGATIONS || !/context/i.test((error as Error).message)) throw error;
      }
    }
  }

  async #ask(method: string, params: object, sessionId?: string): Promise<{ readonly [key: string]: unknown }> {
    const id = this.#nextId++;
    const answer = await new Promise<Answer>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }));
    });
    if (answer.error) throw new Error(`${method}: ${answer.error.message}`);
    return answer.result ?? {};
  }
}

/** Runs in the page, as text: it may use nothing from outside itself. */
async function joinPage(withinMs: number): Promise<string> {
  const find = <T extends Element>(selector: string): T | null => document.querySelector<T>(selector);
  const until = async (check: () => boolean): Promise<boolean> => {
    for (let waitedMs = 0; waitedMs < withinMs; waitedMs += 20) {
      if (check()) return true;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return false;
  };
  if (!(await until(() => find('[data-test=join]') !== null))) return 'no join button';
  for (const [selector, value] of [
    ['[data-test=slots]', '1'],
    ['[data-test=share]', '100'],
  ] as const) {
    const input = find<HTMLInputElement>(selector);
    if (!input) return `no ${selector}`;
    input.value = value;
    input.dispatchEvent(new Event('input', { bubbles: true }));
    input.dispatchEvent(new Event('change', { bubbles: true }));
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  find<HTMLElement>('[data-test=join]')?.click();
  const state = (): string => find('[data-state]')?.getAttribute('data-state') ?? '';
  return (await until(() => state() === 'idle' || state() === 'working')) ? 'joined' : `state ${state()}`;
}
