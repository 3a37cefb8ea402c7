/** A job's result, streamed in the format asked for. */
import { Readable } from 'node:stream';
import Type from 'typebox';
import type { SettledJob } from '../jobs/entry.ts';
import { closedSignal } from './closed-signal.ts';
import { findJob } from './jobs.ts';
import { plugin } from './plugin.ts';
import { Problem } from './problem.ts';
import { IdParams, ResultQuery, responses } from './schemas.ts';
import type { Services } from './services.ts';

export const resultRoutes = plugin<Services>(
  { name: 'muster-results', dependencies: ['muster-jobs'] },
  (app, { jobs, results }) => {
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
        const settled = await jobs.settled(jobId, wait * 1000, closedSignal(reply));
        const { record } = successful(settled);
        const { contentType, body } = await results.open(record, format);
        reply.type(contentType);
        // One chunk ahead is enough: the socket's own buffer holds the rest back.
        return reply.send(Readable.from(await begun(body), { objectMode: true, highWaterMark: 1 }));
      },
    );
  },
);

function successful(job: SettledJob | undefined): SettledJob {
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
    const { code, title, detail, hint, stage } = error ?? {
      code: 'job-failed',
      title: 'The job failed',
      detail: 'No more is known.',
    };
    throw new Problem({ status: 422, code, title, detail, hint, stage });
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
async function begun(body: AsyncIterable<Uint8Array | string>): Promise<AsyncIterable<Uint8Array | string>> {
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
