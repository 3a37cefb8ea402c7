/** GET /v1/cache: where the blocks of datasets and jobs live. Jobs of other authors are one sum. */
import type { CacheJson } from '../../shared/rest/cache.ts';
import { cacheReport, type KeptResult } from '../blocks/cache-report.ts';
import type { Job } from '../jobs/entry.ts';
import { identityOf } from './access-plugin.ts';
import { plugin } from './plugin.ts';
import { CacheBody, responses } from './schemas.ts';
import type { Services } from './services.ts';

export const cacheRoutes = plugin<Services>(
  { name: 'muster-cache', dependencies: ['muster-access'] },
  (app, { core, sessions, jobs, catalog, blocks, relay }) => {
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
          jobs: jobs.list(identityOf(request)).map((job) => ({ jobId: job.jobId, result: resultOf(job) })),
          onCoordinator: (blockId) => blocks.has(blockId),
        });
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
