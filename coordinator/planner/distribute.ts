/**
 * Places exchanges. A relation is either in one place (`many` false: one branch, one task) or in several tasks; its branches
 * (of UNION ALL) are appended in order, and operators that work row by row are repeated in each.
 */
import { unreachable } from '../../shared/assert.ts';
import { aggregateOver } from './distribute-aggregate.ts';
import { joinOver } from './distribute-join.ts';
import { type LogicalNode, type SharedPlan, withInputs } from './logical.ts';
import { type Distribution, gathered, isLight, mapBranches, nodeOf, type Relation, readBy, single } from './relation.ts';

/** Runs an operator in one task over gathered input, and says so. */
function fallBack(n: LogicalNode, inputs: readonly Relation[], d: Distribution, operator: string, why: string): Relation {
  const node = withInputs(
    n,
    inputs.map((r) => nodeOf(gathered(r))),
  );
  if (inputs.some((r) => r.many)) d.fallbacks.set(node, { scope: 'operator', operator, why });
  const [first] = inputs;
  return single(node, first ?? { rows: 1, rowBytes: 8 });
}

export function distribute(n: LogicalNode, d: Distribution): Relation {
  const over = (x: LogicalNode): Relation => distribute(x, d);
  switch (n.op) {
    case 'scan': {
      const facts = d.table(n.table);
      const rowBytes = facts.rowBytes(n.ordinals);
      const needed = facts.needed(n);
      if (needed.chunks === 0 && facts.chunks > 0)
        return single({ op: 'values', rows: [], types: n.types }, { rows: 0, rowBytes });
      return { branches: [n], types: n.types, many: facts.chunks > 1, rows: needed.rows, rowBytes };
    }
    case 'values':
    case 'tableFunction':
      return single(n, { rows: n.op === 'values' ? n.rows.length : 1000, rowBytes: 8 * n.types.length });
    case 'project': {
      const input = over(n.input);
      const out = mapBranches(input, (b) => ({ ...n, input: b }));
      return { ...out, rowBytes: Math.max(8, (input.rowBytes * n.types.length) / Math.max(1, input.types.length)) };
    }
    case 'filter': {
      const input = over(n.input);
      return mapBranches(input, (b) => ({ ...n, input: b }), input.rows * 0.3);
    }
    case 'unnest': {
      const input = over(n.input);
      return mapBranches(input, (b) => ({ ...n, input: b }), input.rows * 3);
    }
    case 'sample': {
      const input = over(n.input);
      if (n.fixedRows)
        return fallBack(n, [input], d, 'sample', 'a sample of a fixed number of rows is drawn from all rows at once');
      return mapBranches(input, (b) => ({ ...n, input: b }), input.rows * 0.1);
    }
    case 'aggregate':
      return aggregateOver(n, over(n.input), d);
    case 'join':
      return joinOver(n, over(n.left), over(n.right), d);
    case 'sort':
      return fallBack(n, [over(n.input)], d, 'sort', 'a sort of the whole result needs all rows in one task');
    case 'limit':
      return limitOver(n, over(n.input), d);
    case 'distinct':
      return distinctOver(n, over(n.input));
    case 'window':
      return fallBack(n, [over(n.input)], d, 'window', 'a window function sees all rows of its partition');
    case 'setop':
      return setOperation(n, n.inputs.map(over), d);
    case 'shared':
      return sharedOver(n.shared, d);
    case 'exchange':
    case 'delimGet':
      throw new RangeError(`${n.op} before distribution`);
    default:
      return unreachable(n, 'operator');
  }
}

function limitOver(n: Extract<LogicalNode, { op: 'limit' }>, input: Relation, d: Distribution): Relation {
  if (!input.many)
    return single(
      { ...n, input: nodeOf(input) },
      { rows: Math.min(input.rows, n.limit ?? input.rows), rowBytes: input.rowBytes },
    );
  if (n.percent !== undefined) return fallBack(n, [input], d, 'limit', 'a percentage of the rows needs their number');
  if (n.limit === undefined) return single({ ...n, input: nodeOf(gathered(input)), phase: 'final' }, input);
  const kept = n.limit + n.offset;
  const local = mapBranches(
    input,
    (b) => ({ ...n, input: b, limit: kept, offset: 0, phase: 'partial' }),
    Math.min(input.rows, kept),
  );
  return single({ ...n, input: nodeOf(gathered(local)), phase: 'final' }, { rows: n.limit, rowBytes: input.rowBytes });
}

function distinctOver(n: Extract<LogicalNode, { op: 'distinct' }>, input: Relation): Relation {
  const rows = Math.max(1, input.rows * 0.2);
  if (!input.many) return single({ ...n, input: nodeOf(input) }, { rows, rowBytes: input.rowBytes });
  const local = mapBranches(input, (b) => ({ ...n, input: b, phase: 'partial' }), rows);
  return single({ ...n, input: nodeOf(gathered(local)), phase: 'final' }, local);
}

function setOperation(n: Extract<LogicalNode, { op: 'setop' }>, inputs: readonly Relation[], d: Distribution): Relation {
  const rows = inputs.reduce((sum, r) => sum + r.rows, 0);
  const rowBytes = Math.max(...inputs.map((r) => r.rowBytes));
  if (inputs.every((r) => !r.many)) return single({ ...n, inputs: inputs.map(nodeOf) }, { rows, rowBytes });
  if (n.word !== 'UNION') return fallBack(n, inputs, d, n.word.toLowerCase(), `${n.word} compares all rows of both sides`);
  const all: Relation = { branches: inputs.flatMap((r) => r.branches), types: n.types, many: true, rows, rowBytes };
  if (n.all) return all;
  return distinctOver({ op: 'distinct', input: n, on: undefined, keys: [], phase: 'whole', types: n.types }, all);
}

/** Made once, read by all; but what is cheap to repeat is repeated in place. */
function sharedOver(shared: SharedPlan, d: Distribution): Relation {
  const known = d.shared.get(shared);
  if (known) return known;
  const made = distribute(shared.plan, d);
  const read: Relation = isLight(made) ? made : { ...made, branches: [readBy(made.many ? 'forward' : 'gather', made)] };
  d.shared.set(shared, read);
  return read;
}
