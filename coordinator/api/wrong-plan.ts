/** What does not fit the schema of a plan, and in which of its relations. */
import { AuthorPlan } from '../../shared/plan/author-plan.ts';
import { wrongValue } from './wrong-value.ts';

export interface WrongPlan {
  readonly detail: string;
  /** Its name, where it is known. */
  readonly relation?: string;
}

/** The first thing that is wrong; undefined where the plan has the form of one. */
export function wrongInPlan(plan: unknown): WrongPlan | undefined {
  const detail = wrongValue(AuthorPlan, plan, 'plan');
  if (detail === undefined) return undefined;
  const relation = nameOf(plan, Number(/^plan\.relations\.(\d+)\.relation\b/.exec(detail)?.[1]));
  return { detail, ...(relation !== undefined && { relation }) };
}

function nameOf(plan: unknown, index: number): string | undefined {
  const { relations } = plan as { readonly relations?: unknown };
  const named: unknown = Array.isArray(relations) ? relations[index] : undefined;
  const name = (named as { readonly name?: unknown } | undefined)?.name;
  return typeof name === 'string' ? name : undefined;
}
