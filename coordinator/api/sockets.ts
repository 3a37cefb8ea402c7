/** The two sockets of workers. Host was checked before the upgrade; Origin and token are answered with close codes. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import { plugin } from './plugin.ts';
import type { Services } from './services.ts';

export const socketRoutes = plugin<Services>({ name: 'muster-sockets', dependencies: ['muster-access'] }, (app, services) => {
  const responses = new WeakMap<IncomingMessage, ServerResponse>();
  const onRequest = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    responses.set(request.raw, reply.raw);
  };
  /** After an upgrade nobody answers any more, but the socket would keep the response, the request and all that hangs on them. */
  const upgraded = (accept: (socket: WebSocket, request: FastifyRequest) => void) => {
    return (socket: WebSocket, request: FastifyRequest): void => {
      responses.get(request.raw)?.detachSocket(request.raw.socket);
      accept(socket, request);
    };
  };
  const options = { websocket: true, config: { access: 'socket' }, onRequest } as const;
  app.get(
    '/v1/session',
    options,
    upgraded((socket, request) => services.sessions.accept(socket, request)),
  );
  app.get(
    '/v1/data',
    options,
    upgraded((socket, request) => services.relay.accept(socket, request)),
  );
});
