/** Steps that say where rows are, and which: partitions, places, samples. */
import { guestNode, type RelationNode, type Source } from './relation-node.ts';

const PARTITIONS_MOST = 256;

function partitionCount(n: number, step: string): number {
  if (Number.isSafeInteger(n) && n >= 1 && n <= PARTITIONS_MOST) return n;
  throw new RangeError(`${step} needs 1 to ${PARTITIONS_MOST} partitions, not ${n}.`);
}

export function repartitioned(source: Source, n: number, keys: readonly string[] = []): RelationNode {
  const partitions = partitionCount(n, 'repartition');
  return guestNode('repartition', [source], ([input = '']) => {
    return { kind: 'repartition', input, partitions, ...(keys.length > 0 && { keys: [...keys] }) };
  });
}

export function coalesced(source: Source, n: number): RelationNode {
  const partitions = partitionCount(n, 'coalesce');
  return guestNode('coalesce', [source], ([input = '']) => ({ kind: 'coalesce', input, partitions }));
}

export function indexed(source: Source, column: string): RelationNode {
  return guestNode('zipWithIndex', [source], ([input = '']) => ({ kind: 'zipWithIndex', input, column }));
}

export function sampled(source: Source, fraction: number, seed: number): RelationNode {
  if (!(fraction >= 0 && fraction <= 1)) throw new RangeError(`sample needs a fraction from 0 to 1, not ${fraction}.`);
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new RangeError(`sample needs a seed that is a whole number from 0 on, not ${seed}.`);
  return guestNode('sample', [source], ([input = '']) => ({ kind: 'sample', input, fraction, seed }));
}
