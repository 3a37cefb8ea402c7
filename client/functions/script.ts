/** Scripts that run authors' JavaScript functions as steps over elements. */
import type { AuthorCode } from '../../shared/plan/author-plan.ts';
import { encode } from '../encoding.ts';
import type { Broadcast } from '../run/broadcast.ts';
import type { FunctionOptions } from './context.ts';
import { functionSource } from './function-source.ts';
import { RUNTIME } from './runtime.ts';

export type StepKind = 'map' | 'filter' | 'flatMap' | 'keyBy' | 'mapValues' | 'mapPartitions' | 'cogroup';

/** One function over elements. */
export interface ScriptStep {
  readonly kind: StepKind;
  /** What errors call it, e.g. `map_3`. */
  readonly label: string;
  readonly source: string;
  readonly given: Given;
}

/** What a function is given, encoded. */
interface Given {
  readonly params?: unknown;
  readonly broadcast?: Readonly<Record<string, string>>;
}

/** How a script reads an element from a row: its columns `v` or `k` and `v` decoded, `v` as it is, or the row itself. */
export type ReadForm = 'values' | 'pairs' | 'text' | 'rows';
/** How it writes one: encoded, encoded as a key, as a pair, with a key that sorts, or as the row that it is. */
export type WriteForm = 'values' | 'distinct' | 'pairs' | 'ordered' | 'rows';

type AnyFunctionOptions = FunctionOptions<unknown, object> | undefined;

export function givenTo(options: AnyFunctionOptions): Given {
  const { params, broadcast } = options ?? {};
  const named: readonly [string, Broadcast<unknown>][] = Object.entries(broadcast ?? {});
  return {
    ...(params !== undefined && { params }),
    ...(named.length > 0 && { broadcast: Object.fromEntries(named.map(([name, { text }]) => [name, text])) }),
  };
}

/** @throws TypeError when `fn` has no source, or `options` hold what cannot travel */
export function scriptStep(kind: StepKind, label: string, fn: unknown, options: AnyFunctionOptions): ScriptStep {
  const given = givenTo(options);
  encode(given);
  return { kind, label, source: functionSource(fn, label), given };
}

/** The parameters of a script; none when no step was given anything. */
const paramsOf = (given: readonly Given[]) =>
  given.every((one) => Object.keys(one).length === 0) ? {} : { params: { given: encode(given) } };

const operationOf = (steps: readonly ScriptStep[]): 'flatMap' | 'mapPartitions' =>
  steps.some(({ kind }) => kind === 'mapPartitions') ? 'mapPartitions' : 'flatMap';

/** The script that takes elements through `steps`, and the operation that it is. */
export function pipelineScript(
  from: ReadForm,
  steps: readonly ScriptStep[],
  to: WriteForm,
): { readonly operation: 'flatMap' | 'mapPartitions'; readonly code: AuthorCode } {
  const { functions, listed } = stepsCode(steps);
  const source = `${RUNTIME}${functions}export const run = $muster.pipeline('${from}', ${listed}, '${to}');\n`;
  const code: AuthorCode = { kind: 'script', source, function: 'run', ...paramsOf(steps.map(({ given }) => given)) };
  return { operation: operationOf(steps), code };
}

/** The script of one function over rows. */
export function rowScript(step: ScriptStep): AuthorCode {
  const source = `${RUNTIME}const f = ${step.source};\nexport const run = $muster.overRows('${step.label}', f, '${step.kind}');\n`;
  return { kind: 'script', source, function: 'run', ...paramsOf([step.given]) };
}

/** The script of one function over a key and what two relations have for it. */
export function bothScript(step: ScriptStep): AuthorCode {
  const source = `${RUNTIME}const f = ${step.source};\nexport const run = $muster.overBoth('${step.label}', f);\n`;
  return { kind: 'script', source, function: 'run', ...paramsOf([step.given]) };
}

/** Functions of an aggregate over decoded values, as expressions; `first` and `finish` may name `add` and `merge`. */
export interface AggregateSources {
  /** The state of a first value. */
  readonly first: string;
  readonly add: string;
  readonly merge: string;
  readonly finish?: string;
}

/** Functions as constants of a script, and how it lists them as steps. */
function stepsCode(steps: readonly ScriptStep[]): { readonly functions: string; readonly listed: string } {
  return {
    functions: steps.map(({ source }, i) => `const f${i} = ${source};\n`).join(''),
    listed: `[${steps.map(({ kind, label }, i) => `{ kind: '${kind}', label: '${label}', fn: f${i} }`).join(', ')}]`,
  };
}

/** The script of an aggregate of elements that go through `steps` first. */
export function aggregateScript(
  label: string,
  from: ReadForm,
  steps: readonly ScriptStep[],
  sources: AggregateSources,
): AuthorCode {
  const { first, add, merge, finish = 'undefined' } = sources;
  const { functions, listed } = stepsCode(steps);
  const own = `const add = ${add};\nconst merge = ${merge};\nconst first = ${first};\nconst finish = ${finish};\n`;
  const run = `$muster.aggregate('${label}', '${from}', ${listed}, { first, add, merge, finish })`;
  const source = `${RUNTIME}${functions}${own}export const run = ${run};\n`;
  return { kind: 'script', source, function: 'run', ...paramsOf(steps.map(({ given }) => given)) };
}

/** The script of an aggregate of rows; functions as expressions. */
export function groupScript(
  label: string,
  functions: Readonly<Record<'zero' | 'add' | 'merge' | 'finish', string>>,
  options: AnyFunctionOptions,
): AuthorCode {
  const own = Object.entries(functions).map(([name, source]) => `const ${name} = ${source};\n`);
  const source = `${RUNTIME}${own.join('')}export const run = $muster.overGroups('${label}', { zero, add, merge, finish });\n`;
  return { kind: 'script', source, function: 'run', ...paramsOf([givenTo(options)]) };
}
