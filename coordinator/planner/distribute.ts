/**
 * Places exchanges. A relation is either in one place (`many` false: one branch, one task) or in several tasks; its branches
 * (of UNION ALL) are appended in order, and operators that work row by row are repeated in each.
 */
import { unreachable } from '../../shared/assert.ts';
import { aggregateOver } from './distribute-aggregate.ts';
import { guestOver } from './distribute-guest.ts';
import { joinOver } from './distribute-join.ts';
import { drawn, numbered } from './distribute-places.ts';
import { repartitioned } from './distribute-repartition.ts';
import { distinctOver, limitOver, setOperation } from './distribute-sets.ts';
import { sortOver } from './distribute-sort.ts';
import { windowOver } from './distribute-window.ts';
import { selectivityOf } from './estimates.ts';
import { projected } from './exchange-keys.ts';
import type { LogicalNode, ScanNode, SharedPlan } from './logical.ts';
import { type Distribution, fallBack, isLight, mapBranches, type Relation, readBy, scattered, single } from './relation.ts';

export function distribute(n: LogicalNode, d: Distribution): Relation {
  const over = (x: LogicalNode): Relation => distribute(x, d);
  switch (n.op) {
    case 'scan':
      return scanned(n, d);
    case 'values':
    case 'tableFunction': {
      const rows = n.op === 'values' ? n.rows.length : 1000;
      return single(n, { rows, most: rows, rowBytes: 8 * n.types.length });
    }
    case 'project': {
      const input = over(n.input);
      const rowBytes = Math.max(8, (input.rowBytes * n.types.length) / Math.max(1, input.types.length));
      return { ...projected(input, n.exprs), types: n.types, rowBytes };
    }
    case 'filter': {
      const input = over(n.input);
      const rows = input.rows * selectivityOf(n.predicates, input.distinct);
      return mapBranches(input, (b) => ({ ...n, input: b }), { rows });
    }
    case 'unnest': {
      const input = over(n.input);
      const wider = { rows: input.rows * 3, most: input.most * 10, rowBytes: input.rowBytes + 8 * n.exprs.length };
      return mapBranches(input, (b) => ({ ...n, input: b }), wider);
    }
    case 'sample': {
      const input = over(n.input);
      if (n.fixedRows)
        return fallBack(n, [input], d, 'sample', 'a sample of a fixed number of rows is drawn from all rows at once');
      return mapBranches(input, (b) => ({ ...n, input: b }), { rows: input.rows * 0.1 });
    }
    case 'aggregate':
      return aggregateOver(n, over(n.input), d);
    case 'join':
      return joinOver(n, over(n.left), over(n.right), d);
    case 'sort':
      return sortOver(n, over(n.input), d);
    case 'limit':
      return limitOver(n, over(n.input), d);
    case 'distinct':
      return distinctOver(n, over(n.input), d);
    case 'window':
      return windowOver(n, over(n.input), d);
    case 'setop':
      return setOperation(n, n.inputs.map(over), d);
    case 'guest':
      return guestOver(
        n,
        over(n.input),
        n.sides.map((s) => over(s.node)),
        d,
      );
    case 'repartition':
      return repartitioned(n, over(n.input));
    case 'number':
      return numbered(over(n.input));
    case 'draw':
      return drawn(n, over(n.input));
    case 'shared':
      return sharedOver(n.shared, d);
    case 'exchange':
    case 'delimGet':
      throw new RangeError(`${n.op} before distribution`);
    default:
      return unreachable(n, 'operator');
  }
}

function scanned(n: ScanNode & { readonly types: readonly string[] }, d: Distribution): Relation {
  const facts = d.table(n.table);
  const rowBytes = facts.rowBytes(n.ordinals);
  const needed = facts.needed(n);
  const distinct = n.ordinals.map((o) => (o < 0 ? 1 : facts.distinct(o)));
  if (needed.chunks === 0 && facts.chunks > 0)
    return single({ op: 'values', rows: [], types: n.types }, { rows: 0, most: 0, rowBytes }, distinct);
  const { rows } = needed;
  return { branches: [n], types: n.types, many: facts.chunks > 1, rows, most: rows, rowBytes, distinct };
}

/** Made once, read by all; but what is cheap to repeat is repeated in place. */
function sharedOver(shared: SharedPlan, d: Distribution): Relation {
  const known = d.shared.get(shared);
  if (known) return known;
  const made = distribute(shared.plan, d);
  // Which rows its tasks hold is not what readers may build on: a bucket may have been split between two of them.
  const again: Relation =
    isLight(made) && !d.kept?.has(shared)
      ? made
      : { ...scattered(made), branches: [readBy(made.many ? 'forward' : 'gather', made)] };
  d.shared.set(shared, again);
  return again;
}
