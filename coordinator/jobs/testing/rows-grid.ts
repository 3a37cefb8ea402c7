/** A coordinator with one dataset and two real tabs without pages, and jobs on it from REST to their rows. */
import { expect } from 'vitest';
import type { App } from '../../app.ts';
import { realTab, until } from '../../local/testing/two-stages.ts';
import { testApp } from '../../sessions/testing/app-fixture.ts';

/** Two chunks. */
export const ROWS = 130_000;
export const sql = (text: string) => ({ kind: 'sql', sql: text });

/** A coordinator with the dataset `rows` and two tabs of one slot. */
export async function grid(): Promise<App> {
  const { app, url } = await testApp({ realPlanner: true });
  const lines = ['id,g,v,line'];
  for (let i = 0; i < ROWS; i++) lines.push(`${i},${i % 997},${(i * 7) % 1009},w${i % 50} w${i % 1501}`);
  const form = new FormData();
  form.append('name', 'rows');
  form.append('file', new Blob([lines.join('\n')]), 'rows.csv');
  const made = await fetch(`${url}/v1/datasets`, { method: 'POST', body: form });
  expect(await made.json()).toMatchObject({ rows: ROWS, partitions: 2 });
  await Promise.all([realTab(url), realTab(url)]);
  await until(app, () => app.grid.scheduler.workers().length === 2);
  return app;
}

export interface Ran {
  readonly rows: readonly (readonly unknown[])[];
  readonly jobId: string;
}

export async function run(app: App, work: object): Promise<Ran> {
  const submitted = await app.inject({ method: 'POST', url: '/v1/jobs', payload: work });
  expect(submitted.statusCode, submitted.body).toBe(202);
  const { jobId } = submitted.json<{ jobId: string }>();
  const result = await app.inject(`/v1/jobs/${jobId}/result?wait=60`);
  expect(result.statusCode, result.body).toBe(200);
  return { jobId, rows: result.json<Ran>().rows };
}

export const runPlan = (app: App, relations: Readonly<Record<string, object>>): Promise<Ran> => {
  const list = Object.entries(relations).map(([name, relation]) => ({ name, relation }));
  return run(app, { plan: { relations: list, result: list.at(-1)?.name } });
};
