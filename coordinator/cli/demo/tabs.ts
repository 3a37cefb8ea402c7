/** The demo's volunteers: Chromium tabs in profiles of their own, or headless workers where there is no Chromium. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext } from 'playwright-core';
import { packageRoot } from '../package-root.ts';

export interface Volunteer {
  readonly name: string;
  /** Rejects when it ends before anyone asked for it. */
  readonly untimelyEnd?: Promise<never>;
  /** Ends it without a word of good-bye, as a lid that is shut. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

export interface Crowd {
  readonly kind: 'tabs' | 'workers';
  /** In words, for the log. */
  readonly description: string;
  /** Resolves once the volunteer has consented, or was started; the coordinator knows when it has joined. */
  open(name: string): Promise<Volunteer>;
}

const ARGUMENTS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const JOIN_MS = 60_000;

export function chromiumPath(): string | undefined {
  const path = process.env.MUSTER_CHROMIUM || '/usr/bin/chromium';
  return existsSync(path) ? path : undefined;
}

/** Tabs that open `url`, consent and give one slot at full share. Profiles lie under `folder`. */
export function chromiumCrowd(executablePath: string, url: string, folder: string): Crowd {
  return {
    kind: 'tabs',
    description: `headless Chromium tabs (${executablePath}), each in a profile of its own`,
    async open(name) {
      const { chromium } = await import('playwright-core');
      const root = process.getuid?.() === 0;
      const context = await chromium.launchPersistentContext(join(folder, name), {
        executablePath,
        headless: true,
        // Chromium's sandbox refuses to run as root, as it does in containers.
        args: root ? [...ARGUMENTS, '--no-sandbox'] : ARGUMENTS,
        handleSIGINT: false,
        handleSIGTERM: false,
        handleSIGHUP: false,
      });
      await consent(context, url);
      const close = () => context.close();
      return { name, kill: close, close };
    },
  };
}

/** Clicks through the page as a person would. */
async function consent(context: BrowserContext, url: string): Promise<void> {
  const page = context.pages()[0] ?? (await context.newPage());
  await page.goto(url);
  await page.locator('[data-test=slots]').fill('1');
  await page.locator('[data-test=share]').fill('100');
  await page.click('[data-test=join]');
  await page.waitForSelector('[data-state=idle], [data-state=working]', { state: 'attached', timeout: JOIN_MS });
}

export function workerCrowd(url: string): Crowd {
  return {
    kind: 'workers',
    description: 'headless workers, a process each',
    async open(name) {
      const script = join(packageRoot(), 'bin', 'muster.mjs');
      const child = spawn(process.execPath, [script, 'worker', '--url', url, '--slots', '1', '--name', name], {
        stdio: 'ignore',
      });
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      const untimelyEnd = ended.then((): never => {
        throw new Error(`the headless worker ${name} ended with exit code ${child.exitCode ?? child.signalCode}`);
      });
      // Ends after it has joined are wanted ones, and nobody listens then.
      untimelyEnd.catch(() => undefined);
      const end = async (signal: NodeJS.Signals) => {
        child.kill(signal);
        await ended;
      };
      return { name, untimelyEnd, kill: () => end('SIGKILL'), close: () => end('SIGTERM') };
    },
  };
}
