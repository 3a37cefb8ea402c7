/** Errors as RFC 9457 problem documents, with a stable `code`. Throw a Problem anywhere in a route. */
import Type, { type Static } from 'typebox';

export const ProblemBody = Type.Object({
  type: Type.String(),
  title: Type.String(),
  detail: Type.String(),
  code: Type.String(),
  status: Type.Integer(),
  /** Character offset into the SQL text. */
  position: Type.Optional(Type.Integer()),
  hint: Type.Optional(Type.String()),
  stage: Type.Optional(Type.Integer()),
  /** Of an error in a module's source, from 1. */
  line: Type.Optional(Type.Integer()),
  column: Type.Optional(Type.Integer()),
  /** All that the compiler said about a source. */
  diagnostics: Type.Optional(Type.Array(Type.Object({}, { additionalProperties: true }))),
  /** In which relation of a plan. */
  relation: Type.Optional(Type.String()),
});
export type ProblemBody = Static<typeof ProblemBody>;

export interface ProblemInit {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly position?: number | undefined;
  readonly hint?: string | undefined;
  readonly stage?: number | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  readonly diagnostics?: readonly object[] | undefined;
  readonly relation?: string | undefined;
}

export class Problem extends Error {
  override name = 'Problem';
  readonly init: ProblemInit;

  constructor(init: ProblemInit) {
    super(`${init.title}: ${init.detail}`);
    this.init = init;
  }
}

export function problemBody(init: ProblemInit): ProblemBody {
  const { status, code, title, detail, position, hint, stage, line, column, diagnostics, relation } = init;
  return {
    type: `urn:muster:problem:${code}`,
    title,
    detail,
    code,
    status,
    ...(position !== undefined && { position }),
    ...(hint !== undefined && { hint }),
    ...(stage !== undefined && { stage }),
    ...(line !== undefined && { line }),
    ...(column !== undefined && { column }),
    ...(diagnostics !== undefined && diagnostics.length > 0 && { diagnostics: [...diagnostics] }),
    ...(relation !== undefined && { relation }),
  };
}

export function notFound(what: string, id: string, hint?: string): Problem {
  return new Problem({
    status: 404,
    code: `${what}-not-found`,
    title: `No such ${what}`,
    detail: `There is no ${what} ${JSON.stringify(id)} here, or it is not yours.`,
    hint,
  });
}

export function forbidden(detail: string, hint?: string): Problem {
  return new Problem({ status: 403, code: 'forbidden', title: 'Not allowed', detail, hint });
}

export function unauthorized(why: 'missing' | 'wrong'): Problem {
  return new Problem({
    status: 401,
    code: why === 'wrong' ? 'token-wrong' : 'token-missing',
    title: why === 'wrong' ? 'Unknown token' : 'Token needed',
    detail:
      why === 'wrong'
        ? 'The token in the Authorization header is not one of this coordinator.'
        : 'Requests from beyond this machine, or under a name other than localhost, need a token.',
    hint: 'Send "Authorization: Bearer TOKEN"; the admin token is in the file admin.token of the data directory.',
  });
}
