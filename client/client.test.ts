import { afterEach, expect, test } from 'vitest';
import { connect, type JobJson, ProblemError } from './index.ts';
import { type FakeRest, type Route, sendJson, startFakeRest } from './testing/fake-rest.ts';

let rest: FakeRest | undefined;
afterEach(async () => {
  await rest?.close();
  rest = undefined;
});

async function serve(routes: { readonly [methodAndPath: string]: Route }): Promise<FakeRest> {
  rest = await startFakeRest(routes);
  return rest;
}

const RUNNING = { code: 'job-running', title: 'Still running', detail: '', status: 409 };

function job(state: JobJson['state'], done: number): Partial<JobJson> & { jobId: string } {
  const stage = {
    index: 0,
    title: 'scan',
    tasks: 2,
    done,
    running: 0,
    reused: 0,
    recomputes: 0,
    onCoordinator: 0,
    rows: 0,
    bytes: 0,
  };
  return { jobId: 'job-1', state, stages: [{ ...stage, state: 'running' }] };
}

test('sql submits and rows waits through job-running', async () => {
  let asked = 0;
  const { url, seen } = await serve({
    'POST /v1/jobs': (_, response) => sendJson(response, 202, { jobId: 'job-1' }),
    'GET /v1/jobs/job-1/result': (_, response) => {
      asked += 1;
      if (asked < 3) sendJson(response, 409, RUNNING);
      else sendJson(response, 200, { columns: [{ name: 'n', type: 'BIGINT' }], rows: [[3]] });
    },
  });
  const handle = await connect(`${url}/`, { token: 'secret' }).sql('select 3 as n', { name: 'three', reuse: false });
  expect(handle.id).toBe('job-1');
  expect(await handle.rows()).toEqual({ columns: [{ name: 'n', type: 'BIGINT' }], rows: [[3]] });
  expect(asked).toBe(3);
  expect(seen[0]?.headers.authorization).toBe('Bearer secret');
  expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ sql: 'select 3 as n', name: 'three', options: { reuse: false } });
  expect(seen[1]?.url).toBe('/v1/jobs/job-1/result?format=json&early=true&wait=30');
});

test('bad SQL becomes a ProblemError with position and hint', async () => {
  const problem = { code: 'sql-syntax', title: 'Syntax error', detail: 'near "form"', status: 400, position: 9, hint: 'FROM?' };
  const { url } = await serve({ 'POST /v1/jobs': (_, response) => sendJson(response, 400, problem) });
  const error = await connect(url)
    .sql('select 1 form t')
    .catch((e: unknown) => e);
  expect(error).toBeInstanceOf(ProblemError);
  expect(error).toMatchObject({ ...problem, message: 'Syntax error: near "form"' });
});

test('an error in a source has its line and column, and all that the compiler said', async () => {
  const diagnostic = {
    severity: 'error',
    code: 2304,
    message: "Cannot find name 'nil'.",
    file: 'module.ts',
    line: 3,
    column: 10,
  };
  const problem = {
    code: 'source-invalid',
    title: 'The source does not compile',
    detail: 'nil',
    status: 400,
    line: 3,
    column: 10,
  };
  const { url } = await serve({
    'POST /v1/jobs': (_, response) => sendJson(response, 400, { ...problem, relation: 'r', diagnostics: [diagnostic, 'noise'] }),
  });
  const error = await connect(url)
    .sql('')
    .catch((e: unknown) => e);
  expect(error).toMatchObject({ ...problem, relation: 'r', diagnostics: [diagnostic] });
});

test('wait gives the settled job also when it failed; rows throws its error', async () => {
  const failed = { code: 'sql-conversion', title: 'Cannot cast', detail: "'x' is no number", status: 422, stage: 1 };
  const { url } = await serve({
    'GET /v1/jobs/job-1/result': (_, response) => sendJson(response, 422, failed),
    'GET /v1/jobs/job-1': (_, response) => sendJson(response, 200, job('failed', 1)),
  });
  const handle = connect(url).job('job-1');
  expect((await handle.wait()).state).toBe('failed');
  await expect(handle.rows()).rejects.toMatchObject({ code: 'sql-conversion', stage: 1 });
});

/** A result whose connection breaks off after its first bytes; `settle` comes first. */
const broken =
  (text: string, settle: () => void = () => undefined): Route =>
  (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write(text);
    setImmediate(() => {
      settle();
      response.destroy();
    });
  };

test('a job that fails after its first rows came fails the body with its own error, in any way of reading it', async () => {
  const error = { code: 'sql-conversion', title: 'Cannot cast', detail: "'x' is no number", stage: 1, hint: 'TRY_CAST' };
  const { url } = await serve({
    'GET /v1/jobs/job-1/result': broken('{"columns":[],"rows":[[1]'),
    'GET /v1/jobs/job-1': (_, response) => sendJson(response, 200, { ...job('failed', 1), error }),
  });
  const handle = connect(url).job('job-1');
  const own = { ...error, name: 'ProblemError', status: 422 };
  await expect(handle.rows()).rejects.toMatchObject(own);
  await expect((await handle.result('arrow')).arrayBuffer()).rejects.toMatchObject(own);
  const reader = (await handle.result('csv')).body?.getReader();
  const read = async () => {
    while (reader && !(await reader.read()).done);
  };
  await expect(read()).rejects.toMatchObject(own);
});

test('one that is cancelled then says so; a connection that breaks by itself does too, and names the job’s state', async () => {
  for (const [state, code] of [
    ['cancelled', 'job-cancelled'],
    ['running', 'result-broken'],
  ] as const) {
    const { url } = await serve({
      'GET /v1/jobs/job-1/result': broken('n\n1\n'),
      'GET /v1/jobs/job-1': (_, response) => sendJson(response, 200, job(state, 1)),
    });
    const text = (await connect(url).job('job-1').result('csv')).text();
    await expect(text).rejects.toMatchObject({ code, message: expect.stringMatching(/cancelled|before the last row/) });
    await rest?.close();
  }
});

test('rows asks again, from the start, when only the connection broke', async () => {
  let asked = 0;
  const { url, seen } = await serve({
    'GET /v1/jobs/job-1/result': (request, response) => {
      asked += 1;
      if (asked === 1) broken('{"columns":[],"rows":[[1],')(request, response);
      else sendJson(response, 200, { columns: [], rows: [[1], [2]] });
    },
    'GET /v1/jobs/job-1': (_, response) => sendJson(response, 200, job('successful', 2)),
  });
  expect((await connect(url).job('job-1').rows()).rows).toEqual([[1], [2]]);
  expect(seen.map((request) => request.url)).toEqual([
    '/v1/jobs/job-1/result?format=json&early=true&wait=30',
    '/v1/jobs/job-1',
    '/v1/jobs/job-1/result?format=json&wait=30',
  ]);
});

test('only who reads to the end begins early: not wait, not head, and parquet never', async () => {
  const { url, seen } = await serve({
    'GET /v1/jobs/job-1/result': (_, response) => sendJson(response, 200, { columns: [], rows: [[1]] }),
    'GET /v1/jobs/job-1': (_, response) => sendJson(response, 200, job('successful', 2)),
  });
  const handle = connect(url).job('job-1');
  await handle.wait();
  await handle.head(1);
  await handle.result('parquet');
  expect(seen.filter((request) => request.url.includes('early'))).toEqual([]);
});

test('a reader that stops lets the connection go; one that aborts gets its own error', async () => {
  let closed: () => void = () => undefined;
  const { url } = await serve({
    'GET /v1/jobs/job-1/result': (_, response) => {
      response.writeHead(200, { 'content-type': 'text/csv' });
      response.write('n\n1\n');
      response.on('close', () => closed());
    },
  });
  const handle = connect(url).job('job-1');
  const gone = new Promise<void>((resolve) => {
    closed = resolve;
  });
  await (await handle.result('csv')).body?.cancel();
  await gone;
  const stop = new AbortController();
  const text = (await handle.result('csv', stop.signal)).text();
  stop.abort();
  await expect(text).rejects.toMatchObject({ name: 'AbortError' });
});

test('progress yields each change once and ends with the settled job', async () => {
  const answers = [job('waiting', 0), job('running', 1), job('running', 1), job('successful', 2)];
  const { url } = await serve({ 'GET /v1/jobs/job-1': (_, response) => sendJson(response, 200, answers.shift()) });
  const states: string[] = [];
  for await (const { state } of connect(url).job('job-1').progress({ everyMs: 0 })) states.push(state);
  expect(states).toEqual(['waiting', 'running', 'successful']);
});

test('jobs are read page by page, each page only when it is wanted', async () => {
  const pages = [{ jobs: [job('running', 0), job('failed', 1)], next: '7.job-1' }, { jobs: [job('successful', 2)] }];
  const { url, seen } = await serve({ 'GET /v1/jobs': (_, response) => sendJson(response, 200, pages.shift()) });
  const states: string[] = [];
  for await (const { state } of connect(url).allJobs({ pageSize: 2 })) {
    states.push(state);
    if (states.length === 2) expect(seen).toHaveLength(1);
  }
  expect(states).toEqual(['running', 'failed', 'successful']);
  expect(seen.map((request) => request.url)).toEqual(['/v1/jobs?limit=2', '/v1/jobs?limit=2&cursor=7.job-1']);
});

test('cancel, jobs, workers, plan and datasets ask the right routes', async () => {
  const done: Route = (_, response) => response.writeHead(204).end();
  const { url, seen } = await serve({
    'DELETE /v1/jobs/job-1': done,
    'GET /v1/jobs': (_, response) => sendJson(response, 200, { jobs: [job('running', 0)] }),
    'GET /v1/workers': (_, response) => sendJson(response, 200, { workers: [] }),
    'GET /v1/cache': (_, response) => sendJson(response, 200, { datasets: [] }),
    'GET /v1/jobs/job-1/plan': (_, response) => sendJson(response, 200, { logical: {}, stages: [] }),
    'GET /v1/datasets': (_, response) => sendJson(response, 200, { datasets: [] }),
    'GET /v1/datasets/a%2Fb': (_, response) => sendJson(response, 200, { name: 'a/b' }),
    'POST /v1/datasets': (_, response) => sendJson(response, 201, { name: 't' }),
    'DELETE /v1/datasets/t': done,
  });
  const grid = connect(url);
  await grid.job('job-1').cancel();
  expect(await grid.jobs()).toHaveLength(1);
  expect(await grid.workers()).toEqual([]);
  expect((await grid.cache()).datasets).toEqual([]);
  expect(await grid.plan('job-1')).toEqual({ logical: {}, stages: [] });
  expect(await grid.datasets.list()).toEqual([]);
  expect((await grid.datasets.get('a/b')).name).toBe('a/b');
  await grid.datasets.register('t', '/data/t.csv', { format: 'csv' });
  await grid.datasets.upload('t', new Blob(['a,b\n1,2\n']), { format: 'csv' });
  await grid.datasets.delete('t');
  const posts = seen.filter(({ method }) => method === 'POST');
  expect(JSON.parse(posts[0]?.body ?? '')).toEqual({ name: 't', path: '/data/t.csv', format: 'csv' });
  expect(posts[1]?.headers['content-type']).toMatch(/^multipart\/form-data/);
  const order = [...(posts[1]?.body ?? '').matchAll(/ name="(\w+)"/g)].map((match) => match[1]);
  expect(order).toEqual(['name', 'format', 'file']);
  expect(posts[1]?.body).toContain('a,b\n1,2');
});

test('nobody at the address: code unreachable, with advice', async () => {
  const { url, close } = await startFakeRest({});
  await close();
  await expect(connect(url).jobs()).rejects.toMatchObject({
    code: 'unreachable',
    status: 0,
    hint: expect.stringContaining('running'),
  });
});

test('an answer that is no problem+json still names the status', async () => {
  const { url } = await serve({ 'GET /v1/jobs': (_, response) => response.writeHead(502).end('Bad gateway\nnginx') });
  await expect(connect(url).jobs()).rejects.toMatchObject({ code: 'http-502', detail: 'Bad gateway' });
});

test('events reconnect with Last-Event-ID and wait longer each time', async () => {
  let connections = 0;
  const { url, seen } = await serve({
    'GET /v1/events': (_, response) => {
      connections += 1;
      if (connections === 2) return sendJson(response, 503, { code: 'busy', title: 'Busy', detail: '', status: 503 });
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(`id: ${connections}\nevent: job\ndata: {"n":${connections}}\n\n`);
    },
  });
  const stop = new AbortController();
  const waits: number[] = [];
  const states: string[] = [];
  const got: unknown[] = [];
  const stream = connect(url).events({
    signal: stop.signal,
    firstRetryMs: 100,
    delay: async (ms) => void waits.push(ms),
    onConnection: (state) => states.push(state),
  });
  for await (const event of stream) {
    got.push(event);
    if (got.length === 2) stop.abort();
  }
  expect(got).toEqual([
    { type: 'job', data: { n: 1 }, id: '1' },
    { type: 'job', data: { n: 3 }, id: '3' },
  ]);
  expect(seen[2]?.headers['last-event-id']).toBe('1');
  expect(states).toEqual(['open', 'lost', 'lost', 'open']);
  expect(waits).toHaveLength(2);
  expect(waits[1]).toBeGreaterThanOrEqual(150);
});

test('events give up when the token is refused', async () => {
  const { url } = await serve({
    'GET /v1/events': (_, response) =>
      sendJson(response, 401, { code: 'token-unknown', title: 'Unknown token', detail: '', status: 401 }),
  });
  await expect(connect(url).events().next()).rejects.toMatchObject({ code: 'token-unknown' });
});
