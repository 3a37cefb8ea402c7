/** All routes, in the order of their dependencies. */
import type { FastifyInstance } from 'fastify';
import { accessPlugin } from './access-plugin.ts';
import { cacheRoutes } from './cache.ts';
import { datasetRoutes } from './datasets.ts';
import { eventRoutes } from './events.ts';
import { jobRoutes } from './jobs.ts';
import { healthRoutes, openapiPlugin } from './meta-routes.ts';
import { metricsRoutes } from './metrics.ts';
import { moduleRoutes } from './modules.ts';
import { pageRoutes, securityHeaders } from './pages.ts';
import { problemsPlugin } from './problems-plugin.ts';
import { resultRoutes } from './results.ts';
import { savedResultRoutes } from './saved-results.ts';
import type { Services } from './services.ts';
import { socketRoutes } from './sockets.ts';
import { validatorCompiler } from './validation.ts';
import { workerRoutes } from './workers.ts';

export const API_VERSION = '0.1.0';

export async function registerApi(
  app: FastifyInstance,
  services: Services & { readonly pagesDir: string | undefined },
): Promise<void> {
  app.setValidatorCompiler(validatorCompiler);
  // Response schemas are for openapi.json; a second serialiser would only drop what they forget.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  app.removeContentTypeParser('text/plain');
  await app.register(problemsPlugin, { log: services.log });
  await app.register(securityHeaders, {});
  await app.register(accessPlugin, { guard: services.guard });
  await app.register(openapiPlugin, { version: API_VERSION });
  await app.register(healthRoutes, {});
  await app.register(datasetRoutes, services);
  await app.register(moduleRoutes, services);
  await app.register(jobRoutes, services);
  await app.register(resultRoutes, services);
  await app.register(savedResultRoutes, services);
  await app.register(workerRoutes, services);
  await app.register(cacheRoutes, services);
  await app.register(eventRoutes, services);
  await app.register(metricsRoutes, services);
  await app.register(socketRoutes, services);
  await app.register(pageRoutes, { dir: services.pagesDir });
}
