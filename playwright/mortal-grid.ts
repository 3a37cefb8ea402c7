/** A coordinator in a process of its own that is killed without warning and started again, and workers that outlive it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, connect, type JobJson, type ResultJson } from '../client/index.ts';
import { adminToken } from '../coordinator/cli/data-dir.ts';
import { difference } from '../coordinator/cli/demo/difference.ts';
import { Native } from '../coordinator/cli/demo/native.ts';
import { runHeadlessWorker } from '../web-worker-client/headless/index.ts';
import { CoordinatorProcess } from './coordinator-process.ts';
import { slotEntry } from './paths.ts';

export interface Redone {
  /** Tasks of the job that had been accepted when the coordinator died, and ran again. */
  readonly recomputes: number;
  readonly tasks: number;
}

export class MortalGrid {
  readonly native: Native;
  readonly #folder: string;
  readonly #options: readonly string[];
  #coordinator: CoordinatorProcess;
  #admin: Connection;
  readonly #stop = new AbortController();
  readonly #workers: Promise<void>[] = [];

  private constructor(coordinator: CoordinatorProcess, native: Native, folder: string, options: readonly string[]) {
    this.#coordinator = coordinator;
    this.native = native;
    this.#folder = folder;
    this.#options = options;
    this.#admin = this.#connect();
  }

  /** `options`: of `muster serve`. */
  static async start(options: readonly string[] = []): Promise<MortalGrid> {
    const folder = mkdtempSync(join(tmpdir(), 'muster-mortal-'));
    const coordinator = await CoordinatorProcess.start(join(folder, 'data'), 0, options);
    return new MortalGrid(coordinator, await Native.open(), folder, options);
  }

  get admin(): Connection {
    return this.#admin;
  }

  get url(): string {
    return this.#coordinator.url;
  }

  /** What the coordinator that runs now has said on stderr. */
  get notes(): string {
    return this.#coordinator.notes;
  }

  #connect(): Connection {
    return connect(this.#coordinator.url, { token: adminToken(this.#coordinator.dataDir) });
  }

  async dataset(name: string, path: string): Promise<void> {
    await this.#admin.datasets.register(name, path);
    await this.native.load(name, path);
  }

  /** Headless ones of this process, of one slot each. */
  async addWorkers(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      this.#workers.push(runHeadlessWorker({ url: this.url, slots: 1, slotEntry: slotEntry(), signal: this.#stop.signal }));
    }
    await this.until('all workers have joined', async () => (await this.#admin.workers()).length === this.#workers.length);
  }

  /** As `kill -9`; and at once another one from the same data directory, at the same address. */
  async crash(): Promise<void> {
    const { port, dataDir } = this.#coordinator;
    await this.#coordinator.kill();
    this.#coordinator = await CoordinatorProcess.start(dataDir, port, this.#options);
    this.#admin = this.#connect();
  }

  async job(jobId: string): Promise<JobJson> {
    return (await this.#get(`/v1/jobs/${jobId}`)) as JobJson;
  }

  /** Waits for the end. */
  async result(jobId: string): Promise<ResultJson> {
    for (;;) {
      const answer = await this.#ask(`/v1/jobs/${jobId}/result?wait=25`);
      if (answer.ok) return (await answer.json()) as ResultJson;
      const text = await answer.text();
      if (!text.includes('job-running')) throw new Error(`the result of ${jobId}: ${answer.status} ${text}`);
    }
  }

  async #get(path: string): Promise<unknown> {
    const answer = await this.#ask(path);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  #ask(path: string): Promise<Response> {
    const headers = { authorization: `Bearer ${adminToken(this.#coordinator.dataDir)}` };
    return fetch(`${this.url}${path}`, { headers });
  }

  /** Undefined when the job's answer is native DuckDB's. */
  async differs(jobId: string, sql: string, orderedBy: readonly number[] = []): Promise<string | undefined> {
    return difference(await this.result(jobId), (await this.native.query(sql)).result, orderedBy);
  }

  /** Resolves once `check` is true of what the coordinator says; asks again on each change that it tells. */
  async until(what: string, check: () => Promise<boolean>, ms = 20_000): Promise<void> {
    const signal = AbortSignal.timeout(ms);
    if (await check()) return;
    for await (const _ of this.#admin.events({ signal })) if (await check()) return;
    throw new Error(`not within ${ms} ms: ${what}`);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#workers);
    await this.#coordinator.stop();
    this.native.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** What the job ran twice of what it had, over all its coordinators. */
export function redoneOf(job: JobJson): Redone {
  return { recomputes: job.counters.recomputes ?? 0, tasks: job.counters.tasksPlanned ?? 0 };
}
