/** Letting go of what the coordinator keeps of a chain's steps. */
import type { AuthorPlan } from '../../shared/plan/author-plan.ts';
import type { Http } from '../http.ts';
import { planOf } from '../plan/plan-builder.ts';
import { keptNode, type Source } from '../plan/relation-node.ts';
import { ProblemError } from '../problem.ts';

/** The relation alone: what lies below it may be kept as well, and stays. */
function planToFind(source: Source): AuthorPlan {
  const plan = planOf(keptNode(source, 'tabs'));
  return { ...plan, cache: [plan.result] };
}

/**
 * Lets a step's blocks go, whichever connection of the author made them: the coordinator knows the step by what it says. False: nothing is
 * kept of it. Throws ProblemError where its plan is refused, e.g. when its dataset is gone.
 */
export async function releaseKept(http: Http, source: Source): Promise<boolean> {
  const plan = planToFind(source);
  const { relations } = await http.json<{ relations: { name: string; id: string }[] }>('POST', '/v1/cache/find', { plan });
  const found = relations.find(({ name }) => name === plan.result);
  if (found === undefined) return false;
  try {
    await http.send('DELETE', `/v1/cache/${encodeURIComponent(found.id)}`);
    return true;
  } catch (error) {
    // Somebody was faster.
    if (error instanceof ProblemError && error.status === 404) return false;
    throw error;
  }
}
