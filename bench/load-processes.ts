/** The processes that hold no-op workers, as the bench sees them. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../playwright/paths.ts';
import { usageOf } from '../playwright/process-usage.ts';

export type LoadOrder =
  | { readonly do: 'join'; readonly url: string; readonly workers: number; readonly slots: number; readonly seed: number }
  | { readonly do: 'pretend'; readonly computeMs: number };

export type LoadAnswer = { readonly done: LoadOrder['do'] | 'ready' } | { readonly failed: string } | { readonly said: string };

export class LoadProcesses {
  readonly #children: readonly ChildProcess[];
  readonly #note: (line: string) => void;

  private constructor(children: readonly ChildProcess[], note: (line: string) => void) {
    this.#children = children;
    this.#note = note;
  }

  /** Resolves when all have loaded their code. */
  static async start(count: number, note: (line: string) => void): Promise<LoadProcesses> {
    const script = join(packageRoot(), 'dist', 'node', 'wire-load.js');
    const children = Array.from({ length: count }, () => fork(script, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }));
    const all = new LoadProcesses(children, note);
    await Promise.all(children.map((child) => all.#heard(child)));
    return all;
  }

  /** So many workers, dealt out to the processes. Resolves when the last has had its welcome. */
  async join(url: string, workers: number, slots: number): Promise<void> {
    const count = this.#children.length;
    const part = (index: number): number => Math.floor((workers * (index + 1)) / count) - Math.floor((workers * index) / count);
    await this.#order((index) => ({ do: 'join', url, slots, workers: part(index), seed: index + 1 }));
  }

  /** How long their slots act as if they computed. */
  async pretend(computeMs: number): Promise<void> {
    await this.#order(() => ({ do: 'pretend', computeMs }));
  }

  /** Processor time of all of them so far. */
  cpuMs(): number {
    return this.#children.reduce((sum, child) => sum + usageOf(child.pid ?? 0).cpuMs, 0);
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#children.map(
        (child) =>
          new Promise<void>((resolve) => {
            if (child.exitCode !== null || child.signalCode !== null) return resolve();
            child.once('exit', () => resolve());
            child.disconnect();
          }),
      ),
    );
  }

  async #order(orderFor: (index: number) => LoadOrder): Promise<void> {
    await Promise.all(
      this.#children.map((child, index) => {
        const heard = this.#heard(child);
        child.send(orderFor(index));
        return heard;
      }),
    );
  }

  /** The end of what the process was told last. */
  #heard(child: ChildProcess): Promise<void> {
    return new Promise((resolve, reject) => {
      const over = (): void => {
        child.off('message', onMessage);
        child.off('exit', onExit);
      };
      const onMessage = (answer: LoadAnswer): void => {
        if ('said' in answer) {
          this.#note(`a worker: ${answer.said}`);
          return;
        }
        over();
        if ('failed' in answer) reject(new Error(`a no-op worker stopped: ${answer.failed}`));
        else resolve();
      };
      const onExit = (code: number | null): void => {
        over();
        reject(new Error(`a process of no-op workers ended with code ${code}`));
      };
      child.on('message', onMessage);
      child.on('exit', onExit);
    });
  }
}
