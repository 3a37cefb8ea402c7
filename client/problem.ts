/** What went wrong with a request, as the coordinator says it (problem+json) or as the way there failed. */
export interface ProblemDetails {
  /** Stable and machine-readable, e.g. `unknown-table`, `job-running`, `unreachable`. */
  readonly code: string;
  /** What is wrong, in a few words. */
  readonly title: string;
  /** What was wrong and where. */
  readonly detail: string;
  /** The HTTP status; 0 when no answer came. */
  readonly status: number;
  /** 0-based offset into the SQL text. */
  readonly position?: number;
  /** What to do. */
  readonly hint?: string;
  /** The stage in which a job failed. */
  readonly stage?: number;
  /** Where in a module's source, from 1. */
  readonly line?: number;
  readonly column?: number;
  /** All that the compiler said about a source. */
  readonly diagnostics?: readonly SourceDiagnostic[];
  /** The step of a plan that is wrong or failed, e.g. `map_3`; `position` is one in its SQL. */
  readonly relation?: string;
}

/** What the compiler said; without a place it is about the source as a whole. */
export interface SourceDiagnostic {
  readonly severity: 'info' | 'warning' | 'error';
  readonly message: string;
  /** `module.ts` is the author's; else the SDK or the standard library. */
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
  readonly column?: number;
  readonly endLine?: number;
  readonly endColumn?: number;
}

/** What everything that asks the coordinator rejects with. Its fields are those of ProblemDetails; `message` is title and detail. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly status: number;
  readonly position: number | undefined;
  readonly hint: string | undefined;
  readonly stage: number | undefined;
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly diagnostics: readonly SourceDiagnostic[];
  readonly relation: string | undefined;

  constructor(problem: ProblemDetails, options?: ErrorOptions) {
    super(
      problem.detail === '' || problem.detail === problem.title ? problem.title : `${problem.title}: ${problem.detail}`,
      options,
    );
    this.code = problem.code;
    this.title = problem.title;
    this.detail = problem.detail;
    this.status = problem.status;
    this.position = problem.position;
    this.hint = problem.hint;
    this.stage = problem.stage;
    this.line = problem.line;
    this.column = problem.column;
    this.diagnostics = problem.diagnostics ?? [];
    this.relation = problem.relation;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function isDiagnostic(value: unknown): value is SourceDiagnostic {
  return typeof value === 'object' && value !== null && 'message' in value && 'severity' in value;
}

/** Functions that ran in the tabs say themselves in which step they were. */
const stepIn = (detail: string): string | undefined => /\bin ([A-Za-z]+_\d+): /.exec(detail)?.[1];

/** Reads a problem+json body; a body of any other form still becomes an error that names the status. */
export function problemFrom(status: number, body: unknown): ProblemError {
  const fields: { readonly [key: string]: unknown } = typeof body === 'object' && body !== null ? { ...body } : {};
  const position = numberOf(fields.position);
  const hint = textOf(fields.hint);
  const stage = numberOf(fields.stage);
  const line = numberOf(fields.line);
  const column = numberOf(fields.column);
  const detail = textOf(fields.detail) ?? '';
  const relation = stepIn(detail) ?? textOf(fields.relation);
  const diagnostics = Array.isArray(fields.diagnostics) ? fields.diagnostics.filter(isDiagnostic) : [];
  return new ProblemError({
    code: textOf(fields.code) ?? `http-${status}`,
    title: textOf(fields.title) ?? `The coordinator answered ${status}`,
    detail,
    status,
    ...(position === undefined ? {} : { position }),
    ...(hint === undefined ? {} : { hint }),
    ...(stage === undefined ? {} : { stage }),
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
    ...(relation === undefined ? {} : { relation }),
    diagnostics,
  });
}

/** Nothing answered at `url`. */
export function unreachable(url: string, cause: unknown): ProblemError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ProblemError(
    {
      code: 'unreachable',
      title: 'The coordinator did not answer',
      detail: `${url} (${why})`,
      status: 0,
      hint: 'Check that the coordinator is running and that the address is right.',
    },
    { cause },
  );
}
