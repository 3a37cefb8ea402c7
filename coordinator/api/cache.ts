/** /v1/cache: where the blocks of datasets, cached relations and jobs live, and letting a relation go. Jobs of other authors are one sum. */
import type { CacheJson } from '../../shared/rest/cache.ts';
import { mayChange, mayRead } from '../auth/identity.ts';
import { cacheReport, type KeptResult } from '../blocks/cache-report.ts';
import type { Job } from '../jobs/entry.ts';
import { identityOf } from './access-plugin.ts';
import { plugin } from './plugin.ts';
import { forbidden, notFound } from './problem.ts';
import { CacheBody, IdParams, responses } from './schemas.ts';
import type { Services } from './services.ts';

export const cacheRoutes = plugin<Services>(
  { name: 'muster-cache', dependencies: ['muster-access'] },
  (app, { core, shell, sessions, jobs, catalog, blocks, relay }) => {
    app.get(
      '/v1/cache',
      {
        config: { access: 'author' },
        schema: { summary: 'Where the blocks of datasets and of your jobs live', response: responses(200, CacheBody) },
      },
      async (request): Promise<CacheJson> => {
        const datasets = await catalog.list();
        const { memoryBytes, diskBytes } = relay.totals();
        return cacheReport({
          view: core.cache(),
          datasets,
          coordinator: { ...blocks.held(), passing: { memoryBytes, diskBytes } },
          tabs: core.workers().map(({ workerId, sessionId }) => {
            const { name } = sessions.get(sessionId)?.identity ?? {};
            return { workerId, sessionId, ...(name !== undefined && { name }) };
          }),
          served: (sessionId) => relay.served(sessionId),
          mayRead: (owner) => mayRead(identityOf(request), { name: owner }),
          mayChange: (owner) => mayChange(identityOf(request), { name: owner }),
          jobs: jobs.list(identityOf(request)).map((job) => ({ jobId: job.jobId, result: resultOf(job) })),
          onCoordinator: (blockId) => blocks.has(blockId),
        });
      },
    );

    app.delete(
      '/v1/cache/:id',
      {
        config: { access: 'author' },
        schema: { summary: 'Let a cached relation go', params: IdParams, response: responses(204, undefined) },
      },
      async (request, reply) => {
        const { id } = request.params;
        const relation = core.cache().relations.find((one) => one.id === id);
        if (!relation || !mayRead(identityOf(request), { name: relation.owner }))
          throw notFound('relation', id, 'GET /v1/cache lists yours; they do not survive a restart of the coordinator.');
        if (!mayChange(identityOf(request), { name: relation.owner }))
          throw forbidden(`${relation.name} belongs to ${relation.owner}; only its owner and the admin may let it go.`);
        shell.tell({ type: 'relationReleased', pinId: id });
        return reply.code(204).send();
      },
    );
  },
);

function resultOf(job: Job): readonly KeptResult[] {
  if (job.kind === 'live' || job.expired) return [];
  return job.record.result.map(({ blockId, buckets }) => ({
    blockId,
    bytes: buckets.reduce((sum, bucket) => sum + bucket.bytes, 0),
  }));
}
