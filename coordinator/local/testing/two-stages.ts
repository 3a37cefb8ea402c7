/** Jobs of two stages by their SQL alone, and real tabs without a browser. */
import { resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import { sha256Hex } from '../../../shared/hash.ts';
import type { Branch, PhysicalPlan, PlanColumn, PlanInput } from '../../../shared/plan/physical.ts';
import type { App } from '../../app.ts';
import type { PlannerPort } from '../../jobs/ports.ts';

export const DIST = resolve(import.meta.dirname, '../../../dist/node');

const INT: PlanColumn = { type: 'INTEGER', wire: 'INTEGER' };

/** `FIRST ;; LAST`: both give one INTEGER column; LAST reads FIRST's as in0.c0. */
export const twoStagePlanner: PlannerPort = {
  async plan({ sql }) {
    const [first = '', last = ''] = sql.split(';;').map((text) => text.trim());
    return { ok: true, plan: twoStages(first, last), planMs: 1 };
  },
  async close() {},
};

function twoStages(first: string, last: string): PhysicalPlan {
  const gathered: PlanInput = { kind: 'stage', stage: 0, columns: [INT], exchange: 'gather', read: 'all' };
  return {
    stages: [stage(0, branch(first, [])), stage(1, branch(last, [gathered]))],
    columns: [{ ...INT, name: 'answer' }],
    logical: { op: 'test', detail: '', inputs: [] },
    fallbacks: [],
    datasets: [],
    chunks: { total: 0, needed: 0 },
  };
}

function branch(sql: string, inputs: readonly PlanInput[]): Branch {
  return { fragment: { steps: [{ kind: 'sql', sql }], digest: sha256Hex(sql), output: [INT] }, inputs };
}

function stage(index: number, only: Branch): PhysicalPlan['stages'][number] {
  return {
    index,
    title: index === 0 ? 'first' : 'last',
    branches: [only],
    output: { columns: [INT], partitioning: { kind: 'single' } },
    determinacy: 'determinate',
    operators: [],
  };
}

interface HeadlessModule {
  runHeadlessWorker(options: { url: string; slots: number; slotEntry: string; signal: AbortSignal }): Promise<void>;
}

/** A tab of one slot, from the build: this folder may not import the tab's. The answer ends it. */
export async function realTab(url: string): Promise<() => Promise<void>> {
  const { runHeadlessWorker } = (await import(`${DIST}/headless.js`)) as HeadlessModule;
  const stop = new AbortController();
  const ended = runHeadlessWorker({ url, slots: 1, slotEntry: `${DIST}/slot-entry.js`, signal: stop.signal });
  const end = async (): Promise<void> => {
    stop.abort();
    await ended;
  };
  onTestFinished(end);
  return end;
}

/** As `realTab`, for a test that will close its session: that it ends so is no failure. */
export async function doomedTab(url: string): Promise<void> {
  const { runHeadlessWorker } = (await import(`${DIST}/headless.js`)) as HeadlessModule;
  const stop = new AbortController();
  const options = { url, slots: 1, slotEntry: `${DIST}/slot-entry.js`, signal: stop.signal };
  const ended = runHeadlessWorker(options).catch(() => undefined);
  onTestFinished(async () => {
    stop.abort();
    await ended;
  });
}

/** Resolves as soon as `is` holds; looked at after every event of the core. */
export function until(app: App, is: () => boolean): Promise<void> {
  if (is()) return Promise.resolve();
  return new Promise((resolveNow) => {
    const stop = app.grid.shell.onChange(() => {
      if (!is()) return;
      stop();
      resolveNow();
    });
  });
}
