/** What the core relies on in every plan. Throws where a stage breaks it. */
import type { Branch, PhysicalPlan, Stage } from '../../../shared/plan/physical.ts';

export function checkStage(plan: PhysicalPlan, stage: Stage): void {
  const fail = (why: string): never => {
    throw new Error(`stage ${stage.index}: ${why}`);
  };
  for (const before of stage.startsAfter ?? []) if (before >= stage.index) fail(`starts after stage ${before}`);
  for (const b of stage.branches) checkBranch(plan, stage, b, fail);
  for (const a of stage.alternatives ?? []) {
    if (a.when.stage >= stage.index) fail(`an alternative looks at stage ${a.when.stage}`);
    if (a.when.bytesMax === undefined && a.when.rowsMax === undefined) fail('an alternative without a bound');
    for (const b of a.branches) checkBranch(plan, stage, b, fail);
    if (a.when.bytesMax !== undefined) checkSkipped(plan, stage, a, fail);
  }
  const by = stage.output.partitioning;
  if (by.kind === 'single') return;
  const reads = plan.stages.flatMap((s) => s.branches.flatMap((b) => b.inputs));
  const asked = reads.some((i) => i.kind === 'stage' && i.stage === stage.index && i.each);
  if (by.count < 1 || by.count > 256 || (!asked && (by.count & (by.count - 1)) !== 0)) fail(`${by.count} buckets`);
  if (by.kind === 'hash' && (by.keys.length === 0 || by.keys.some((k) => stage.output.columns[k] === undefined)))
    fail('bad keys');
}

/** A broadcast instead of a shuffle must leave a stage unread, and that stage must have waited. */
function checkSkipped(
  plan: PhysicalPlan,
  stage: Stage,
  alternative: { readonly when: { readonly stage: number }; readonly branches: readonly Branch[] },
  fail: (why: string) => never,
): void {
  const reads = (branches: readonly Branch[]) =>
    new Set(branches.flatMap((b) => b.inputs.flatMap((i) => (i.kind === 'stage' ? [i.stage] : []))));
  const after = reads(alternative.branches);
  const left = [...reads(stage.branches)].filter((s) => !after.has(s));
  if (!left.some((s) => plan.stages[s]?.startsAfter?.includes(alternative.when.stage))) fail('an alternative that skips nothing');
}

function checkBranch(plan: PhysicalPlan, stage: Stage, branch: Branch, fail: (why: string) => never): void {
  const wise: string[] = [];
  let others = 0;
  for (const [at, input] of branch.inputs.entries()) {
    if (input.kind === 'stage' && input.stage >= stage.index) fail(`reads stage ${input.stage}`);
    if (input.kind === 'module' || input.read !== 'partition') continue;
    if (input.kind === 'scan' || input.exchange === 'forward') {
      others += 1;
      if (branch.splittable?.includes(at) || (input.kind === 'stage' && input.each)) fail(`input ${at} has no buckets`);
      continue;
    }
    const upstream = plan.stages[input.stage];
    const by = upstream?.output.partitioning;
    if (!by || by.kind === 'single' || by.kind !== input.exchange)
      throw new Error(`stage ${stage.index}: input ${at} is read by ${input.exchange}, made by ${by?.kind}`);
    // Equal keys must meet: as many buckets, and keys of the same wire types in the same order.
    const keys = by.kind === 'hash' ? by.keys.map((k) => upstream?.output.columns[k]?.wire) : ['range'];
    wise.push(JSON.stringify([by.count, keys]));
    if (input.exchange === 'range' && !branch.ordered) fail('a range that is not in order');
  }
  if (others > 1 || (others === 1 && wise.length > 0)) fail('several partitioned inputs');
  if (new Set(wise).size > 1) fail(`inputs are split differently: ${wise.join(' and ')}`);
  if (branch.ordered && branch.splittable) fail('an order cannot be split');
}
