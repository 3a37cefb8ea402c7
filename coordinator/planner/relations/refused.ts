/** Errors of plans of several relations, as authors see them. */
import { nearNames } from '../../../shared/near-names.ts';
import { RefusedSql, type SqlError, type SqlErrorCode } from '../sql-errors.ts';

const TITLES: { readonly [code in SqlErrorCode]?: string } = {
  'plan-invalid': 'The plan is not valid',
  'plan-unknown-relation': 'The plan names a relation that there is not',
  'plan-unknown-column': 'The plan names a column that there is not',
  'plan-unknown-module': 'The plan names a module that there is not',
  'plan-unknown-function': 'The module has no such function',
  'plan-schema': 'The columns of a relation cannot be these',
};

/** `relation`: the one that is wrong. */
export function refusedPlan(code: SqlErrorCode, relation: string | undefined, detail: string, hint?: string): RefusedSql {
  const title = TITLES[code] ?? 'The plan is not valid';
  return new RefusedSql(withRelation({ code, title, detail, ...(hint === undefined ? {} : { hint }) }, relation));
}

export function withRelation(error: SqlError, relation: string | undefined): SqlError {
  return relation === undefined ? error : { ...error, relation };
}

/** The nearest names, or some of those that there are. */
export function namesHint(wrong: string, names: readonly string[], what: string): string {
  const near = nearNames(wrong, names);
  if (near.length > 0) return `Did you mean ${near.map((n) => `"${n}"`).join(' or ')}?`;
  return names.length > 0 ? `${what}: ${names.slice(0, 10).join(', ')}` : `There are no ${what.toLowerCase()} yet.`;
}
