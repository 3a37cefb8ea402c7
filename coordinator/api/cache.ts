/** /v1/cache: where the blocks of datasets, cached relations and jobs live, and letting a relation go. Jobs of other authors are one sum. */
import { LIMITS } from '../../shared/limits.ts';
import type { CacheJson } from '../../shared/rest/cache.ts';
import { mayChange, mayRead } from '../auth/identity.ts';
import { cacheReport, type KeptResult } from '../blocks/cache-report.ts';
import type { Job } from '../jobs/entry.ts';
import { identityOf } from './access-plugin.ts';
import { planProblem, refusePlan } from './jobs.ts';
import { ownerName } from './owner.ts';
import { plugin } from './plugin.ts';
import { forbidden, notFound } from './problem.ts';
import { CacheBody, FindCachedBody, FoundCachedBody, IdParams, responses } from './schemas.ts';
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

    app.post(
      '/v1/cache/find',
      {
        config: { access: 'author' },
        bodyLimit: LIMITS.jobBodyBytes,
        attachValidation: true,
        schema: {
          summary: 'Which of the relations in a plan’s `cache` are kept for you',
          body: FindCachedBody,
          response: responses(200, FoundCachedBody),
        },
      },
      async (request): Promise<FoundCachedBody> => {
        // In a union of relations every branch fails in its own way; only the one that was meant says something.
        if (request.body?.plan !== undefined) refusePlan(request.body.plan);
        if (request.validationError) throw request.validationError;
        const { plan } = request.body;
        const asker = identityOf(request);
        const outcome = await jobs.planned(plan, asker);
        if (!outcome.ok) throw planProblem(outcome.error);
        const found = (outcome.plan.cached ?? []).map(({ name, key }) => ({ name, id: core.keptId(key, ownerName(asker)) }));
        return { relations: found.flatMap(({ name, id }) => (id === undefined ? [] : [{ name, id }])) };
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
