/**
 * A sort of everything, in four steps: a sample of the sort keys, cuts chosen from it, rows split into ranges by the cuts, each range
 * sorted by its own task. Where few slots can each keep all rows loaded, every task picks its own range out of all of them instead.
 */

import { bucketsFor } from './exchange-keys.ts';
import type { LogicalNode, Producer } from './logical.ts';
import {
  bytesOf,
  type Distribution,
  gathered,
  isPlain,
  isSmall,
  isVolatileTree,
  nodeOf,
  producerOf,
  type Relation,
  read,
  scattered,
  single,
} from './relation.ts';
import { cutsOf, pickedByCuts, placedByCuts } from './sort-cuts.ts';
import { readWhole } from './whole-scan.ts';

/**
 * Looking through a row costs about a tenth of packing, moving and loading it; loading it into every slot is what a table's first query
 * pays, and with more slots than this it pays more than moving its rows costs.
 */
const FEW_SLOTS = 3;
/** Part of a slot's memory for a dataset that is sorted; the sort itself needs twice its own range. */
const SORTED_SHARE = 1 / 4;
/** Where a filter leaves less than one row in this many, what is left is moved instead. */
const SORTED_MOST = 4;
/** So fine are the cuts among which each slot's range is chosen: a key with many rows does not make one range of nearly all. */
const FINE_CUTS = 16;

type Sort = Extract<LogicalNode, { op: 'sort' }>;

export function sortOver(n: Sort, input: Relation, d: Distribution): Relation {
  if (!input.many || isSmall(input)) return single({ ...n, input: nodeOf(gathered(input)) }, input, input.distinct);
  const picked = pickedRanges(n, input, d);
  if (picked) return picked;
  const rows = readable(input);
  const count = bucketsFor(bytesOf(input));
  const cuts = cutsOf(rows, n.keys, count);
  const ranges: Producer = {
    // The bucket is one more column, which is not stored.
    branches: rows.branches.map((b) => placedByCuts(b, n.keys, cuts, count)),
    types: input.types,
    many: true,
    partitioning: { kind: 'range', count },
  };
  const sorted: LogicalNode = { ...n, input: read('range', ranges), large: true };
  return { ...scattered(input), branches: [sorted], types: n.types };
}

/** One branch a slot, in the order of their ranges; each reads all rows where it keeps them loaded. */
function pickedRanges(n: Sort, input: Relation, d: Distribution): Relation | undefined {
  if (d.slots < 2 || d.slots > FEW_SLOTS) return undefined;
  const whole = readWhole(input, d, { share: SORTED_SHARE, most: SORTED_MOST });
  if (!whole) return undefined;
  const cuts = cutsOf(input, n.keys, FINE_CUTS);
  const edge = (slot: number): number => Math.round((slot * FINE_CUTS) / d.slots);
  const branches = Array.from({ length: d.slots }, (_, slot): LogicalNode => {
    const range = { low: edge(slot), high: edge(slot + 1) };
    return { ...n, input: pickedByCuts(whole, n.keys, cuts, FINE_CUTS, range), large: true };
  });
  return { ...scattered(input), branches, types: n.types };
}

/** The rows are read twice, for the sample and for the split; what is more than a scan is made once. */
function readable(input: Relation): Relation {
  if (input.branches.every((b) => isPlain(b) && !isVolatileTree(b))) return input;
  return { ...scattered(input), branches: [read('forward', producerOf(input))] };
}
