/** A slot as the link worker sees it, over any runtime: boots the engine once, then runs one attempt after the other. */
import { loadHashes } from '../../shared/hash.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { ResidentChange, SlotApi, SlotOptions, SlotOutcome, SlotTask } from './api.ts';
import { AttemptControl } from './attempt-control.ts';
import type { SlotRuntime } from './bindings.ts';
import { Engine } from './engine.ts';
import { Residents } from './residents.ts';
import { Runner } from './runner.ts';

interface Booted {
  readonly engine: Engine;
  readonly residents: Residents;
  readonly runner: Runner;
}

export class Slot implements SlotApi {
  readonly #runtime: SlotRuntime;
  readonly #nowMs: () => number;
  #booted: Promise<Booted> | undefined;
  #share = 1;
  /** The attempt that runs, and those that wait behind it. */
  readonly #attempts = new Map<string, AttemptControl>();
  #queue: Promise<unknown> = Promise.resolve();

  constructor(runtime: SlotRuntime, nowMs: () => number = () => performance.now()) {
    this.#runtime = runtime;
    this.#nowMs = nowMs;
  }

  async boot(options: SlotOptions): Promise<{ readonly engineVersion: string }> {
    this.#booted ??= this.#boot(options);
    const { engine } = await this.#booted;
    return { engineVersion: engine.version };
  }

  async #boot(options: SlotOptions): Promise<Booted> {
    const [bindings, unzstd] = await Promise.all([this.#runtime.loadEngine(options), this.#runtime.loadZstd(), loadHashes()]);
    const engine = Engine.boot(bindings, options.memoryLimitBytes, options.resultBytesMax);
    const residents = new Residents(engine.connect(), options.memoryLimitBytes * LIMITS.residentShare);
    const loadScripts = (): Promise<WebAssembly.Module> => this.#runtime.loadScripts();
    const splitKeptBytes = options.memoryLimitBytes / 4;
    return {
      engine,
      residents,
      runner: new Runner({ engine, residents, unzstd, loadScripts, nowMs: this.#nowMs, splitKeptBytes }),
    };
  }

  /** Rejects only before `boot`. */
  run(task: SlotTask): Promise<SlotOutcome> {
    const { maxRunMs } = task.spec;
    const control = new AttemptControl({ maxRunMs, share: () => this.#share, nowMs: this.#nowMs });
    this.#attempts.set(task.attemptId, control);
    const outcome = this.#inTurn(({ runner }) => {
      control.start();
      return runner.run(task, control);
    });
    return outcome.finally(() => {
      this.#attempts.delete(task.attemptId);
      control.close();
    });
  }

  async cancel(attemptId: string, why: string): Promise<void> {
    this.#attempts.get(attemptId)?.cancel(why);
  }

  async setShare(share: number): Promise<void> {
    this.#share = share;
  }

  dropResidents(residentKeys?: readonly string[]): Promise<readonly ResidentChange[]> {
    return this.#inTurn(async ({ residents }) => {
      if (residentKeys === undefined) residents.dropUnpinned();
      else for (const key of residentKeys) residents.drop(key);
      return residents.takeChanges();
    });
  }

  /** After what came before; nobody's failure is the next one's. */
  #inTurn<T>(work: (booted: Booted) => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = withResolvers<T>();
    const booted = this.#booted;
    this.#queue = this.#queue.then(async () => {
      try {
        if (booted === undefined) throw new Error('the slot was not booted');
        resolve(await work(await booted));
      } catch (error) {
        reject(error);
      }
    });
    return promise;
  }
}

function withResolvers<T>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
