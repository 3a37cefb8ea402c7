/** What does not fit the schema of a plan, told of the kind of relation, or of code, that was meant. */
import Type, { type TSchema } from 'typebox';
import { Check, Errors } from 'typebox/value';
import { AuthorPlan } from '../../shared/plan/author-plan.ts';

export interface WrongPlan {
  readonly detail: string;
  /** Its name, where it is known. */
  readonly relation?: string;
}

interface Variants {
  readonly anyOf: readonly TSchema[];
}

const Relation = (AuthorPlan.properties.relations as unknown as { items: { properties: { relation: Variants } } }).items
  .properties.relation;

/** A plan's members, with relations of any form. */
const Outline = Type.Object(
  {
    ...AuthorPlan.properties,
    relations: Type.Array(
      Type.Object(
        {
          name: AuthorPlan.properties.relations.items.properties.name,
          relation: Type.Object({ kind: Type.String() }, { additionalProperties: true }),
        },
        { additionalProperties: false },
      ),
      { minItems: 1, maxItems: 1000 },
    ),
  },
  { additionalProperties: false },
);

/** The first thing that is wrong; undefined where the plan has the form of one. */
export function wrongInPlan(plan: unknown): WrongPlan | undefined {
  if (Check(AuthorPlan, plan)) return undefined;
  const inCache = wrongInCache((plan as { cache?: unknown } | null)?.cache);
  if (inCache !== undefined) return { detail: inCache };
  if (!Check(Outline, plan)) return { detail: first(Outline, plan, 'plan') };
  for (const [i, { name, relation }] of (plan as { relations: { name: string; relation: object }[] }).relations.entries()) {
    const where = `plan.relations.${i}.relation`;
    const wrong = wrongVariant(Relation, relation, where);
    if (wrong !== undefined) return { detail: wrong, relation: name };
  }
  return { detail: first(AuthorPlan, plan, 'plan') };
}

const LEVELS = ['memory', 'tabs', 'tabs-2', 'coordinator'];

function wrongInCache(cache: unknown): string | undefined {
  if (!Array.isArray(cache)) return undefined;
  for (const [i, one] of cache.entries()) {
    if (typeof one !== 'object' || one === null) continue;
    const level: unknown = 'level' in one ? one.level : undefined;
    if (level !== undefined && !LEVELS.includes(level as string))
      return `plan.cache.${i}.level must be one of ${LEVELS.map((name) => JSON.stringify(name)).join(', ')}`;
  }
  return undefined;
}

function wrongVariant(union: Variants, value: unknown, where: string): string | undefined {
  const { kind } = value as { kind?: unknown };
  const meant = union.anyOf.find((variant) => kindOf(variant) === kind);
  if (!meant) {
    const kinds = union.anyOf.map((variant) => JSON.stringify(kindOf(variant))).join(', ');
    return `${where}.kind must be one of ${kinds}`;
  }
  if (Check(meant, value)) return undefined;
  const code = (meant as { properties?: { code?: Variants } }).properties?.code;
  const given = (value as { code?: unknown }).code;
  if (code && typeof given === 'object' && given !== null) {
    const inside = wrongVariant(code, given, `${where}.code`);
    if (inside !== undefined) return inside;
  }
  return first(meant, value, where);
}

const kindOf = (variant: TSchema): unknown =>
  (variant as { properties?: { kind?: { const?: unknown } } }).properties?.kind?.const;

function first(schema: TSchema, value: unknown, where: string): string {
  const errors = [...Errors(schema, value)];
  const error = errors.find(({ keyword }) => keyword !== 'boolean' && keyword !== 'anyOf') ?? errors[0];
  if (!error) return `${where} is not valid`;
  const { instancePath, message, params } = error;
  const extra = (params as { additionalProperties?: unknown }).additionalProperties;
  const what = Array.isArray(extra) ? `must not have ${extra.map((name) => JSON.stringify(name)).join(', ')}` : message;
  return `${where}${instancePath.replaceAll('/', '.')} ${what}`;
}
