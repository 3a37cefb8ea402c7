/** A plan as GET /v1/jobs/:id/plan shows it. */
import type { Fallback, LogicalView, PhysicalPlan, Stage } from '../../shared/plan/physical.ts';

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
  /** The SQL that its tasks run, one a branch; `sql` joins the steps. */
  readonly fragments: readonly {
    readonly sql: string;
    readonly steps: readonly { readonly kind: 'sql'; readonly sql: string }[];
  }[];
}

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
    fragments: stage.branches.map(({ fragment: { steps } }) => ({
      sql: steps.map((step) => (step.kind === 'sql' ? step.sql : step.rows.sql)).join(';\n'),
      steps: steps.map((step) => ({ kind: 'sql', sql: step.kind === 'sql' ? step.sql : step.rows.sql })),
    })),
  };
}
