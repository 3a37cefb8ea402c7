/** An example's plans as a lesson submits them. */
import type { AuthorPlan } from '../../shared/plan/author-plan.ts';

/** The plan with datasets under the names that it uses for them: a relation's name wins over a dataset's. */
export function withInputs(plan: AuthorPlan, names: ReadonlyMap<string, string>): AuthorPlan {
  const renamed = [...names].filter(([name, dataset]) => name !== dataset);
  const relations = renamed.map(([name, dataset]) => ({
    name,
    relation: { kind: 'sql' as const, sql: `SELECT * FROM ${dataset}` },
  }));
  return { ...plan, relations: [...relations, ...plan.relations] };
}

/**
 * The plan with a parameter that no other run has: its guests compute anew, so that there is something to see. What lies below them, such
 * as points that are kept, is taken as it is.
 */
export function freshened(plan: AuthorPlan, run: number): AuthorPlan {
  const relations = plan.relations.map(({ name, relation }) => {
    if (!('code' in relation)) return { name, relation };
    const { code } = relation;
    if (code.kind === 'stream') return { name, relation };
    return { name, relation: { ...relation, code: { ...code, params: { ...code.params, lesson_run: run } } } };
  });
  return { ...plan, relations };
}
