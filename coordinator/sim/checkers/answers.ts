/** A result equals what one machine would have made, and can be read as long as its job is kept. */
import type { BlockId, JobId } from '../../../shared/ids.ts';
import type { PhysicalPlan } from '../../../shared/plan/physical.ts';
import type { ResultBlock } from '../../core/commands.ts';
import { answerOf, byKey, type FakeRow } from '../../core/testing/fake-engine.ts';
import type { CoordinatorBlocks } from '../coordinator-blocks.ts';
import { must } from './violation.ts';

/** Rows of indeterminate tasks that no other run need make again are marked so by the engine. */
const MARK = 100;

const oracles = new WeakMap<PhysicalPlan, readonly FakeRow[]>();

function oracleOf(plan: PhysicalPlan): readonly FakeRow[] {
  const known = oracles.get(plan) ?? answerOf(plan).sort(byKey);
  oracles.set(plan, known);
  return known;
}

/**
 * The rows of a result's blocks, which must be on the coordinator as they were named. Undefined: one of them was damaged there, on
 * purpose, when nobody else had it any more.
 */
export function readResult(
  jobId: JobId,
  result: readonly ResultBlock[],
  blocks: CoordinatorBlocks,
  rotten: ReadonlySet<BlockId>,
): FakeRow[] | undefined {
  if (result.some(({ blockId }) => rotten.has(blockId))) return undefined;
  return result.flatMap(({ blockId, digest, buckets }) => {
    const copy = blocks.get(blockId);
    must(copy, 'result-kept', () => `block ${blockId} of the result of ${jobId} is not on the coordinator`);
    must(copy.digest === digest, 'result-kept', () => `block ${blockId} of the result of ${jobId} has become another`);
    return copy.buckets.flatMap((bytes, i) => {
      must(bytes.digest === buckets[i]?.digest, 'result-kept', () => `bucket ${i} of block ${blockId} of ${jobId} is damaged`);
      return [...bytes.rows];
    });
  });
}

export function checkAnswer(jobId: JobId, plan: PhysicalPlan, rows: readonly FakeRow[]): void {
  const isMarked = plan.stages.some((stage) => stage.determinacy === 'indeterminate');
  const own = isMarked ? rows.filter(([, n]) => n < MARK) : rows;
  const [given, wanted] = [JSON.stringify(own.toSorted(byKey)), JSON.stringify(oracleOf(plan))];
  must(given === wanted, 'answer', () => `${jobId} answered ${given} instead of ${wanted}`);
  if (isMarked) checkMarked(jobId, plan, rows);
  if (plan.stages.at(-1)?.branches.every((branch) => branch.ordered))
    must(JSON.stringify(rows) === given, 'answer', () => `the answer of ${jobId} is not sorted: ${JSON.stringify(rows)}`);
}

/** All readers of an indeterminate stage have read the same rows: each marked row is there once for each of them. */
function checkMarked(jobId: JobId, plan: PhysicalPlan, rows: readonly FakeRow[]): void {
  const readers = plan.stages.at(-1)?.branches.length ?? 1;
  const counts = new Map<string, number>();
  for (const row of rows) if (row[1] >= MARK) counts.set(row.join(), (counts.get(row.join()) ?? 0) + 1);
  for (const [row, count] of counts) {
    must(count % readers === 0, 'same-rows', () => `row ${row} of ${jobId} was seen ${count} times by ${readers} readers`);
  }
}
