/** A coordinator in a process of its own, as users run it; benches talk to it over loopback. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { adminToken } from '../coordinator/cli/data-dir.ts';
import { builtBin } from './paths.ts';

const RELAYED = /^muster_data_bytes_total\{from="worker"\} (\S+)$/m;
const READY = /^muster ready (http:\S+)$/;

export class CoordinatorProcess {
  readonly url: string;
  readonly dataDir: string;
  readonly #child: ChildProcess;

  readonly #notes: () => string;

  private constructor(child: ChildProcess, url: string, dataDir: string, notes: () => string) {
    this.#notes = notes;
    this.#child = child;
    this.url = url;
    this.dataDir = dataDir;
  }

  /** `port`: 0 picks a free one. `options`: further ones of `muster serve`. */
  static async start(dataDir: string, port = 0, options: readonly string[] = []): Promise<CoordinatorProcess> {
    const args = [builtBin(), 'serve', '--port', `${port}`, '--data-dir', dataDir, ...options];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let notes = '';
    child.stderr.on('data', (text: Buffer) => {
      notes = (notes + text.toString()).slice(-4096);
    });
    const url = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const found = READY.exec(line)?.[1];
        if (found !== undefined) resolve(found);
      });
      child.once('exit', (code) =>
        reject(new Error(`the coordinator ended with exit code ${code} before it was ready:\n${notes}`)),
      );
    });
    return new CoordinatorProcess(child, url, dataDir, () => notes);
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** What it has said on stderr. */
  get notes(): string {
    return this.#notes();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What its relay has passed from tab to tab so far, by its metrics. */
  async relayedBytes(): Promise<number> {
    const headers = { authorization: `Bearer ${adminToken(this.dataDir)}` };
    const text = await (await fetch(`${this.url}/metrics`, { headers })).text();
    const found = RELAYED.exec(text)?.[1];
    if (found === undefined) throw new Error(`the metrics don't say what was relayed:\n${text}`);
    return Number(found);
  }

  /** As `kill -9` does: it gets no chance to write anything. */
  async kill(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    this.#child.kill('SIGKILL');
    await ended;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    this.#child.kill('SIGTERM');
    await ended;
  }
}
