/** Just enough of the REST interface for the command line's tests: one job at a time, in the hands of the test. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeCoordinator {
  readonly url: string;
  /** SQL of the jobs that were posted. */
  readonly posted: string[];
  readonly cancelled: string[];
  close(): Promise<void>;
}

export interface FakeAnswers {
  /** Status and body of POST /v1/jobs; default 202. */
  readonly submit?: (sql: string) => { readonly status: number; readonly body: unknown };
  /** The job while it runs; default successful. */
  readonly job?: () => unknown;
  /** Status and body of the result; `hold` never answers until the job is cancelled. */
  readonly result?: (sql: string) => { readonly status: number; readonly body: unknown } | 'hold';
}

export const ONE_ROW = { columns: [{ name: 'n', type: 'INTEGER' }], rows: [[42]] };
const COUNTERS = { tasksPlanned: 1, attempts: 1, recomputes: 0, bytesMoved: 0, ended: {} };

export async function fakeCoordinator(answers: FakeAnswers = {}): Promise<FakeCoordinator> {
  const posted: string[] = [];
  const cancelled: string[] = [];
  const held: (() => void)[] = [];
  const send = (response: ServerResponse, status: number, body: unknown) => {
    response.writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const jobId = /^\/v1\/jobs\/([^/]+)/.exec(path)?.[1];
    const sql = posted[Number(jobId?.slice(4)) - 1] ?? '';
    if (request.method === 'POST' && path === '/v1/jobs') {
      const body = JSON.parse(await bodyOf(request)) as { sql: string };
      const refused = answers.submit?.(body.sql);
      if (refused) return send(response, refused.status, refused.body);
      posted.push(body.sql);
      return send(response, 202, { jobId: `job-${posted.length}` });
    }
    if (request.method === 'DELETE' && jobId) {
      cancelled.push(jobId);
      for (const release of held.splice(0)) release();
      return send(response, 202, {});
    }
    if (path.endsWith('/result')) {
      const result = answers.result?.(sql) ?? { status: 200, body: ONE_ROW };
      if (result !== 'hold') return send(response, result.status, result.body);
      held.push(() => send(response, 409, { code: 'job-cancelled', title: 'Cancelled', detail: '', status: 409 }));
      return undefined;
    }
    if (jobId) return send(response, 200, answers.job?.() ?? { jobId, state: 'successful', stages: [], counters: COUNTERS });
    if (path === '/v1/datasets') return send(response, 200, { datasets: [DATASET] });
    if (path === `/v1/datasets/${DATASET.name}`) return send(response, 200, DATASET);
    return send(response, 404, { code: 'not-found', title: 'Not found', detail: path, status: 404 });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posted,
    cancelled,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

const DATASET = {
  name: 'flights',
  schema: [
    { name: 'date', type: 'TIMESTAMP' },
    { name: 'delay', type: 'BIGINT' },
  ],
  rows: 3_000_000,
  bytes: 48_000_000,
  partitions: 25,
  state: 'ready',
};

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of request) text += piece;
  return text;
}
