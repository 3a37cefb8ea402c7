/** What a page asks of the coordinator to run an author's own code: modules from source, and plans. */

import { makeHttp } from '../../client/http.ts';
import { JobHandle, type JobOptionsJson } from '../../client/index.ts';
import type { AuthorPlan } from '../../shared/plan/author-plan.ts';

export interface ModuleJson {
  readonly digest: string;
  readonly abi: 'batch' | 'stream';
  readonly functions: readonly string[];
  readonly bytes: number;
}

export interface Author {
  /** Compiles AssemblyScript. Throws ProblemError `source-invalid` with line, column and diagnostics. */
  compile(source: string, name: string): Promise<ModuleJson>;
  /** Throws ProblemError for a plan that cannot be run; later errors come with the result. */
  submit(plan: AuthorPlan, options?: JobOptionsJson & { readonly name?: string }): Promise<JobHandle>;
}

export function makeAuthor(token: string | undefined): Author {
  const http = makeHttp('', { token });
  return {
    compile: (source, name) => http.json('POST', '/v1/modules', { source, language: 'assemblyscript', name }),
    async submit(plan, { name, ...options } = {}) {
      const body = { plan, options, ...(name !== undefined && { name }) };
      return new JobHandle(http, (await http.json<{ jobId: string }>('POST', '/v1/jobs', body)).jobId);
    },
  };
}
