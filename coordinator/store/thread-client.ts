/** The event loop's side of the store: requests go to the thread, and resolve when they are committed. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { StoreError } from './errors.ts';
import type { FromThread, Step, StepResult, ThreadError, ToThread } from './thread-protocol.ts';

interface Waiting {
  readonly resolve: (results: readonly StepResult[]) => void;
  readonly reject: (error: unknown) => void;
}

/** An error of SQLite's, as the thread met it. */
export class DatabaseError extends Error {
  override name = 'DatabaseError';
  readonly code: string | undefined;

  constructor({ message, code }: ThreadError) {
    super(message);
    this.code = code;
  }
}

export class StoreThread {
  /** The last thing that was being written when an earlier process died was cut short, and does not count. */
  readonly cutShort: boolean;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #made = 0;
  #closed: (() => void) | undefined;
  /** Why nothing is answered any more. */
  #ended: unknown;

  private constructor(worker: Worker, cutShort: boolean) {
    this.#worker = worker;
    this.cutShort = cutShort;
    worker.on('message', (message: FromThread) => this.#receive(message));
    worker.on('error', (error) => this.#fail(error));
    worker.on('exit', () => this.#fail(new Error('the thread of the store has ended')));
  }

  /** @throws StoreError when the file is of no use; it is then left as it was */
  static async open(path: string): Promise<StoreThread> {
    const worker = new Worker(scriptPath(), { workerData: { path }, env: {}, execArgv: [] });
    const first = await new Promise<FromThread>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', () => reject(new Error('the thread of the store has ended before it was open')));
    });
    if (first.type === 'opened') return new StoreThread(worker, first.cutShort);
    await worker.terminate();
    if (first.type !== 'failed') throw new Error('the thread of the store does not say that it is open');
    if (first.code === undefined) throw new Error(first.message);
    throw new StoreError(first.code, first.message, first.hint);
  }

  /** All steps or none; resolves once they are committed. @throws DatabaseError */
  run(steps: readonly Step[]): Promise<readonly StepResult[]> {
    // At once: the thread commits while the event loop goes on with what it does.
    return this.#ask((id) => ({ type: 'run', requests: [{ id, steps }] }));
  }

  /** Writes a complete copy, as of now, into a file that does not exist. @throws DatabaseError */
  async copy(path: string): Promise<void> {
    await this.#ask((id) => ({ type: 'copy', id, path }));
  }

  /** Resolves when all is written and the file is closed. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      if (this.#ended !== undefined) return resolve();
      this.#closed = resolve;
      this.#worker.postMessage({ type: 'close' } satisfies ToThread);
    });
    await this.#worker.terminate();
  }

  #ask(messageOf: (id: number) => ToThread): Promise<readonly StepResult[]> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      const id = ++this.#made;
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage(messageOf(id));
    });
  }

  #receive(message: FromThread): void {
    if (message.type === 'closed') this.#closed?.();
    if (message.type !== 'answers') return;
    for (const answer of message.answers) {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if ('error' in answer) waiting?.reject(new DatabaseError(answer.error));
      else waiting?.resolve(answer.results);
    }
  }

  /** The first error is the cause; that the thread has then ended follows from it. */
  #fail(error: unknown): void {
    this.#ended ??= error;
    this.#closed?.();
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

/** Beside this module's bundle; run from the sources, where the build puts it. */
function scriptPath(): string {
  const beside = fileURLToPath(new URL('./store-thread.js', import.meta.url));
  return existsSync(beside) ? beside : fileURLToPath(new URL('../../dist/node/store-thread.js', import.meta.url));
}
