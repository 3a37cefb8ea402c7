/** A plan as GET /v1/jobs/:id/plan shows it. */
import type {
  Branch,
  Fallback,
  GuestCode,
  GuestRows,
  GuestStep,
  LogicalView,
  NamedColumn,
  PhysicalPlan,
  Stage,
} from '../../shared/plan/physical.ts';

export interface PlanView {
  readonly logical: LogicalView;
  readonly stages: readonly PlanStageView[];
  readonly fallbacks: readonly Fallback[];
  /** How many chunks the scans have, and how many min/max left over. */
  readonly chunks: { readonly total: number; readonly needed: number };
}

export interface PlanStageView {
  readonly index: number;
  readonly title: string;
  readonly operators: readonly string[];
  readonly determinacy: Stage['determinacy'];
  readonly fallback?: Fallback;
  /** What may be done instead once the sizes of earlier stages are known. */
  readonly alternatives?: readonly { readonly title: string; readonly operators: readonly string[] }[];
  /** Stages that it waits for without reading them: they may make it unnecessary. */
  readonly startsAfter?: readonly number[];
  /** Known once the stage was cut into tasks. */
  readonly tasks?: number;
  /** What its tasks run, one a branch; `sql` is all the SQL of the steps. */
  readonly fragments: readonly { readonly sql: string; readonly steps: readonly PlanStepView[] }[];
}

export type PlanStepView =
  | { readonly kind: 'sql'; readonly sql: string }
  | {
      readonly kind: 'guest';
      readonly action: GuestStep['action'];
      readonly code: GuestCodeView;
      /** What it reads, and what its sides are. */
      readonly rows: GuestRows;
      readonly sides?: readonly GuestRows[];
      readonly keys?: readonly string[];
      readonly output: readonly NamedColumn[];
    };

/** As in the step, but a module by its digest. */
export type GuestCodeView =
  | Extract<GuestCode, { kind: 'script' }>
  | (Omit<Extract<GuestCode, { kind: 'batch' | 'stream' }>, 'module'> & { readonly module: string });

export function planView(plan: PhysicalPlan, tasks: readonly number[] = []): PlanView {
  return {
    logical: plan.logical,
    stages: plan.stages.map((stage) => stageView(stage, tasks[stage.index])),
    fallbacks: plan.fallbacks,
    chunks: plan.chunks,
  };
}

function stageView(stage: Stage, tasks: number | undefined): PlanStageView {
  const { index, title, operators, determinacy, fallback, alternatives, startsAfter } = stage;
  return {
    index,
    title,
    operators,
    determinacy,
    ...(fallback !== undefined && { fallback }),
    ...(alternatives !== undefined && { alternatives: alternatives.map((a) => ({ title: a.title, operators: a.operators })) }),
    ...(startsAfter !== undefined && { startsAfter }),
    ...(tasks !== undefined && { tasks }),
    fragments: stage.branches.map(fragmentView),
  };
}

function fragmentView({ fragment: { steps }, inputs }: Branch): PlanStageView['fragments'][number] {
  const sql = steps.flatMap((step) =>
    step.kind === 'sql' ? [step.sql] : [step.rows.sql, ...(step.sides ?? []).map((side) => side.sql)],
  );
  const views = steps.map((step): PlanStepView => (step.kind === 'sql' ? step : { ...step, code: codeView(step.code, inputs) }));
  return { sql: sql.join(';\n'), steps: views };
}

function codeView(code: GuestCode, inputs: Branch['inputs']): GuestCodeView {
  if (code.kind === 'script') return code;
  const input = inputs[code.module];
  return { ...code, module: input?.kind === 'module' ? input.digest : '' };
}
