/** Named tables: register a file on this machine (admin) or upload one (author); list, look at, delete. */
import { isAbsolute, resolve } from 'node:path';
import multipart from '@fastify/multipart';
import Type from 'typebox';
import { type Identity, mayChange } from '../auth/identity.ts';
import type { DatasetRecord } from '../catalog/types.ts';
import { identityOf } from './access-plugin.ts';
import { closedSignal } from './closed-signal.ts';
import { ownerName } from './owner.ts';
import { plugin } from './plugin.ts';
import { forbidden, notFound, Problem } from './problem.ts';
import { DatasetBody, NameParams, PathDataset, responses } from './schemas.ts';
import type { PendingDataset, Services } from './services.ts';
import { multipartLimits, withUpload } from './uploads.ts';

export const datasetRoutes = plugin<Services>(
  { name: 'muster-datasets', dependencies: ['muster-access'], encapsulated: true },
  async (app, { catalog, upload, datasetEvents }) => {
    await app.register(multipart, { throwFileSizeLimit: false, limits: multipartLimits(upload.maxBytes) });

    app.post(
      '/v1/datasets',
      {
        config: { access: 'author' },
        schema: {
          summary: 'Register a file on the coordinator’s machine (admin), or upload one: name, format?, file in that order',
          // Only JSON bodies are checked here; a form's parts are checked as they stream in.
          body: {
            content: { 'application/json': { schema: PathDataset }, 'multipart/form-data': { schema: Type.Unknown() } },
          },
          response: responses(201, DatasetBody),
        },
      },
      async (request, reply) => {
        const identity = identityOf(request);
        const owner = ownerName(identity);
        const signal = closedSignal(reply);
        const { record, created } = request.isMultipart()
          ? await withUpload(request, upload, (uploaded) => catalog.ingest({ ...uploaded, owner, signal }))
          : await catalog.ingest({ ...pathDataset(request.body as PathDataset, identity), owner, signal });
        if (created) for (const told of datasetEvents) told(record.name);
        return reply.code(created ? 201 : 200).send(datasetBody(record));
      },
    );

    app.get(
      '/v1/datasets',
      {
        config: { access: 'author' },
        schema: { summary: 'All datasets', response: responses(200, Type.Object({ datasets: Type.Array(DatasetBody) })) },
      },
      async () => {
        const ready = (await catalog.list()).map(datasetBody);
        return { datasets: [...ready, ...catalog.pending().map(pendingBody)] };
      },
    );

    app.get(
      '/v1/datasets/:name',
      {
        config: { access: 'author' },
        schema: { summary: 'One dataset', params: NameParams, response: responses(200, DatasetBody) },
      },
      async (request) => {
        const { name } = request.params;
        const record = await catalog.get(name);
        if (record) return datasetBody(record);
        const pending = catalog.pending().find((one) => one.name.toLowerCase() === name.toLowerCase());
        if (pending) return pendingBody(pending);
        throw notFound('dataset', name, 'GET /v1/datasets lists them.');
      },
    );

    app.delete(
      '/v1/datasets/:name',
      {
        config: { access: 'author' },
        schema: { summary: 'Delete a dataset', params: NameParams, response: responses(204, undefined) },
      },
      async (request, reply) => {
        const record = await catalog.get(request.params.name);
        if (!record) throw notFound('dataset', request.params.name, 'GET /v1/datasets lists them.');
        if (!mayChange(identityOf(request), { name: record.owner })) {
          throw forbidden(`The dataset belongs to ${record.owner}; only its owner and the admin may delete it.`);
        }
        await catalog.remove(record.name);
        for (const told of datasetEvents) told(record.name);
        return reply.code(204).send();
      },
    );
  },
);

function pathDataset(body: PathDataset, identity: Identity): PathDataset {
  if (identity.role !== 'admin') {
    throw forbidden(
      'Only the admin may register a file by its path on this machine.',
      'Upload the file as multipart/form-data instead, or send the admin token (file admin.token of the data directory).',
    );
  }
  if (isAbsolute(body.path)) return body;
  throw new Problem({
    status: 400,
    code: 'path-not-absolute',
    title: 'Not an absolute path',
    detail: `${body.path} does not start at the root of the file system.`,
    hint: `Did you mean ${resolve(body.path)}?`,
  });
}

export function datasetBody(record: DatasetRecord): DatasetBody {
  return {
    name: record.name,
    schema: record.columns.map(({ name, type }) => ({ name, type })),
    rows: record.rows,
    bytes: record.bytes,
    partitions: record.chunks.length,
    state: 'ready',
    owner: record.owner,
    format: record.format,
    version: record.version,
    createdAtMs: record.createdAtMs,
  };
}

function pendingBody({ name, owner, rows }: PendingDataset): DatasetBody {
  return { name, owner, rows, schema: [], bytes: 0, partitions: 0, state: 'loading' };
}
