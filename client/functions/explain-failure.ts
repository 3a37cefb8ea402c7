/** What a function threw in a tab, in the terms of the function that its author wrote. */
import type { AuthorPlan } from '../../shared/plan/author-plan.ts';
import { ProblemError } from '../problem.ts';

/** Of the script as a whole, as QuickJS counts. */
const PLACE = /(?: in [\w$<>]+)? at line (\d+), column (\d+)/;
const THROWN = /\bin ([A-Za-z]+_\d+): /;
const UNDEFINED = /ReferenceError: .*?'([^']+)' is not defined/;
/** How script.ts begins each of an author's functions. */
const FUNCTION = /^const (?:f\d*|first|add|merge|finish|zero) = /;
/** What stands after them. */
const NEXT = /^(?:const (?:f\d*|first|add|merge|finish|zero) = |export const run = )/;
/** functionSource puts an author's function in parentheses; what the library wrote itself is an arrow function without. */
const UNWRAPPED = /^\([^()]*\) => /;
const LINE_CHARS = 100;

function sourceOf(plan: AuthorPlan, label: string): string | undefined {
  for (const { relation } of plan.relations) {
    if (!('code' in relation) || relation.code.kind !== 'script') continue;
    if (relation.code.source.includes(`'${label}'`)) return relation.code.source;
  }
  return undefined;
}

/** In the function that has this line; undefined outside of all. */
function placeIn(source: string, line: number, column: number): string | undefined {
  const lines = source.split('\n');
  let first = line - 1;
  while (first >= 0 && !FUNCTION.test(lines[first] ?? '')) first -= 1;
  const name = FUNCTION.exec(lines[first] ?? '')?.[0];
  if (name === undefined) return undefined;
  const next = lines.findIndex((text, i) => i > first && NEXT.test(text));
  const whole = lines.slice(first, next < 0 ? undefined : next);
  const rest = whole[0]?.slice(name.length) ?? '';
  const isWrapped = rest.startsWith('(') && !UNWRAPPED.test(rest);
  const head = name.length + (isWrapped ? 1 : 0);
  const own = line - first;
  const end = own === whole.length ? (isWrapped ? -2 : -1) : undefined;
  const text = (lines[line - 1] ?? '').slice(own === 1 ? head : 0, end).trim();
  const at = own === 1 ? column - head : column;
  const shown = text.length > LINE_CHARS ? `${text.slice(0, LINE_CHARS)}…` : text;
  return ` at line ${own}, column ${at} of the function: ${shown}`;
}

/** The same error; what a function of the plan threw with its place in that function, and with advice. */
export function explainFailure(error: unknown, plan: AuthorPlan): unknown {
  if (!(error instanceof ProblemError)) return error;
  const label = THROWN.exec(error.detail)?.[1];
  const source = label === undefined ? undefined : sourceOf(plan, label);
  if (source === undefined) return error;
  const detail = error.detail.replace(PLACE, (_, line, column) => placeIn(source, Number(line), Number(column)) ?? '');
  const name = UNDEFINED.exec(error.detail)?.[1];
  const hint =
    name === undefined
      ? error.hint
      : `Functions are sent as text and see their arguments only: pass "${name}" in params (ctx.params) or as a broadcast value.`;
  const { code, status, position, stage, relation } = error;
  // A script of the library is one function to the coordinator, whatever it calls.
  const title = error.title.startsWith('run (JavaScript) failed') ? `A function of ${label} failed` : error.title;
  return new ProblemError(
    {
      code,
      title,
      detail,
      status,
      ...(hint !== undefined && { hint }),
      ...(position !== undefined && { position }),
      ...(stage !== undefined && { stage }),
      ...(relation !== undefined && { relation }),
    },
    { cause: error },
  );
}
