/** A job's result, streamed in the format asked for. */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import Type, { type Static } from 'typebox';
import type { JobError } from '../../shared/failure.ts';
import type { SettledJob } from '../jobs/entry.ts';
import { keptAlive } from '../results/keep-alive.ts';
import type { ResultStream } from '../results/results.ts';
import { closedSignal } from './closed-signal.ts';
import { findJob } from './jobs.ts';
import { plugin } from './plugin.ts';
import { Problem } from './problem.ts';
import { IdParams, ResultQuery, responses } from './schemas.ts';
import type { Services } from './services.ts';

/** Proxies give up on a silent connection after 60 s, some after 30. */
const SILENCE_MS = 15_000;

export const resultRoutes = plugin<Services>(
  { name: 'muster-results', dependencies: ['muster-jobs'] },
  (app, { jobs, results, shell }) => {
    app.get(
      '/v1/jobs/:id/result',
      {
        config: { access: 'author' },
        schema: {
          summary: 'The result of a job; 409 job-running while it runs',
          params: IdParams,
          querystring: ResultQuery,
          response: responses(200, Type.Unknown({ description: 'The rows, streamed' })),
        },
      },
      async (request, reply) => {
        const { format = 'json', wait = 0 } = request.query;
        const { jobId } = findJob(jobs, request.params.id, request);
        const signal = closedSignal(reply);
        const isEarly = mayBeEarly(request);
        const live = isEarly ? await jobs.early.begun(jobId, wait * 1000, signal) : undefined;
        if (!live) {
          const { record } = successful(await jobs.settled(jobId, isEarly ? 0 : wait * 1000, signal));
          return send(reply, await results.open(record, format), bytesOf(record) <= WHOLE_BYTES);
        }
        const early = { columns: live.plan.columns, result: jobs.early.parts(jobId, signal) };
        const { contentType, body } = await results.open(early, format);
        return send(reply, { contentType, body: keptAlive(body, shell.clock, SILENCE_MS) });
      },
    );
  },
);

/**
 * Only where a body that breaks off is known from one that is complete: HTTP/1.0 has no chunks, there the end of the connection is
 * the end of the body. Parquet has its index at the end.
 */
function mayBeEarly({ query, raw }: { readonly query: Static<typeof ResultQuery>; readonly raw: IncomingMessage }): boolean {
  const { early = false, wait = 0, format } = query;
  return early && wait > 0 && format !== 'parquet' && raw.httpVersion !== '1.0';
}

/** Small results go out in one piece, with their length: a stream takes three writes and the reader as many reads. */
const WHOLE_BYTES = 64 * 1024;

/** As stored. */
function bytesOf({ result }: SettledJob['record']): number {
  return result.reduce((sum, block) => block.buckets.reduce((bytes, bucket) => bytes + bucket.bytes, sum), 0);
}

async function send(reply: FastifyReply, { contentType, body }: ResultStream, whole = false): Promise<FastifyReply> {
  reply.type(contentType);
  if (whole) {
    const pieces: Uint8Array[] = [];
    for await (const piece of body) pieces.push(piece);
    return reply.send(Buffer.concat(pieces));
  }
  // One chunk ahead is enough: the socket's own buffer holds the rest back.
  return reply.send(Readable.from(await begun(body), { objectMode: true, highWaterMark: 1 }));
}

export function successful(job: SettledJob | undefined): SettledJob {
  if (!job) {
    throw new Problem({
      status: 409,
      code: 'job-running',
      title: 'The job still runs',
      detail: 'There is no result yet.',
      hint: 'Ask again with ?wait=SECONDS (at most 60).',
    });
  }
  const { state, error } = job.record;
  if (state === 'failed') {
    const { code, title, detail, hint, stage, relation }: JobError = error ?? {
      code: 'job-failed',
      title: 'The job failed',
      detail: 'No more is known.',
    };
    throw new Problem({ status: 422, code, title, detail, hint, stage, relation });
  }
  if (state === 'cancelled') {
    throw new Problem({ status: 409, code: 'job-cancelled', title: 'The job was cancelled', detail: 'It has no result.' });
  }
  if (job.expired) {
    throw new Problem({
      status: 410,
      code: 'result-expired',
      title: 'The result is gone',
      detail: 'Results are kept for a limited time after the job.',
      hint: 'Run the query again.',
    });
  }
  return job;
}

/** Reads the first chunk before the status line goes out, so that a result that can't be read is an error and no stump. */
async function begun(body: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const iterator = body[Symbol.asyncIterator]();
  const first = await iterator.next();
  return (async function* () {
    try {
      if (first.done) return;
      yield first.value;
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  })();
}
