/** One child process and the request it works on. A child is used by one request at a time; after a kill it is gone for good. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ChildAnswer, ChildRequest } from './child-protocol.ts';

export type ChildOutcome =
  | Exclude<ChildAnswer, { kind: 'ready' }>
  | { readonly kind: 'crashed'; readonly why: string }
  | { readonly kind: 'timeout' };

export interface ChildOptions {
  readonly entry: URL | string;
  readonly memoryLimitBytes: number;
  readonly startTimeoutMs: number;
}

export class ChildHandle {
  private readonly process: ChildProcess;
  private readonly exited: Promise<string>;
  /** What the child told about its end; kept short. */
  private complaint = '';
  dead = false;

  private constructor(child: ChildProcess) {
    this.process = child;
    child.stderr?.setEncoding('utf8');
    child.stderr?.on('data', (text: string) => {
      this.complaint = (this.complaint + text).slice(-2000);
    });
    this.exited = new Promise((resolve) => {
      const end = (how: string): void => {
        this.dead = true;
        resolve(this.complaint.trim() === '' ? how : `${how}: ${this.complaint.trim().split('\n').at(-1)}`);
      };
      child.once('exit', (code, signal) => end(signal ? `ended by ${signal}` : `exited with code ${code}`));
      child.once('error', (error) => end(error.message));
    });
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  static async start(options: ChildOptions): Promise<ChildHandle> {
    const path =
      options.entry instanceof URL
        ? fileURLToPath(options.entry)
        : options.entry.startsWith('file:')
          ? fileURLToPath(options.entry)
          : options.entry;
    // Half for DuckDB, half for the JavaScript around it.
    const half = Math.floor(options.memoryLimitBytes / 2);
    const child = fork(path, [String(half)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [`--max-old-space-size=${Math.max(64, Math.floor(half / 2 ** 20))}`],
      // Nothing of the coordinator's environment (tokens among it) is the planner's business.
      env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent' },
    });
    const handle = new ChildHandle(child);
    const ready = await handle.next(
      (m) => m.kind === 'ready',
      options.startTimeoutMs,
      () => undefined,
    );
    if (ready.kind !== 'ready') {
      handle.kill();
      throw new Error(`the planner's process did not start (${path}): ${ready.kind === 'crashed' ? ready.why : 'no answer'}`);
    }
    return handle;
  }

  /** The first message that fits, or how the child ended before it. */
  private async next(
    fits: (m: ChildAnswer) => boolean,
    timeoutMs: number,
    send: () => void,
  ): Promise<ChildAnswer | { kind: 'crashed'; why: string } | { kind: 'timeout' }> {
    let timer: NodeJS.Timeout | undefined;
    let listener: ((m: unknown) => void) | undefined;
    const answer = new Promise<ChildAnswer | { kind: 'timeout' }>((resolve) => {
      listener = (m) => {
        if (fits(m as ChildAnswer)) resolve(m as ChildAnswer);
      };
      this.process.on('message', listener);
      timer = setTimeout(() => resolve({ kind: 'timeout' }), timeoutMs);
    });
    try {
      send();
      return await Promise.race([answer, this.exited.then((why) => ({ kind: 'crashed' as const, why }))]);
    } finally {
      clearTimeout(timer);
      if (listener) this.process.off('message', listener);
    }
  }

  async ask(request: ChildRequest, timeoutMs: number): Promise<ChildOutcome> {
    const outcome = await this.next(
      (m) => m.kind !== 'ready' && m.id === request.id,
      timeoutMs,
      () => {
        // A failed send means that the child is gone; its exit is what answers.
        if (!this.dead) this.process.send(request, () => undefined);
      },
    );
    if (outcome.kind === 'timeout') this.kill();
    return outcome.kind === 'ready' ? { kind: 'crashed', why: 'answered out of turn' } : outcome;
  }

  kill(): void {
    this.dead = true;
    this.process.kill('SIGKILL');
  }

  async stop(): Promise<void> {
    this.kill();
    await this.exited;
  }
}
