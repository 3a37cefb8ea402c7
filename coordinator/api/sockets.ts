/** The two sockets of workers. Host was checked before the upgrade; Origin and token are answered with close codes. */
import { plugin } from './plugin.ts';
import type { Services } from './services.ts';

export const socketRoutes = plugin<Services>({ name: 'muster-sockets', dependencies: ['muster-access'] }, (app, services) => {
  app.get('/v1/session', { websocket: true, config: { access: 'socket' } }, (socket, request) => {
    services.sessions.accept(socket, request);
  });
  app.get('/v1/data', { websocket: true, config: { access: 'socket' } }, (socket, request) => {
    services.relay.accept(socket, request);
  });
});
