/** A coordinator that is killed at random moments of jobs, one data directory long; what each death cost. */
import type { JobJson } from '../client/index.ts';
import type { MortalGrid } from '../playwright/mortal-grid.ts';
import { QuietBrowser } from '../playwright/quiet-browser.ts';
import type { Prng } from '../shared/prng.ts';
import { type JobKind, restartJobs } from './restart-jobs.ts';

export interface Kill {
  readonly workers: 'tabs' | 'headless';
  readonly job: string;
  /** Since the job was submitted; since the coordinator was ready again, where `again`. */
  readonly afterMs: number;
  /** Killed a second time in the same job. */
  readonly again: boolean;
  /** The stages that ran when the coordinator was last asked, `done/tasks` of each; or the job's state. */
  readonly fell: string;
  readonly running: number;
  readonly done: number;
  readonly restartMs: number;
}

/** Of a job in the middle of which the coordinator was killed, by its end. */
export interface Survived {
  readonly jobId: string;
  readonly kind: string;
  readonly kills: number;
  readonly tasks: number;
  /** Attempts that succeeded beyond one a task. */
  readonly ranAgain: number;
  /** Attempts that ended otherwise: what ran and could not go on. */
  readonly cutShort: number;
  readonly difference?: string;
}

export interface KillPlan {
  readonly kills: number;
  /** So many of them with Chromium tabs, the rest with headless workers. */
  readonly withTabs: number;
  readonly workers: number;
  readonly random: Prng;
  readonly note: (line: string) => void;
}

/** One of so many jobs beside which another one runs. */
const PAIRS_EACH = 4;
/** The chance that the next coordinator dies in the same job, too. */
const AGAIN = 0.25;

export class KillLab {
  readonly kills: Kill[] = [];
  readonly survived: Survived[] = [];
  /** Results that were there before a kill and not, or otherwise, after it. */
  lostResults = 0;
  readonly #grid: MortalGrid;
  readonly #plan: KillPlan;
  readonly #finished = new Map<string, string>();
  #workers: Kill['workers'] = 'tabs';
  #made = 0;

  constructor(grid: MortalGrid, plan: KillPlan) {
    this.#grid = grid;
    this.#plan = plan;
  }

  async run(): Promise<void> {
    const { kills, withTabs, workers } = this.#plan;
    const kinds = await restartJobs(this.#grid.admin);
    const browser = await QuietBrowser.launch();
    try {
      for (let i = 0; i < workers; i++) await browser.join(`${this.#grid.url}/`);
      await this.#killed(kinds, Math.min(withTabs, kills));
    } finally {
      await browser.close();
    }
    if (kills <= withTabs) return;
    this.#workers = 'headless';
    await this.#grid.addWorkers(workers);
    await this.#killed(kinds, kills);
  }

  /** Until there were so many kills. */
  async #killed(kinds: readonly JobKind[], until: number): Promise<void> {
    const lengths = new Map<string, number>();
    for (const kind of kinds) lengths.set(kind.name, await this.#lengthMs(kind));
    while (this.kills.length < until) {
      const kind = kinds[this.#made % kinds.length] as JobKind;
      const beside = this.#made % PAIRS_EACH === PAIRS_EACH - 1 ? kinds[(this.#made + 1) % kinds.length] : undefined;
      await this.#oneJob(kind, beside, lengths.get(kind.name) ?? 0, until);
    }
  }

  /** How long it takes where nobody is killed; a run before that one has loaded the engines. */
  async #lengthMs(kind: JobKind): Promise<number> {
    let lengthMs = 0;
    for (let i = 0; i < 2; i++) {
      const startMs = performance.now();
      const { id } = await this.#submit(kind, ++this.#made);
      await this.#grid.result(id);
      lengthMs = performance.now() - startMs;
    }
    return lengthMs;
  }

  #submit(kind: JobKind, n: number): Promise<{ readonly id: string }> {
    return this.#grid.admin.submit({ plan: kind.plan(n) });
  }

  async #oneJob(kind: JobKind, beside: JobKind | undefined, lengthMs: number, until: number): Promise<void> {
    const { random } = this.#plan;
    const jobs: { readonly id: string; readonly kind: JobKind; readonly n: number }[] = [];
    for (const each of beside ? [kind, beside] : [kind]) {
      const n = ++this.#made;
      jobs.push({ id: (await this.#submit(each, n)).id, kind: each, n });
    }
    const ids = jobs.map(({ id }) => id);
    let deaths = 0;
    do {
      await this.#kill(ids, jobs.map((job) => job.kind.name).join(' + '), random.float() * lengthMs * jobs.length, deaths > 0);
      deaths++;
    } while (this.kills.length < until && random.float() < AGAIN);
    for (const job of jobs) await this.#ended(job, deaths);
    await this.#expectResults();
  }

  async #kill(ids: readonly string[], job: string, afterMs: number, again: boolean): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    const before = await Promise.all(ids.map((id) => this.#grid.job(id)));
    const startMs = performance.now();
    await this.#grid.crash();
    const restartMs = Math.round(performance.now() - startMs);
    const sum = (of: (stage: JobJson['stages'][number]) => number): number =>
      before.reduce((all, { stages }) => all + stages.reduce((some, stage) => some + of(stage), 0), 0);
    const where = { workers: this.#workers, job, afterMs: Math.round(afterMs), again, restartMs };
    const kill: Kill = {
      ...where,
      fell: before.map(placeOf).join(' + '),
      running: sum((stage) => stage.running),
      done: sum((stage) => stage.done),
    };
    this.kills.push(kill);
    this.#plan.note(`kill ${this.kills.length} of ${this.#plan.kills}: ${JSON.stringify(kill)}`);
  }

  async #ended(
    { id, kind, n }: { readonly id: string; readonly kind: JobKind; readonly n: number },
    kills: number,
  ): Promise<void> {
    const difference = await this.#grid.differs(id, kind.native(n), [2, 0]);
    const { counters } = await this.#grid.job(id);
    const tasks = (counters.tasksPlanned ?? 0) - (counters.tasksReused ?? 0);
    const succeeded = counters.ended?.succeeded ?? 0;
    const ended = Object.values(counters.ended ?? {}).reduce((all, count) => all + count, 0);
    this.survived.push({
      jobId: id,
      kind: kind.name,
      kills,
      tasks,
      ranAgain: Math.max(0, succeeded - tasks),
      cutShort: ended - succeeded,
      ...(difference !== undefined && { difference }),
    });
    this.#finished.set(id, JSON.stringify((await this.#grid.result(id)).rows));
  }

  /** What was finished before this kill, or any earlier one, is there as it was. */
  async #expectResults(): Promise<void> {
    for (const [id, rows] of this.#finished) {
      const { state } = await this.#grid.job(id);
      if (state === 'successful' && JSON.stringify((await this.#grid.result(id)).rows) === rows) continue;
      this.lostResults++;
      this.#plan.note(`the result of ${id}, which had been seen, is ${state} and other than it was`);
    }
  }
}

/** `2: 7/13` of each stage that runs; before the first and after the last, the job's state. */
function placeOf({ state, stages }: JobJson): string {
  const running = stages.filter((stage) => stage.running > 0 || (stage.done > 0 && stage.done < stage.tasks));
  if (running.length === 0) return state;
  return running.map(({ index, done, tasks }) => `${index + 1}/${stages.length}: ${done}/${tasks}`).join(', ');
}
