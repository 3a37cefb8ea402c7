/** Submit, look at and cancel jobs. */

import type { FastifyRequest } from 'fastify';
import Type, { type Static } from 'typebox';
import { LIMITS } from '../../shared/limits.ts';
import type { AuthorPlan } from '../../shared/plan/author-plan.ts';
import { type ModuleNames, planWords } from '../../shared/rest/plan-words.ts';
import type { Job } from '../jobs/entry.ts';
import type { PlanError } from '../jobs/ports.ts';
import type { TooManyJobs } from '../jobs/queue-limits.ts';
import type { JobRequest, JobService } from '../jobs/service.ts';
import { identityOf } from './access-plugin.ts';
import { jobBody } from './job-body.ts';
import { DEFAULT_PAGE, pageOf } from './job-pages.ts';
import { ownerName } from './owner.ts';
import { plugin } from './plugin.ts';
import { forbidden, notFound, Problem } from './problem.ts';
import { IdParams, JobBody, JobBodyIn, JobsBody, JobsQuery, responses } from './schemas.ts';
import type { Services } from './services.ts';
import { wrongInPlan } from './wrong-plan.ts';

export const jobRoutes = plugin<Services>({ name: 'muster-jobs', dependencies: ['muster-access'] }, (app, { jobs, modules }) => {
  app.post(
    '/v1/jobs',
    {
      config: { access: 'author' },
      bodyLimit: LIMITS.jobBodyBytes,
      attachValidation: true,
      schema: {
        summary: 'Run a query, or a plan of several relations',
        body: JobBodyIn,
        response: responses(202, Type.Object({ jobId: Type.String() })),
      },
    },
    async (request, reply) => {
      const identity = identityOf(request);
      const nameOf = (digest: string) => modules.find(digest, identity, ownerName(identity))?.name;
      const work = workOf(request.body, request.validationError, nameOf);
      const { name, options } = request.body;
      const { reuse = true, weight = 1, deadlineMs, slotsMax } = options ?? {};
      const submitted = await jobs.submit({
        ...work,
        owner: identity,
        options: { reuse, weight, ...(deadlineMs !== undefined && { deadlineMs }), ...(slotsMax !== undefined && { slotsMax }) },
        ...(name !== undefined && { name }),
      });
      if (!submitted.ok) throw planProblem(submitted.error);
      return reply.code(202).header('location', `/v1/jobs/${submitted.jobId}`).send({ jobId: submitted.jobId });
    },
  );

  app.get(
    '/v1/jobs',
    {
      config: { access: 'author' },
      schema: { summary: 'Your jobs, newest first, in pages', querystring: JobsQuery, response: responses(200, JobsBody) },
    },
    async (request) => {
      const { limit = DEFAULT_PAGE, cursor } = request.query;
      const page = pageOf(jobs.list(identityOf(request)), limit, cursor);
      const bodies = page.jobs.map((job) => jobBody(job, jobs.view(job)));
      return { jobs: bodies, ...(page.next !== undefined && { next: page.next }) };
    },
  );

  app.get(
    '/v1/jobs/:id',
    {
      config: { access: 'author' },
      schema: { summary: 'State, progress and counters of a job', params: IdParams, response: responses(200, JobBody) },
    },
    async (request) => {
      const job = findJob(jobs, request.params.id, request);
      return jobBody(job, jobs.view(job));
    },
  );

  app.get(
    '/v1/jobs/:id/plan',
    {
      config: { access: 'author' },
      schema: {
        summary: 'Logical plan, stages and their fragments',
        params: IdParams,
        response: responses(200, Type.Object({}, { additionalProperties: true })),
      },
    },
    async (request) => (await jobs.plan(findJob(jobs, request.params.id, request))) as Record<string, unknown>,
  );

  app.delete(
    '/v1/jobs/:id',
    {
      config: { access: 'author' },
      schema: { summary: 'Cancel a job', params: IdParams, response: responses(204, undefined) },
    },
    async (request, reply) => {
      const job = findJob(jobs, request.params.id, request);
      if (!jobs.mayCancel(job, identityOf(request)))
        throw forbidden(`The job belongs to ${job.owner}; only the owner and the admin may cancel it.`);
      jobs.cancel(job.jobId);
      return reply.code(204).send();
    },
  );
});

/** The query or the plan of a request. @throws Problem for a body that is not as it should be */
function workOf(
  body: Static<typeof JobBodyIn> | undefined,
  invalid: Error | undefined,
  nameOf: ModuleNames,
): Pick<JobRequest, 'sql' | 'relations'> {
  // In a union of relations every branch fails in its own way; only the one that was meant says something.
  if (body?.plan !== undefined) refusePlan(body.plan);
  if (invalid) throw invalid;
  const { sql, plan, functions } = body ?? {};
  if (sql !== undefined && plan !== undefined) throw oneOf('The body has both `sql` and `plan`.');
  if (plan !== undefined && functions !== undefined)
    throw oneOf('The body has both `plan` and `functions`: those are a member of the plan.');
  if (plan !== undefined) return { sql: planWords(plan, nameOf), relations: plan };
  if (sql === undefined) throw oneOf('The body has neither `sql` nor `plan`.');
  if (Buffer.byteLength(sql) <= LIMITS.sqlBytes) return functions ? { sql, relations: calling(sql, functions) } : { sql };
  throw new Problem({
    status: 413,
    code: 'sql-too-long',
    title: 'The query is too long',
    detail: `SQL is limited to ${LIMITS.sqlBytes} bytes.`,
    hint: 'Upload long lists of values as a dataset and join with it.',
  });
}

/** A query that calls guests is a plan of one relation, and those that its calls become. */
function calling(sql: string, functions: NonNullable<AuthorPlan['functions']>): AuthorPlan {
  return { relations: [{ name: 'query', relation: { kind: 'sql', sql } }], result: 'query', functions };
}

function oneOf(detail: string): Problem {
  const hint = 'Send `sql` for a query, or `plan` for several relations.';
  return new Problem({ status: 400, code: 'invalid-request', title: 'The request does not fit its schema', detail, hint });
}

/** @throws Problem for what has not the form of a plan */
export function refusePlan(plan: unknown): void {
  const wrong = wrongInPlan(plan);
  if (!wrong) return;
  const { detail, relation } = wrong;
  throw new Problem({ status: 400, code: 'plan-invalid', title: 'The plan is not valid', detail, relation });
}

export function findJob(jobs: JobService, id: string, request: FastifyRequest): Job {
  const job = jobs.find(id, identityOf(request));
  if (!job) throw notFound('job', id, 'GET /v1/jobs lists yours; the oldest settled ones are forgotten.');
  return job;
}

/** Whose fault it was decides the status: the planner's own troubles are 5xx. */
const PLAN_STATUS: { readonly [code: string]: number } = { 'planner-crash': 500, 'dataset-removed': 409, 'module-removed': 409 };

export function planProblem(error: PlanError | TooManyJobs): Problem {
  if (!('title' in error)) {
    return new Problem({
      status: 429,
      code: error.code,
      title: error.code === 'too-many-jobs' ? 'Too many jobs wait' : 'Too many of your jobs wait',
      detail: `${error.jobs} ${error.code === 'too-many-jobs' ? 'jobs' : 'jobs of yours'} are accepted and not settled yet.`,
      hint: 'Try again when some have ended, or cancel some.',
    });
  }
  const { code, title, detail, position, hint } = error;
  const relation = 'relation' in error ? error.relation : undefined;
  return new Problem({ status: PLAN_STATUS[code] ?? 400, code, title, detail, position, hint, relation });
}
