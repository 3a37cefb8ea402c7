/** Tabs and headless workers: look at them, and (admin) drain or close one. */
import Type from 'typebox';
import type { WorkerId } from '../../shared/ids.ts';
import type { Identity } from '../auth/identity.ts';
import type { WorkerView } from '../core/views.ts';
import type { JobService } from '../jobs/service.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { identityOf } from './access-plugin.ts';
import { plugin } from './plugin.ts';
import { notFound } from './problem.ts';
import { IdParams, responses, WorkerBody } from './schemas.ts';
import type { Services } from './services.ts';

export const workerRoutes = plugin<Services>(
  { name: 'muster-workers', dependencies: ['muster-access'] },
  (app, { core, sessions, jobs }) => {
    app.get(
      '/v1/workers',
      {
        config: { access: 'author' },
        schema: { summary: 'Connected workers', response: responses(200, Type.Object({ workers: Type.Array(WorkerBody) })) },
      },
      async (request) => {
        const identity = identityOf(request);
        return { workers: core.workers().map((view) => visibleWorker(view, sessions, jobs, identity)) };
      },
    );

    const verbs = [
      ['drain', 'Let a worker finish and hand over what only it has, then tell it to go', (id: WorkerId) => sessions.drain(id)],
      ['close', 'End a worker’s session', (id: WorkerId) => sessions.dismiss(id)],
    ] as const;
    for (const [verb, summary, act] of verbs) {
      app.post(
        `/v1/workers/:id/${verb}`,
        { config: { access: 'admin' }, schema: { summary, params: IdParams, response: responses(204, undefined) } },
        async (request, reply) => {
          const { id } = request.params as { readonly id: string };
          if (!act(id as WorkerId)) throw notFound('worker', id, 'GET /v1/workers lists the connected ones.');
          return reply.code(204).send();
        },
      );
    }
  },
);

/** Session ids stay inside: they name connections, not workers. What runs for other authors is not named. */
export function visibleWorker({ sessionId, ...view }: WorkerView, sessions: Sessions, jobs: JobService, identity: Identity) {
  const { name, mode } = sessions.get(sessionId)?.identity ?? {};
  const current = view.current.map((task) =>
    jobs.find(task.jobId, identity) ? task : { ...task, title: 'a task of another author' },
  );
  return { ...view, current, ...(name !== undefined && { name }), ...(mode !== undefined && { mode }) };
}
