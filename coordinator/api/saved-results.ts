/** A job's result becomes a dataset, for later jobs to scan. */
import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ResultStream } from '../results/results.ts';
import { identityOf } from './access-plugin.ts';
import { closedSignal } from './closed-signal.ts';
import { datasetBody } from './datasets.ts';
import { throwIfDiskFull } from './disk-full.ts';
import { findJob } from './jobs.ts';
import { ownerName } from './owner.ts';
import { plugin } from './plugin.ts';
import { Problem } from './problem.ts';
import { successful } from './results.ts';
import { DatasetBody, IdParams, responses, SaveBody, WaitQuery } from './schemas.ts';
import type { Services } from './services.ts';
import type { UploadOptions } from './uploads.ts';

export const savedResultRoutes = plugin<Services>(
  { name: 'muster-saved-results', dependencies: ['muster-jobs', 'muster-results'] },
  (app, { jobs, results, catalog, upload, datasetEvents }) => {
    app.post(
      '/v1/jobs/:id/dataset',
      {
        config: { access: 'author' },
        schema: {
          summary: 'Save the result of a job as a dataset; 409 job-running while it runs',
          params: IdParams,
          querystring: WaitQuery,
          body: SaveBody,
          response: responses(201, DatasetBody),
        },
      },
      async (request, reply) => {
        const { jobId } = findJob(jobs, request.params.id, request);
        const signal = closedSignal(reply);
        const { record } = successful(await jobs.settled(jobId, (request.query.wait ?? 0) * 1000, signal));
        const { name } = request.body;
        // The wire types of a result are those that datasets are stored in, so nothing is lost on this way.
        const result = await results.open(record, 'arrow');
        const path = join(upload.dir, `${randomUUID()}.arrow`);
        try {
          await write(result, path, upload, signal);
          const owner = ownerName(identityOf(request));
          const source = { path, format: 'arrow' as const, fileName: `the result of ${jobId}` };
          const saved = await catalog.ingest({ name, ...source, owner, signal });
          if (saved.created) for (const told of datasetEvents) told(saved.record.name);
          return reply.code(saved.created ? 201 : 200).send(datasetBody(saved.record));
        } finally {
          await rm(path, { force: true });
        }
      },
    );
  },
);

/** @throws Problem when the disk is full, or the result is larger than a file that may be uploaded */
async function write({ body }: ResultStream, path: string, upload: UploadOptions, signal: AbortSignal): Promise<void> {
  await mkdir(upload.dir, { recursive: true });
  let bytes = 0;
  const counted = new Transform({
    transform(piece: Uint8Array, _encoding, done) {
      bytes += piece.byteLength;
      done(bytes > upload.maxBytes ? tooLarge(upload.maxBytes) : null, piece);
    },
  });
  try {
    await pipeline(Readable.from(body, { objectMode: true }), counted, upload.create(path), { signal });
  } catch (error) {
    throwIfDiskFull(error, 'The result does not fit on the coordinator’s disk a second time.');
  }
}

function tooLarge(maxBytes: number): Problem {
  return new Problem({
    status: 413,
    code: 'result-too-large',
    title: 'The result is too large',
    detail: `A result that becomes a dataset may have ${maxBytes} bytes, as an upload may.`,
    hint: 'Save fewer rows or columns, or save it in parts.',
  });
}
