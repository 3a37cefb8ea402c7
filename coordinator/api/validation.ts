/** What does not fit, in one line: where, and what was expected. */
import type { FastifySchemaValidationError } from 'fastify/types/schema.js';

/** Unions report each branch that failed; the first few causes are the ones that say something. */
const MOST = 3;

export function describeErrors(errors: FastifySchemaValidationError[], part: string): Error {
  const causes = errors.filter((error) => error.keyword !== 'boolean' && error.keyword !== 'anyOf');
  const lines = (causes.length > 0 ? causes : errors).slice(0, MOST).map((error) => {
    const where = error.instancePath.replace(/^\//, '').replaceAll('/', '.');
    const extra = error.params.additionalProperties;
    const what = Array.isArray(extra) ? `must not have ${extra.map((name) => JSON.stringify(name)).join(', ')}` : error.message;
    return `${part}${where === '' ? '' : `.${where}`} ${what ?? 'is not valid'}`;
  });
  return new Error([...new Set(lines)].join('; '));
}
