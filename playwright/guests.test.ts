/** Guests in real Chromium, under the pages' policy: modules, programs and scripts between SQL, and hostile ones. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileGuestSource } from '../guest/assemblyscript/testing/compile.ts';
import { guest } from '../shared/guest/testing/wat.ts';
import type { AuthorPlan, AuthorRelation } from '../shared/plan/author-plan.ts';
import { flightsFile } from './data.ts';
import { Grid } from './grid.ts';

let grid: Grid;

beforeAll(async () => {
  grid = await Grid.start();
  await grid.dataset('flights', flightsFile());
  await grid.openTabs(2);
}, 90_000);

afterAll(async () => {
  const errors = grid?.tabs.flatMap((tab) => tab.problems) ?? [];
  await grid?.close();
  expect(errors).toEqual([]);
});

async function upload(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const headers = { ...grid.adminHeaders(), 'content-type': 'application/wasm' };
  const response = await fetch(`${grid.url}/v1/modules`, { method: 'POST', headers, body: bytes });
  const body = (await response.json()) as { digest?: string };
  if (body.digest === undefined) throw new Error(JSON.stringify(body));
  return body.digest;
}

interface Answer {
  readonly rows?: readonly (readonly unknown[])[];
  readonly code?: string;
  readonly detail?: string;
}

/** The rows of the last relation, or the problem of the job. */
async function run(relations: Readonly<Record<string, AuthorRelation>>, options = {}): Promise<Answer> {
  const names = Object.keys(relations);
  const plan: AuthorPlan = {
    relations: Object.entries(relations).map(([name, relation]) => ({ name, relation })),
    result: names.at(-1) ?? '',
  };
  const headers = { ...grid.adminHeaders(), 'content-type': 'application/json' };
  const submitted = await fetch(`${grid.url}/v1/jobs`, { method: 'POST', headers, body: JSON.stringify({ plan, options }) });
  const job = (await submitted.json()) as { jobId?: string };
  if (job.jobId === undefined) return job as Answer;
  const result = await fetch(`${grid.url}/v1/jobs/${job.jobId}/result?wait=60`, { headers: grid.adminHeaders() });
  return (await result.json()) as Answer;
}

const DISTANCES: AuthorRelation = { kind: 'sql', sql: 'SELECT CAST(distance AS DOUBLE) AS x FROM flights' };
const SUM: AuthorRelation = { kind: 'sql', sql: 'SELECT count(*) AS n, sum(square) AS s FROM squares' };
const SCHEMA = [
  { name: 'x', type: 'DOUBLE' },
  { name: 'square', type: 'DOUBLE' },
];

async function expected(): Promise<Answer> {
  return run({ direct: { kind: 'sql', sql: 'SELECT count(*) AS n, sum(CAST(distance AS DOUBLE) ** 2) AS s FROM flights' } });
}

describe('between SQL', () => {
  test('a module in AssemblyScript', async () => {
    const module = await upload(await compileGuestSource('examples/map.ts'));
    const squares: AuthorRelation = {
      kind: 'guest',
      operation: 'map',
      input: 'distances',
      code: { kind: 'batch', module, function: 'square' },
      schema: SCHEMA,
    };
    const answer = await run({ distances: DISTANCES, squares, result: SUM });
    expect(answer.rows).toEqual((await expected()).rows);
  });

  test('a function in JavaScript', async () => {
    const source = 'export const square = ({ x }) => ({ x, square: x * x });';
    const squares: AuthorRelation = {
      kind: 'guest',
      operation: 'map',
      input: 'distances',
      code: { kind: 'script', source, function: 'square' },
      schema: SCHEMA,
    };
    const answer = await run({ distances: DISTANCES, squares, result: SUM });
    expect(answer.rows).toEqual((await expected()).rows);
  });
});

describe('hostile guests end with a clear error, and the grid goes on', () => {
  const bad = async (bytes: Uint8Array<ArrayBuffer>, options = {}): Promise<Answer> => {
    const module = await upload(bytes);
    const code = { kind: 'batch', module, function: 'f' } as const;
    return run(
      { distances: DISTANCES, out: { kind: 'guest', operation: 'map', input: 'distances', code, schema: SCHEMA } },
      options,
    );
  };

  test('out of memory', async () => {
    const body =
      '(loop $more (if (i32.eq (i32.const -1) (memory.grow (i32.const 16))) (then (unreachable))) (br $more)) (i32.const 0)';
    expect((await bad(guest({ body, memory: '4 1024' }))).detail).toContain('out of memory');
  }, 60_000);

  test('an endless loop ends with the job’s deadline', async () => {
    const startedMs = performance.now();
    const answer = await bad(guest({ body: '(loop $on (br $on)) (i32.const 0)' }), { deadlineMs: 4000 });
    expect(answer.code).toContain('deadline');
    expect(performance.now() - startedMs).toBeLessThan(6000);
    expect((await expected()).rows).toHaveLength(1);
  }, 60_000);

  test('fail', async () => {
    const body = '(call $fail (i32.const 200) (i32.const 4)) (i32.const 0)';
    expect((await bad(guest({ body, more: '(data (i32.const 200) "oops")' }))).detail).toContain('oops');
    expect((await expected()).rows).toHaveLength(1);
  });
});
