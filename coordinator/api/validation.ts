/** Checks what a request says against its route's schemas; what does not fit is told in words (wrong-value.ts). */
import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Convert } from 'typebox/value';
import { wrongValue } from './wrong-value.ts';

/** Fails a request whose body, query string or parameters do not fit. */
export class UnfitRequest extends Error {
  override name = 'UnfitRequest';
}

export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart = 'body' }) => {
  const compiled = Compile(schema);
  return (value: unknown) => {
    const given = httpPart === 'body' ? value : Convert(schema, value);
    if (compiled.Check(given)) return { value: given };
    return { error: new UnfitRequest(wrongValue(schema, given, httpPart) ?? `${httpPart} is not valid`) };
  };
};
