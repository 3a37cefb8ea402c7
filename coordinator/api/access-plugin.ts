/** Design section 9 for every request and upgrade, before any route sees it: Host, Origin, token, role. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { invariant } from '../../shared/assert.ts';
import { bearer } from '../auth/bearer.ts';
import type { Guard } from '../auth/guard.ts';
import { atLeast, type Identity } from '../auth/identity.ts';
import { plugin } from './plugin.ts';
import { forbidden, Problem, unauthorized } from './problem.ts';

export const accessPlugin = plugin<{ readonly guard: Guard }>(
  { name: 'muster-access', dependencies: ['muster-problems'] },
  (app, { guard }) => {
    app.decorateRequest('identity', undefined);
    app.addHook('onRoute', (route) => {
      // Forgetting it on a new route must not open the route.
      invariant(route.config?.access !== undefined || !route.url.startsWith('/v1'), `route ${route.url} says no access`);
    });
    app.addHook('onRequest', async (request, reply) => {
      checkHost(guard, request);
      const { access } = request.routeOptions.config;
      // A page can read a close code but no status of a refused upgrade: the socket itself says 4403 or 4401.
      if (access === 'socket' && request.ws) return;
      checkOrigin(guard, request, reply);
      if (isPreflight(request)) return reply.code(204).send();
      if (access === undefined || access === 'open' || access === 'socket') return;
      const verdict = guard.identify(
        { host: request.headers.host, remoteAddress: request.ip },
        bearer(request.headers.authorization),
      );
      if (!verdict.ok) throw unauthorized(verdict.why);
      if (!atLeast(verdict.identity, access)) {
        throw forbidden(`This needs the role ${access}; your token has ${verdict.identity.role}.`, adminHint(access));
      }
      request.identity = verdict.identity;
    });
  },
);

/** The caller's identity on a route whose access is not `open`. */
export function identityOf(request: FastifyRequest): Identity {
  invariant(request.identity, 'the route has no access rule');
  return request.identity;
}

function adminHint(access: string): string | undefined {
  return access === 'admin' ? 'The admin token is in the file admin.token of the data directory.' : undefined;
}

function checkHost(guard: Guard, request: FastifyRequest): void {
  if (guard.hostAllowed(request.headers.host)) return;
  throw new Problem({
    status: 403,
    code: 'host-not-allowed',
    title: 'Unknown Host',
    detail: 'This coordinator does not answer under that name.',
    hint: 'Start it with --advertise NAME to add a name, or with --lan for the addresses of this machine.',
  });
}

function checkOrigin(guard: Guard, request: FastifyRequest, reply: FastifyReply): void {
  const { origin, host } = request.headers;
  if (!guard.originAllowed(origin, host)) throw foreign('That page is of another site.');
  if (origin !== undefined && guard.originShared(origin)) {
    reply.header('access-control-allow-origin', origin).header('vary', 'Origin');
    if (isPreflight(request)) {
      reply
        .header('access-control-allow-methods', 'GET, POST, DELETE')
        .header('access-control-allow-headers', 'authorization, content-type, last-event-id')
        .header('access-control-max-age', '600');
    }
    return;
  }
  // Images and scripts of other sites send no Origin on GET; browsers still say where they come from.
  const site = request.headers['sec-fetch-site'];
  const api = request.url.startsWith('/v1/');
  if (api && (site === 'cross-site' || site === 'same-site') && origin === undefined)
    throw foreign('The request comes from another site.');
}

function foreign(detail: string): Problem {
  return new Problem({
    status: 403,
    code: 'origin-not-allowed',
    title: 'Foreign Origin',
    detail,
    hint: 'Start the coordinator with --allow-origin ORIGIN if that page is yours.',
  });
}

function isPreflight(request: FastifyRequest): boolean {
  return request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
}
