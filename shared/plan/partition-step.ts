/**
 * How a fragment's SQL learns which task of its stage it is: its first step makes a table that says so. In the plan that step only holds
 * the place; whoever cuts the stage into tasks puts each one's own in, and names the number in its recipe.
 */
import type { Fragment, Step } from './physical.ts';

/** A scalar: from 0 on, in the order of the stage's tasks. */
export const PARTITION_SQL = '(SELECT partition FROM task)';

export function partitionStep(partition: number): Step {
  return { kind: 'sql', sql: `CREATE TEMP TABLE task AS SELECT CAST(${partition} AS BIGINT) AS partition` };
}

export function stepsOf({ steps, readsPartition }: Fragment, partition: number): readonly Step[] {
  return readsPartition ? [partitionStep(partition), ...steps.slice(1)] : steps;
}
