/** Plans without a planner: what a query of constants, or a chain of stages, looks like to the core. */
import { sha256Hex } from '../../../shared/hash.ts';
import type { Branch, PhysicalPlan, PlanColumn, Stage } from '../../../shared/plan/physical.ts';
import type { PlannerPort, PlanOutcome } from '../../jobs/ports.ts';

const INT: PlanColumn = { type: 'INTEGER', wire: 'INTEGER' };

/** `stages` of one task each, every one reading all of the one before. `tag` makes block ids of their own. */
export function chainPlan(stages: number, tag: string): PhysicalPlan {
  return {
    stages: Array.from({ length: stages }, (_, index) => stage(index, tag)),
    columns: [{ ...INT, name: 'answer' }],
    logical: { op: 'values', detail: tag, inputs: [] },
    fallbacks: [],
    datasets: [],
    chunks: { total: 0, needed: 0 },
  };
}

function stage(index: number, tag: string): Stage {
  const sql = index === 0 ? 'SELECT 42 AS c0' : 'SELECT c0 FROM in0';
  const branch: Branch = {
    fragment: { steps: [{ kind: 'sql', sql }], digest: sha256Hex(`${tag}/${index}/${sql}`), output: [INT] },
    inputs: index === 0 ? [] : [{ kind: 'stage', stage: index - 1, columns: [INT], exchange: 'gather', read: 'all' }],
  };
  return {
    index,
    title: `stage ${index}`,
    branches: [branch],
    output: { columns: [INT], partitioning: { kind: 'single' } },
    determinacy: 'determinate',
    operators: [index === 0 ? 'values' : 'project'],
  };
}

/** One stage of `parts` tasks that read nothing; their blocks in this order are the result. */
export function unionPlan(parts: number, tag: string): PhysicalPlan {
  const plan = chainPlan(1, tag);
  const branches = Array.from({ length: parts }, (_, i) => stage(0, `${tag}/${i}`).branches).flat();
  return { ...plan, stages: plan.stages.map((only) => ({ ...only, branches })) };
}

/** `chain N TAG` gives N stages, `union N TAG` one of N tasks; anything else is a syntax error at 0. */
export const fakePlanner: PlannerPort = {
  async plan({ sql }): Promise<PlanOutcome> {
    const match = /^(chain|union) (\d+) ?(.*)$/.exec(sql);
    const make = match?.[1] === 'union' ? unionPlan : chainPlan;
    if (match) return { ok: true, plan: make(Number(match[2]), match[3] ?? ''), planMs: 1 };
    if (sql === 'crash') {
      return { ok: false, error: { code: 'planner-crash', title: 'The planner crashed', detail: 'as told' } };
    }
    return { ok: false, error: { code: 'sql-syntax', title: 'Syntax error', detail: `at ${sql}`, position: 0, hint: 'chain N' } };
  },
  async close() {},
};
