/** A coordinator with real tabs for guests; by default one of two slots, so that honest jobs run beside hostile guests. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { CoordinatorBlocks } from '../coordinator/blocks/coordinator-blocks.ts';
import { type ModuleRecord, moduleBlockId } from '../coordinator/modules/module-record.ts';
import { openStore } from '../coordinator/store/open.ts';
import { encodeRecord } from '../shared/arrow/record.ts';
import { digestOf } from '../shared/hash.ts';
import type { AuthorPlan, AuthorRelation } from '../shared/plan/author-plan.ts';
import { flightsFile } from './data.ts';
import { Grid } from './grid.ts';

type GuestRelation = Extract<AuthorRelation, { kind: 'guest' }>;
type Bytes = Uint8Array<ArrayBuffer>;

interface LabOptions {
  readonly forged?: readonly Bytes[];
  readonly tabs?: number;
  readonly slots?: number;
}

export interface Answer {
  readonly rows?: readonly (readonly unknown[])[];
  readonly title?: string;
  readonly code?: string;
  readonly detail?: string;
  readonly hint?: string;
}

/** Generous for a busy machine; a test that waits for the deadline sets a shorter one. */
const DEADLINE_MS = 20_000;
const HONEST = 'SELECT origin, count(*) AS n FROM flights GROUP BY origin ORDER BY n DESC, origin LIMIT 3';

export class GuestLab {
  readonly grid: Grid;
  readonly #honestRows: unknown;
  /** When the page began, and who the tab is: both change when it loads anew. */
  readonly #life: unknown;

  private constructor(grid: Grid, honestRows: unknown, life: unknown) {
    this.grid = grid;
    this.#honestRows = honestRows;
    this.#life = life;
  }

  /** `forged`: modules that the coordinator keeps without having checked them. */
  static async start({ forged = [], tabs = 1, slots = 2 }: LabOptions = {}): Promise<GuestLab> {
    const dataDir = mkdtempSync(join(tmpdir(), 'muster-guest-lab-'));
    if (forged.length > 0) await keepUnchecked(dataDir, forged);
    const grid = await Grid.start({ dataDir });
    await grid.dataset('flights', flightsFile());
    for (let i = 0; i < tabs; i++) await (await grid.openTab()).join({ slots, sharePercent: 100 });
    const honest = await grid.compare(HONEST, [1, 0]);
    expect(honest.difference).toBeUndefined();
    return new GuestLab(grid, honest.rows.rows, await lifeOf(grid));
  }

  async close(): Promise<void> {
    const problems = this.grid.tabs.flatMap((tab) => tab.problems);
    await this.grid.close();
    expect(problems).toEqual([]);
  }

  /** With the digest under which the coordinator keeps it, or with its refusal. */
  async upload(bytes: Bytes): Promise<Answer & { readonly digest?: string }> {
    const headers = { ...this.grid.adminHeaders(), 'content-type': 'application/wasm' };
    const response = await fetch(`${this.grid.url}/v1/modules`, { method: 'POST', headers, body: bytes });
    return (await response.json()) as Answer & { readonly digest?: string };
  }

  /** The digest of a module that is admitted. */
  async module(bytes: Bytes): Promise<string> {
    const answer = await this.upload(bytes);
    if (answer.digest === undefined) throw new Error(`the module is refused: ${JSON.stringify(answer)}`);
    return answer.digest;
  }

  /** The rows that a guest makes of `SELECT 1.5::DOUBLE AS x`, in one task, or the problem of its job. */
  async guest(code: GuestRelation['code'], { options = {}, ...relation }: GuestOptions = {}): Promise<Answer> {
    return this.run(
      {
        one: { kind: 'sql', sql: relation.sql ?? 'SELECT CAST(1.5 AS DOUBLE) AS x FROM flights LIMIT 1' },
        made: {
          kind: 'guest',
          operation: relation.operation ?? 'mapPartitions',
          input: 'one',
          code,
          schema: relation.schema ?? X,
        },
      },
      options,
    );
  }

  /** The rows of the last relation, or the problem of the job. */
  async run(relations: Readonly<Record<string, AuthorRelation>>, options: object = {}): Promise<Answer> {
    const plan: AuthorPlan = {
      relations: Object.entries(relations).map(([name, relation]) => ({ name, relation })),
      result: Object.keys(relations).at(-1) ?? '',
    };
    const headers = { ...this.grid.adminHeaders(), 'content-type': 'application/json' };
    const body = JSON.stringify({ plan, options });
    const submitted = await fetch(`${this.grid.url}/v1/jobs`, { method: 'POST', headers, body });
    const job = (await submitted.json()) as { readonly jobId?: string } & Answer;
    if (job.jobId === undefined) return job;
    const url = `${this.grid.url}/v1/jobs/${job.jobId}/result?wait=60`;
    const result = await fetch(url, { headers: this.grid.adminHeaders() });
    return (await result.json()) as Answer;
  }

  /** What a hostile module ends with, while and after which honest jobs run on the same tab, which lives. */
  async hostile(bytes: Bytes, relation: GuestOptions & { readonly deadlineMs?: number } = {}): Promise<Answer> {
    const module = await this.module(bytes);
    const code = { kind: 'batch', module, function: 'f' } as const;
    return this.survives((options) => this.guest(code, { ...relation, options }), relation.deadlineMs);
  }

  /** Runs hostile work beside an honest job, and one after it. It must end a second after its deadline at the latest. */
  async survives(hostile: (options: object) => Promise<Answer>, deadlineMs = DEADLINE_MS): Promise<Answer> {
    const startedMs = performance.now();
    const ended = hostile({ deadlineMs });
    const beside = this.#honest();
    const took = ended.then(() => performance.now() - startedMs);
    const [answer, tookMs] = await Promise.all([ended, took, beside]);
    expect(tookMs).toBeLessThan(deadlineMs + 1000);
    await this.#honest();
    expect(await lifeOf(this.grid)).toEqual(this.#life);
    return answer;
  }

  /** An honest job, which can only run on the one tab. */
  async #honest(): Promise<void> {
    const job = await this.grid.sql(HONEST, { reuse: false });
    expect((await job.rows()).rows).toEqual(this.#honestRows);
  }
}

const X = [{ name: 'x', type: 'DOUBLE' }];

interface GuestOptions {
  readonly sql?: string;
  readonly operation?: GuestRelation['operation'];
  readonly schema?: GuestRelation['schema'];
  readonly options?: object;
}

/** What changes when the tab is loaded anew, crashes, or comes back in another session. */
async function lifeOf(grid: Grid): Promise<unknown> {
  const [tab] = grid.tabs;
  return { sessions: grid.sessions(), began: await tab?.page.evaluate('performance.timeOrigin') };
}

/** As a coordinator would have kept them that had not looked: so that the tab's own check has something to find. */
async function keepUnchecked(dataDir: string, modules: readonly Bytes[]): Promise<void> {
  const store = await openStore(dataDir);
  const blocks = await CoordinatorBlocks.open({ dir: join(dataDir, 'blocks') });
  for (const bytes of modules) {
    const digest = digestOf(bytes);
    const bucket = { codec: 'raw' as const, coded: bytes, bytes: bytes.length, rows: 0, digest };
    await blocks.modules.put(moduleBlockId(digest), encodeRecord([bucket]));
    const record: ModuleRecord = {
      digest,
      owner: 'admin',
      abi: 'batch',
      functions: ['f'],
      bytes: bytes.length,
      createdAtMs: 0,
    };
    await store.modules.put(record);
  }
  await store.close();
}
