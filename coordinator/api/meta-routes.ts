/** /healthz and /openapi.json. */
import swagger from '@fastify/swagger';
import Type from 'typebox';
import { plugin } from './plugin.ts';
import { responses } from './schemas.ts';

/** Registered before the routes that it describes. */
export const openapiPlugin = plugin<{ readonly version: string }>(
  { name: 'muster-openapi', dependencies: ['muster-access'] },
  async (app, { version }) => {
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'Muster',
          version,
          description: 'Turns open browser tabs into a compute cluster: datasets, jobs, results, workers, events.',
        },
        components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
        security: [{ token: [] }],
      },
    });
    app.get('/openapi.json', { config: { access: 'volunteer' }, schema: { hide: true } }, async () => app.swagger());
  },
);

export const healthRoutes = plugin<object>({ name: 'muster-health', dependencies: ['muster-access'] }, (app) => {
  app.get(
    '/healthz',
    {
      config: { access: 'open' },
      schema: {
        summary: 'Answers while the coordinator lives',
        response: responses(200, Type.Object({ status: Type.Literal('ok') })),
      },
    },
    async () => ({ status: 'ok' as const }),
  );
});
