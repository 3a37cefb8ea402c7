/** GET /v1/events: server-sent events `hello`, `job`, `worker`, `workerGone`, `dataset`, `story`. */
import { randomBytes } from 'node:crypto';
import { PassThrough } from 'node:stream';
import Type from 'typebox';
import { identityOf } from './access-plugin.ts';
import { EventHub } from './event-hub.ts';
import { plugin } from './plugin.ts';
import { Problem } from './problem.ts';
import { responses } from './schemas.ts';
import type { Services } from './services.ts';

/** A reader that is this far behind is cut off; it reconnects with Last-Event-ID. */
const BEHIND_BYTES = 4 * 1024 * 1024;
const ALIVE_MS = 15_000;

export const eventRoutes = plugin<Services>({ name: 'muster-events', dependencies: ['muster-access'] }, (app, services) => {
  const hub = new EventHub(services, randomBytes(4).toString('hex'));
  const streams = new Set<PassThrough>();
  services.datasetEvents.add((name) => hub.datasetsChanged(name));
  // Open streams would keep the server from closing.
  app.addHook('preClose', async () => {
    hub.close();
    for (const stream of streams) stream.end();
  });
  app.get(
    '/v1/events',
    {
      config: { access: 'author' },
      schema: {
        summary: 'What happens, as server-sent events; resumes after Last-Event-ID',
        response: responses(200, Type.String({ description: 'text/event-stream' })),
      },
    },
    async (request, reply) => {
      if (streams.size >= services.eventStreams) {
        throw new Problem({
          status: 429,
          code: 'too-many-streams',
          title: 'Too many event streams',
          detail: `${services.eventStreams} are open.`,
          hint: 'Close a dashboard, or ask GET /v1/jobs from time to time.',
        });
      }
      const stream = new PassThrough({ highWaterMark: BEHIND_BYTES });
      streams.add(stream);
      const write = (text: string): void => {
        if (stream.writableEnded || stream.destroyed) return;
        if (!stream.write(text)) stream.destroy();
      };
      const cancelAlive = every(services, ALIVE_MS, () => write(': alive\n\n'));
      let remove = (): void => undefined;
      stream.once('close', () => {
        cancelAlive();
        remove();
        streams.delete(stream);
      });
      write('retry: 1000\n');
      const send = (event: string, data: unknown, id?: string): void =>
        write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
      const joinUrl = services.joinLink();
      send('hello', { paceMs: services.paceMs, ...(joinUrl !== undefined && { joinUrl }) });
      const last = request.headers['last-event-id'];
      remove = hub.add({ identity: identityOf(request), send }, typeof last === 'string' ? last : undefined);
      reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no').type('text/event-stream; charset=utf-8');
      return reply.send(stream);
    },
  );
});

function every({ shell }: Services, ms: number, act: () => void): () => void {
  let cancel = (): void => undefined;
  const arm = (): void => {
    cancel = shell.clock.after(ms, () => {
      act();
      arm();
    });
  };
  arm();
  return () => cancel();
}
