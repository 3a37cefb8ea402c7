/** A coordinator in its own process, and no-op workers of one slot each that come and go as they are told. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, connect } from '../client/index.ts';
import { adminToken } from '../coordinator/cli/data-dir.ts';
import { CoordinatorProcess } from '../playwright/coordinator-process.ts';
import { BLOCK_ROWS, churnPlan } from './churn-job.ts';
import type { TraceEvent } from './churn-trace.ts';
import { ChurnWorker } from './churn-workers.ts';
import { plainFetch } from './http-reader.ts';

/** What a job took, work counted in attempts: all tasks take equally long. */
export interface Work {
  readonly tasks: number;
  /** Beyond one a task: made again, or cut short with its worker. */
  readonly extra: number;
  readonly recomputes: number;
  readonly seconds: number;
}

const POLL_MS = 10;

export class ChurnGrid {
  readonly admin: Connection;
  readonly #coordinator: CoordinatorProcess;
  readonly #folder: string;
  readonly #taskMs: number;
  readonly #note: (line: string) => void;
  readonly #workers = new Map<string, ChurnWorker>();

  private constructor(coordinator: CoordinatorProcess, folder: string, taskMs: number, note: (line: string) => void) {
    this.#coordinator = coordinator;
    this.#folder = folder;
    this.#taskMs = taskMs;
    this.#note = note;
    this.admin = connect(coordinator.url, { token: adminToken(coordinator.dataDir), fetch: plainFetch });
  }

  static async start(taskMs: number, note: (line: string) => void): Promise<ChurnGrid> {
    const folder = mkdtempSync(join(tmpdir(), 'muster-churn-'));
    return new ChurnGrid(await CoordinatorProcess.start(join(folder, 'data')), folder, taskMs, note);
  }

  get url(): string {
    return this.#coordinator.url;
  }

  worker(name: string): ChurnWorker {
    const pretence = { computeMs: this.#taskMs, blockRows: BLOCK_ROWS };
    const worker = this.#workers.get(name) ?? new ChurnWorker(this.url, pretence, this.#workers.size + 1, this.#note);
    this.#workers.set(name, worker);
    return worker;
  }

  async join(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, (_, i) => this.worker(`w${i + 1}`).does('joins')));
  }

  /** Plays the events from now on; stops early when `signal` aborts. What one worker does comes one after the other. */
  async replay(events: readonly TraceEvent[], signal: AbortSignal): Promise<void> {
    const beganMs = performance.now();
    const doing = new Map<string, Promise<void>>();
    for (const { atMs, worker, what } of events) {
      const waitMs = atMs - (performance.now() - beganMs);
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      if (signal.aborted) break;
      const before = doing.get(worker) ?? Promise.resolve();
      doing.set(
        worker,
        before.then(() => this.worker(worker).does(what)),
      );
    }
    await Promise.all(doing.values());
  }

  /** Runs the job; `midway` is called once so many of its tasks are done. */
  async job(levels: number, midway?: { readonly done: number; act(): Promise<void> }): Promise<Work> {
    const job = await this.admin.submit({ plan: churnPlan(levels), reuse: false, name: `${levels} levels` });
    if (midway) {
      await this.until('the job is midway', async () => {
        const { stages } = await job.status();
        return stages.reduce((sum, stage) => sum + stage.done, 0) >= midway.done;
      });
      await midway.act();
    }
    const { state, error, counters, startedAtMs = 0, settledAtMs = 0 } = await job.wait();
    if (state !== 'successful') throw new Error(`the job is ${state}: ${error?.detail}`);
    const tasks = counters.tasksPlanned ?? 0;
    const extra = (counters.attempts ?? 0) - tasks;
    return { tasks, extra, recomputes: counters.recomputes ?? 0, seconds: (settledAtMs - startedAtMs) / 1_000 };
  }

  /** From `act` until the coordinator does not count the worker any more. */
  async noticedMs(workerId: string, act: () => Promise<void>): Promise<number> {
    const beganMs = performance.now();
    const acted = act();
    await this.until('the loss is noticed', async () => !(await this.admin.workers()).some((each) => each.workerId === workerId));
    const noticedMs = performance.now() - beganMs;
    await acted;
    return noticedMs;
  }

  async until(what: string, check: () => Promise<boolean>, withinMs = 60_000): Promise<void> {
    for (const beganMs = performance.now(); !(await check()); ) {
      if (performance.now() - beganMs > withinMs) throw new Error(`not within ${withinMs} ms: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#workers.values()].map((worker) => worker.end()));
    await this.#coordinator.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
