/** What does not fit a schema, told to whoever wrote it: where, what may stand there, and what does. */
import type { TSchema } from 'typebox';
import { Check, Errors } from 'typebox/value';
import { nearNames } from '../../shared/near-names.ts';

/** The parts of a schema that are looked at here. */
interface Form {
  readonly type?: string;
  /** Of a text with a pattern: what it is, as `must be ...` can go on. */
  readonly description?: string;
  readonly pattern?: string;
  readonly const?: unknown;
  readonly anyOf?: readonly TSchema[];
  readonly properties?: { readonly [name: string]: TSchema };
  readonly patternProperties?: { readonly [pattern: string]: TSchema };
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
  readonly items?: TSchema;
}

type Members = { readonly [name: string]: unknown };

const SHOWN_CHARS = 80;
/** An alternative of a union of objects is chosen by this member. */
const TAG = 'kind';

/** The first thing that is wrong, in the order of the schema; `where`: what the value is called. Undefined: it fits. */
export function wrongValue(schema: TSchema, value: unknown, where: string): string | undefined {
  // To the type checker nothing is left that does not fit any schema.
  const fits: boolean = Check(schema, value);
  if (fits) return undefined;
  const form: Form = schema;
  if (form.anyOf) return wrongInUnion(form.anyOf, value, where);
  if ('const' in form) return notOneOf([form.const], value, where);
  const wanted = KINDS[form.type ?? ''];
  if (wanted !== undefined && !isOfType(value, form.type)) return `${where} must be ${wanted}; ${is(value)}`;
  if (isMembers(value)) return wrongMember(form, value, where);
  const { items } = form;
  if (items && Array.isArray(value)) {
    for (const [i, item] of value.entries()) {
      const wrong = wrongValue(items, item, `${where}.${i}`);
      if (wrong !== undefined) return wrong;
    }
  }
  if (form.pattern !== undefined && form.description !== undefined) return `${where} must be ${form.description}; ${is(value)}`;
  return byKeyword(schema, value, where);
}

function wrongInUnion(given: readonly TSchema[], value: unknown, where: string): string | undefined {
  const variants = given.flatMap((variant) => (variant as Form).anyOf ?? [variant]);
  const literals = literalsOf(variants);
  if (literals) return notOneOf(literals, value, where);
  if (isMembers(value)) {
    const tags = variants.map(tagOf);
    if (tags.every((tag) => tag !== undefined)) {
      const meant = variants[tags.indexOf(value[TAG] as string)];
      if (meant) return wrongValue(meant, value, where);
      return TAG in value ? notOneOf(tags, value[TAG], `${where}.${TAG}`) : lacks(TAG, tags, where);
    }
  }
  const ofItsType = variants.filter((variant) => isOfType(value, (variant as Form).type));
  const [only] = ofItsType;
  if (only && ofItsType.length === 1) return wrongValue(only, value, where);
  return `${where} must be ${listed(variants.map((variant) => KINDS[(variant as Form).type ?? ''] ?? 'another value'))}; ${is(value)}`;
}

function wrongMember(form: Form, value: Members, where: string): string | undefined {
  const { properties = {}, patternProperties = {}, required = [] } = form;
  const names = Object.keys(properties);
  const extra = Object.keys(value).find((name) => !names.includes(name));
  const missing = required.find((name) => value[name] === undefined);
  // A name that is spelt wrong is both.
  if (form.additionalProperties === false && extra !== undefined && form.patternProperties === undefined) {
    const [near] = nearNames(
      extra,
      names.filter((name) => !(name in value)),
    );
    const known = names.length > 0 ? `; it may have ${listed(names.map(quoted), 'and')}` : '';
    return `${where} must not have ${quoted(extra)}${near === undefined ? known : `; did you mean ${quoted(near)}?`}`;
  }
  if (missing !== undefined) return lacks(missing, choicesOf(properties[missing]), where);
  for (const name of names) {
    const schema = properties[name];
    if (!schema || value[name] === undefined) continue;
    const wrong = wrongValue(schema, value[name], `${where}.${name}`);
    if (wrong !== undefined) return wrong;
  }
  for (const [pattern, schema] of Object.entries(patternProperties)) {
    for (const [name, member] of Object.entries(value)) {
      const wrong = new RegExp(pattern).test(name) ? wrongValue(schema, member, `${where}.${name}`) : undefined;
      if (wrong !== undefined) return wrong;
    }
  }
  return byKeyword(form as TSchema, value, where);
}

function lacks(name: string, choices: readonly unknown[], where: string): string {
  const may = choices.length > 1 ? `, one of ${choices.map(quoted).join(', ')}` : choices.map((choice) => `: ${quoted(choice)}`);
  return `${where} must have ${quoted(name)}${may}`;
}

function choicesOf(schema: TSchema | undefined): readonly unknown[] {
  const form: Form = schema ?? {};
  return 'const' in form ? [form.const] : (literalsOf(form.anyOf ?? []) ?? []);
}

function notOneOf(choices: readonly unknown[], value: unknown, where: string): string {
  const texts = choices.filter((choice) => typeof choice === 'string');
  const [near] = typeof value === 'string' ? nearNames(value, texts) : [];
  const may = choices.length > 1 ? `one of ${choices.map(quoted).join(', ')}` : choices.map(quoted).join('');
  return `${where} must be ${may}; ${is(value)}${near === undefined || choices.length === 1 ? '' : `: did you mean ${quoted(near)}?`}`;
}

/** In the schema library's words, with what was given where that says more. */
function byKeyword(schema: TSchema, value: unknown, where: string): string {
  const errors = [...Errors(schema, value)];
  const error = errors.find(({ keyword }) => keyword !== 'boolean' && keyword !== 'anyOf') ?? errors[0];
  if (!error) return `${where} is not valid; ${is(value)}`;
  const extra: unknown = (error.params as { additionalProperties?: unknown }).additionalProperties;
  const what = Array.isArray(extra) ? `must not have ${extra.map(quoted).join(', ')}` : error.message;
  const place = `${where}${error.instancePath.replaceAll('/', '.')}`;
  return `${place} ${what}${typeof value === 'object' && value !== null ? '' : `; ${is(value)}`}`;
}

function literalsOf(variants: readonly TSchema[]): readonly unknown[] | undefined {
  const forms: readonly Form[] = variants;
  return forms.every((form) => 'const' in form) ? forms.map((form) => form.const) : undefined;
}

const tagOf = (variant: TSchema): unknown => ((variant as Form).properties?.[TAG] as Form | undefined)?.const;

const isMembers = (value: unknown): value is Members => typeof value === 'object' && value !== null && !Array.isArray(value);

function isOfType(value: unknown, type: string | undefined): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'object') return isMembers(value);
  return type === undefined || (type === 'array' ? Array.isArray(value) : typeof value === type);
}

const KINDS: { readonly [type: string]: string } = {
  array: 'a list',
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
  object: 'an object',
  string: 'a text',
};

const listed = (parts: readonly string[], last = 'or'): string =>
  parts.length > 1 ? `${parts.slice(0, -1).join(', ')} ${last} ${parts.at(-1)}` : parts.join('');

const quoted = (value: unknown): string => JSON.stringify(value) ?? String(value);

function is(value: unknown): string {
  if (Array.isArray(value)) return `it is a list of ${value.length}`;
  if (isMembers(value)) return 'it is an object';
  const text = quoted(value);
  return `it is ${text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text}`;
}
