/** A coordinator's answers by hand: two jobs, three tabs, one loss, an answer to any query and an error to a misspelt one. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { CACHE, DATASETS, JOBS, PLAN, RESULT, STORIES, WORKERS } from './canned-data.ts';

export type Canned = (request: IncomingMessage, response: ServerResponse) => void;

function json(status: number, body: unknown): Canned {
  return (_, response) => {
    response.writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' });
    response.end(JSON.stringify(body));
  };
}

function bodyOf(request: IncomingMessage, then: (text: string) => void): void {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => then(Buffer.concat(pieces).toString('utf8')));
}

const submit: Canned = (request, response) => {
  bodyOf(request, (text) => {
    const { sql } = JSON.parse(text) as { sql: string };
    const position = sql.indexOf('fligths');
    if (position < 0) return json(202, { jobId: 'job-latest' })(request, response);
    const detail = 'There is no table fligths.';
    json(400, {
      type: 'urn:muster:problem:unknown-table',
      title: 'Unknown table',
      detail,
      code: 'unknown-table',
      status: 400,
      position,
      hint: 'Did you mean flights?',
    })(request, response);
  });
};

/** Sends the stories, then lets the second tab take up and finish tasks, so that something moves. */
const events: Canned = (_, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  let id = 0;
  const send = (event: string, data: unknown): void => {
    id += 1;
    response.write(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  send('hello', { paceMs: 250 });
  // As if it all had happened just now.
  const shift = Date.now() - (STORIES.at(-1)?.atMs ?? 0);
  for (const line of STORIES) send('story', { ...line, atMs: line.atMs + shift });
  let tick = 0;
  const timer = setInterval(() => {
    tick += 1;
    for (const worker of WORKERS.slice(0, 2)) {
      const busy = (tick + worker.slots) % 3 !== 0;
      const current = Array.from({ length: busy ? worker.slots : 0 }, (_slot, slot) => ({
        slot,
        title: 'scan flights, aggregate partially',
        jobId: 'job-running',
        stage: (tick >> 1) % 3,
      }));
      send('worker', { ...worker, state: busy ? 'working' : 'idle', busySlots: current.length, current });
      for (const { slot, jobId, stage } of current) {
        const subject = `a-${tick}-${worker.workerId}-${slot}`;
        send('story', {
          atMs: Date.now() - 100,
          subject,
          what: 'attemptLeased',
          why: 'its inputs are there',
          detail: { cause: 'planned', jobId, stage, slot, workerId: worker.workerId },
        });
        const how = tick % 23 === 0 ? 'resource' : 'succeeded';
        send('story', {
          atMs: Date.now(),
          subject,
          what: 'attemptEnded',
          why: '',
          detail: { how, jobId, stage, fetchMs: tick % 5 === 0 ? 40 : 0, computeMs: 60 },
        });
      }
    }
  }, 120);
  response.on('close', () => clearInterval(timer));
};

export const API: { readonly [route: string]: Canned } = {
  'GET /v1/jobs': json(200, { jobs: JOBS }),
  'POST /v1/jobs': submit,
  'GET /v1/jobs/:id': json(200, JOBS[0]),
  'GET /v1/jobs/:id/plan': json(200, PLAN),
  'GET /v1/jobs/:id/result': json(200, RESULT),
  'DELETE /v1/jobs/:id': json(200, {}),
  'GET /v1/cache': json(200, CACHE),
  'GET /v1/workers': json(200, { workers: WORKERS }),
  'GET /v1/datasets': json(200, { datasets: DATASETS }),
  'POST /v1/datasets': (request, response) => bodyOf(request, () => json(201, DATASETS[0])(request, response)),
  'GET /v1/events': events,
};
