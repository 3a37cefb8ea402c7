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
  /** Told how the process ended. Not `exited.then`: a promise that never settles would keep each answer that was raced with it. */
  private readonly onEnd = new Set<(why: string) => void>();
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
        const why = this.complaint.trim() === '' ? how : `${how}: ${this.complaint.trim().split('\n').at(-1)}`;
        for (const tell of [...this.onEnd]) tell(why);
        resolve(why);
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
    return new Promise((resolve) => {
      const over = (outcome: ChildAnswer | { kind: 'crashed'; why: string } | { kind: 'timeout' }): void => {
        clearTimeout(timer);
        this.process.off('message', heard);
        this.onEnd.delete(ended);
        resolve(outcome);
      };
      const heard = (m: unknown): void => {
        if (fits(m as ChildAnswer)) over(m as ChildAnswer);
      };
      const ended = (why: string): void => over({ kind: 'crashed', why });
      const timer = setTimeout(() => over({ kind: 'timeout' }), timeoutMs);
      this.process.on('message', heard);
      this.onEnd.add(ended);
      if (this.dead) void this.exited.then(ended);
      send();
    });
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
