/** Plans as they are: what a page makes itself, and a client's frames and Rdds would only say in other words. */
import { makeHttp } from '../../client/http.ts';
import { JobHandle, type JobOptionsJson, ProblemError } from '../../client/index.ts';
import type { AuthorPlan } from '../../shared/plan/author-plan.ts';

export interface Author {
  /** Throws ProblemError for a plan that cannot be run; later errors come with the result. */
  submit(plan: AuthorPlan, options?: JobOptionsJson & { readonly name?: string }): Promise<JobHandle>;
  /** Lets a cached relation go; one that is gone already stays so. Throws ProblemError where it is somebody else's. */
  letGo(relationId: string): Promise<void>;
}

export function makeAuthor(token: string | undefined): Author {
  const http = makeHttp('', { token });
  return {
    async submit(plan, { name, ...options } = {}) {
      const body = { plan, options, ...(name !== undefined && { name }) };
      return new JobHandle(http, (await http.json<{ jobId: string }>('POST', '/v1/jobs', body)).jobId);
    },
    async letGo(relationId) {
      try {
        await http.send('DELETE', `/v1/cache/${encodeURIComponent(relationId)}`);
      } catch (error) {
        if (!(error instanceof ProblemError && error.status === 404)) throw error;
      }
    },
  };
}
