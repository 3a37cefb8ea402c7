/** A grid that runs examples and watches which tab makes which block; it can close a tab in the middle. */
import type { JobHandle } from '../../client/index.ts';
import type { AttemptPoint } from '../../coordinator/sessions/breakpoints.ts';
import { airportsFile, flightsFile } from '../../playwright/data.ts';
import { Gate } from '../../playwright/gate.ts';
import { Grid } from '../../playwright/grid.ts';
import type { Context, Example, GuestSource } from '../example.ts';
import { built } from './guests.ts';

/** A block that a tab has made, and that was accepted. */
interface Made {
  readonly workerId: string;
  readonly jobId: string;
  readonly stage: number;
  readonly digest: string;
}

export interface Watched<Answer> {
  readonly answer: Answer;
  readonly jobs: readonly JobHandle[];
  readonly made: readonly Made[];
  /** Whether a tab was closed. */
  readonly closed: boolean;
}

export interface RunOptions {
  readonly reuse?: boolean;
  /**
   * From the block of this number on (the first is 1): the tab that has made one is closed while the block's job is still running. The job
   * is held meanwhile.
   */
  readonly closeFromBlock?: number;
}

const FILES = { flights: flightsFile, airports: airportsFile };

export class WatchedGrid {
  readonly #grid: Grid;
  readonly #hooks: Hooks;
  readonly #codes = new Map<GuestSource['source'], Promise<string>>();
  readonly #inputs = new Map<string, Promise<void>>();

  private constructor(grid: Grid, hooks: Hooks) {
    this.#grid = grid;
    this.#hooks = hooks;
  }

  /** All stages run in tabs, also those that the coordinator's own slot would take. */
  static async start(): Promise<WatchedGrid> {
    const hooks: Hooks = {};
    const grid = await Grid.start({
      localSlot: false,
      breakpoints: {
        beforeLease: async () => hooks.beforeLease?.(),
        afterAccept: async (point) => hooks.afterAccept?.(point),
      },
    });
    return new WatchedGrid(grid, hooks);
  }

  get grid(): Grid {
    return this.#grid;
  }

  async run<Answer>(
    example: Example<Answer>,
    { reuse = true, closeFromBlock = Number.POSITIVE_INFINITY }: RunOptions = {},
  ): Promise<Watched<Answer>> {
    for (const [name, input] of Object.entries(example.inputs)) await this.#provide(name, input);
    const codes = new Map<string, string>();
    for (const [name, guest] of Object.entries(example.guests)) codes.set(name, await this.#codeOf(guest));
    const jobs: JobHandle[] = [];
    const made: Made[] = [];
    let [closing, closed] = [false, false];
    this.#hooks.afterAccept = async (point) => {
      const { workerId, jobId, stage, blockId } = point;
      made.push({ workerId, jobId, stage, digest: this.#grid.digestOf(blockId) ?? 'unknown' });
      if (made.length < closeFromBlock || closing) return;
      closing = true;
      closed = await this.#close(point);
      closing = closed;
    };
    const context: Context = {
      code: (name) => codes.get(name) ?? '',
      submit: async (plan) => {
        const job = await this.#grid.admin.submit({ plan, reuse });
        jobs.push(job);
        return job;
      },
    };
    try {
      return { answer: await example.run(context), jobs, made, closed };
    } finally {
      this.#hooks.afterAccept = undefined;
      this.#hooks.beforeLease = undefined;
    }
  }

  /** The job's attempts that scanned a dataset, and what they fetched and loaded for it (nothing where a slot still held the columns): from its story. */
  async scansOf(job: JobHandle): Promise<{ readonly attempts: number; readonly bytes: number }> {
    const { stages } = await job.plan();
    const scans = new Set(stages.filter(({ title }) => title.startsWith('scan ')).map(({ index }) => index));
    const ended = this.#grid.story(job.id).filter(({ what }) => what === 'attemptEnded');
    const ofScans = ended.filter(({ detail }) => scans.has(Number(detail?.stage)));
    const bytes = ofScans.reduce(
      (sum, { detail }) => sum + Number(detail?.fetchedBytes ?? 0) + Number(detail?.loadedBytes ?? 0),
      0,
    );
    return { attempts: ofScans.length, bytes };
  }

  /** Runs it on one tab alone, then on the other alone: the digests of what each has made, by the place in the jobs. */
  async digestsOfEach<Answer>(example: Example<Answer>): Promise<readonly (readonly string[])[]> {
    const all: string[][] = [];
    for (const only of this.#grid.tabs) {
      const others = this.#grid.tabs.filter((tab) => tab !== only);
      for (const tab of others) {
        await tab.page.click('[data-test=pause]');
        await tab.waitForState(/^paused$/);
      }
      const { made, jobs } = await this.run(example, { reuse: false });
      const place = new Map(jobs.map(({ id }, i) => [id, i]));
      const workerId = await only.workerId();
      if (made.some((block) => block.workerId !== workerId)) throw new Error('a tab that was paused has made a block');
      all.push(made.map(({ jobId, stage, digest }) => `job ${place.get(jobId)} stage ${stage}: ${digest}`).sort());
      for (const tab of others) {
        await tab.page.click('[data-test=resume]');
        await tab.waitForState(/^(idle|working)$/);
      }
    }
    return all;
  }

  /**
   * Nothing is leased from the moment of the accepted block until the tab is gone: what was not done then is done without it. False, and
   * nothing is closed, where that block was the job's last.
   */
  async #close({ workerId, jobId }: AttemptPoint): Promise<boolean> {
    const gone = new Gate<void>();
    this.#hooks.beforeLease = () => gone.opened;
    try {
      if ((await this.#grid.admin.job(jobId).status()).state !== 'running') return false;
      const ids = await Promise.all(this.#grid.tabs.map((tab) => tab.workerId()));
      const [tab] = this.#grid.tabs.splice(ids.indexOf(workerId), 1);
      await tab?.close();
      await this.#grid.until('the tab is gone', async () => (await this.#grid.workers()).every((w) => w.workerId !== workerId));
      return true;
    } finally {
      this.#hooks.beforeLease = undefined;
      gone.open();
    }
  }

  #provide(name: string, input: Example<unknown>['inputs'][string]): Promise<void> {
    const provided =
      this.#inputs.get(name) ??
      (typeof input === 'string'
        ? this.#grid.dataset(name, FILES[input]())
        : this.#grid.admin.datasets.upload(name, new Blob([input()]), { format: 'csv' }).then(() => undefined));
    this.#inputs.set(name, provided);
    return provided;
  }

  #codeOf(guest: GuestSource): Promise<string> {
    const code =
      this.#codes.get(guest.source) ?? built(guest).then((made) => (typeof made === 'string' ? made : this.#upload(made)));
    this.#codes.set(guest.source, code);
    return code;
  }

  async #upload(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
    return (await this.#grid.admin.modules.upload(bytes)).digest;
  }
}

/** What is to happen at the coordinator's named points. */
interface Hooks {
  beforeLease?: (() => Promise<void>) | undefined;
  afterAccept?: ((point: AttemptPoint) => Promise<void>) | undefined;
}
