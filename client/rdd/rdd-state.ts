/** Where an Rdd's elements come from: a relation, how it holds them, and functions that no relation runs yet. */
import type { AuthorColumn } from '../../shared/plan/author-plan.ts';
import type { FunctionOptions } from '../functions/context.ts';
import {
  pipelineScript,
  type ReadForm,
  type ScriptStep,
  type StepKind,
  scriptStep,
  type WriteForm,
} from '../functions/script.ts';
import { guestNode, type RelationNode, type Source, sqlNode, stepLabel } from '../plan/relation-node.ts';
import type { Session } from '../run/session.ts';

export interface RddState {
  readonly session: Session;
  readonly source: Source;
  readonly form: ReadForm;
  /** Run one after the other in one script: an element is decoded and encoded once. */
  readonly steps: readonly ScriptStep[];
}

const VALUE: AuthorColumn = { name: 'v', type: 'VARCHAR' };
const KEY: AuthorColumn = { name: 'k', type: 'VARCHAR' };
const ORDER: AuthorColumn = { name: 's', type: 'VARCHAR' };
export const VALUES: readonly AuthorColumn[] = [VALUE];
export const PAIRS: readonly AuthorColumn[] = [KEY, VALUE];

const COLUMNS: Readonly<Record<Exclude<WriteForm, 'rows'>, readonly AuthorColumn[]>> = {
  values: VALUES,
  distinct: VALUES,
  pairs: PAIRS,
  ordered: [ORDER, VALUE],
};

/** Steps from the farthest dataset to the last function. */
const depthOf = ({ source, steps }: RddState): number => (source.kind === 'dataset' ? 0 : source.depth) + steps.length;

/** What errors call the step that comes next. */
export const nextLabel = (state: RddState, step: string): string => stepLabel(step, depthOf(state) + 1);

/** With one more function over its elements. `step`: the method's name. */
export function withStep(
  state: RddState,
  kind: StepKind,
  step: string,
  fn: unknown,
  options: FunctionOptions<unknown, object> | undefined,
): RddState {
  return { ...state, steps: [...state.steps, scriptStep(kind, nextLabel(state, step), fn, options)] };
}

/** The relation that the functions make, in the form that its reader wants. `columns`: of the form `rows`. */
function scriptNode(state: RddState, to: WriteForm, columns?: readonly AuthorColumn[]): RelationNode {
  const { source, form, steps } = state;
  const { operation, code } = pipelineScript(form, steps, to);
  const schema = [...(columns ?? (to === 'rows' ? [] : COLUMNS[to]))];
  const step = steps.at(-1)?.label.replace(/_\d+$/, '') ?? 'elements';
  return guestNode(
    step,
    [source],
    ([input = '']) => ({ kind: 'guest', operation, input, code, schema }),
    Math.max(1, depthOf(state)),
  );
}

/** A relation with the column v: each element encoded. */
export function valuesOf(state: RddState): Source {
  if (state.steps.length > 0 || state.form === 'rows' || state.form === 'text') return scriptNode(state, 'values');
  if (state.form === 'values') return state.source;
  return sqlNode('values', [state.source], ([pairs]) => `SELECT '[' || k || ',' || v || ']' AS v FROM ${pairs}`);
}

/** A relation with k and v: elements must be pairs. Equal keys have equal texts. */
export function pairsOf(state: RddState): Source {
  return state.steps.length === 0 && state.form === 'pairs' ? state.source : scriptNode(state, 'pairs');
}

/** As valuesOf, but equal elements have equal texts. */
export const distinctValuesOf = (state: RddState): Source => scriptNode(state, 'distinct');

/** A relation with v, and s by whose order its pairs' keys are in order; v is the pairs' second half. */
export const orderedOf = (state: RddState): Source => scriptNode(state, 'ordered');

/** Elements are objects: rows of these columns. */
export function rowsOf(state: RddState, columns: readonly AuthorColumn[]): Source {
  return scriptNode(state, 'rows', columns);
}

/** The elements as a relation of their own, in the form that they have or get. */
export function settledOf(state: RddState): { readonly source: Source; readonly form: 'values' | 'pairs' } {
  const isPairs = state.form === 'pairs' && state.steps.length === 0;
  return isPairs ? { source: state.source, form: 'pairs' } : { source: valuesOf(state), form: 'values' };
}

/** Something with as many rows as there are elements. */
export const countable = (state: RddState): Source => (state.steps.length === 0 ? state.source : valuesOf(state));
