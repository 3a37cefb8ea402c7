/** Every error leaves as a problem document: thrown Problems, validation, Fastify's own, unknown routes and methods. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { LIMITS } from '../../shared/limits.ts';
import { BlockError } from '../blocks/errors.ts';
import { CatalogError, type CatalogErrorCode } from '../catalog/errors.ts';
import { ModuleError } from '../modules/errors.ts';
import { sqliteCode } from '../store/errors.ts';
import { plugin } from './plugin.ts';
import { Problem, type ProblemInit, problemBody } from './problem.ts';
import { UnfitRequest } from './validation.ts';

export interface ProblemsOptions {
  readonly log: (error: unknown, what: string) => void;
}

interface KnownRoute {
  readonly path: RegExp;
  readonly method: string;
}

export const problemsPlugin = plugin<ProblemsOptions>({ name: 'muster-problems' }, (app, { log }) => {
  const routes: KnownRoute[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) if (!url.endsWith('*')) routes.push({ path: pathPattern(url), method: one });
  });
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const init = asProblem(error);
    if (init.status >= 500 && !(error instanceof Problem)) log(error, `${request.method} ${request.routeOptions.url ?? ''}`);
    return sendProblem(reply, init);
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    const allowed = [...new Set(routes.filter((route) => route.path.test(path)).map((route) => route.method))];
    if (allowed.length === 0 || allowed.includes(request.method)) return sendProblem(reply, noRoute(request, path));
    reply.header('allow', allowed.join(', '));
    return sendProblem(reply, {
      status: 405,
      code: 'method-not-allowed',
      title: 'Method not allowed',
      detail: `${path} does not take ${request.method}; it takes ${allowed.join(', ')}.`,
    });
  });
});

export function sendProblem(reply: FastifyReply, init: ProblemInit): FastifyReply {
  if (init.status === 401) reply.header('www-authenticate', 'Bearer');
  // A route may have promised more for its success.
  reply.header('cache-control', 'no-store');
  return reply
    .code(init.status)
    .type('application/problem+json')
    .send(JSON.stringify(problemBody(init)));
}

function noRoute(request: FastifyRequest, path: string): ProblemInit {
  return {
    status: 404,
    code: 'route-not-found',
    title: 'Nothing here',
    detail: `${request.method} ${path.slice(0, 200)} is no route of this coordinator.`,
    hint: 'GET /openapi.json lists them.',
  };
}

function pathPattern(url: string): RegExp {
  return new RegExp(`^${url.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/:[a-zA-Z]+/g, '[^/]+')}/?$`);
}

function asProblem(error: FastifyError): ProblemInit {
  if (error instanceof Problem) return error.init;
  if (error instanceof CatalogError) {
    const { status, code, message, hint } = error;
    return { status, code, title: CATALOG_TITLES[code], detail: message, hint };
  }
  if (error instanceof ModuleError) return { status: error.status, ...error.failure };
  if (error instanceof BlockError) return blockProblem(error);
  if (sqliteCode(error)?.startsWith('SQLITE_FULL')) return blockProblem(new BlockError('disk-full', 'The store cannot grow.'));
  if (error instanceof UnfitRequest)
    return { status: 400, code: 'invalid-request', title: 'The request does not fit its schema', detail: error.message };
  return FASTIFY[error.code]?.(error) ?? other(error);
}

function blockProblem({ code, message }: BlockError): ProblemInit {
  if (code === 'disk-full') {
    const hint = 'Free some space in the data directory, or delete datasets.';
    return { status: 507, code, title: 'No space is left', detail: message, hint };
  }
  const hint = 'Run the query again. If it happens again, the disk of the coordinator may be failing.';
  return { status: 500, code: `block-${code}`, title: 'A stored block cannot be read', detail: message, hint };
}

const CATALOG_TITLES: { readonly [C in CatalogErrorCode]: string } = {
  'dataset-name': 'Not a name for a dataset',
  'dataset-exists': 'The name is in use',
  'dataset-not-found': 'No such dataset',
  'datasets-full': 'Too many datasets',
  'unknown-format': 'Unknown format',
  'file-not-readable': 'The file cannot be read',
  'file-changed': 'The file changed',
  'bad-file': 'The file is damaged or of another format',
  'unsupported-type': 'A column of a type that is not supported',
  'memory-limit': 'The file needs too much memory',
  'disk-full': 'No space is left',
  'ingest-cancelled': 'Ingest was cancelled',
  'ingest-crashed': 'Ingest crashed',
};

const FASTIFY: { readonly [code: string]: (error: FastifyError) => ProblemInit } = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () => ({
    status: 415,
    code: 'content-type',
    title: 'Content type not taken',
    detail: 'This route does not take a body of that content type.',
    hint: 'Send application/json; POST /v1/datasets also takes multipart/form-data, POST /v1/modules application/wasm.',
  }),
  FST_ERR_CTP_BODY_TOO_LARGE: () => ({
    status: 413,
    code: 'body-too-large',
    title: 'Body too large',
    detail: 'The body is over the limit of this route.',
    hint: `A module has at most ${mib(LIMITS.guestModuleBytes)}, a job ${mib(LIMITS.jobBodyBytes)}, other bodies ${mib(LIMITS.jsonBodyBytes)}.`,
  }),
  FST_ERR_CTP_INVALID_JSON_BODY: notJson,
  FST_ERR_CTP_EMPTY_JSON_BODY: notJson,
};

function mib(bytes: number): string {
  return `${bytes / 1048576} MiB`;
}

function notJson(error: FastifyError): ProblemInit {
  return { status: 400, code: 'not-json', title: 'The body is no JSON', detail: error.message };
}

function other(error: FastifyError): ProblemInit {
  const status = error.statusCode ?? 500;
  if (status < 500) return { status, code: 'bad-request', title: 'The request cannot be served', detail: error.message };
  return {
    status,
    code: 'internal',
    title: 'The coordinator met an error of its own',
    detail: 'The request failed; other requests and jobs are not affected.',
    hint: "The coordinator's log says more. Please report it.",
  };
}
