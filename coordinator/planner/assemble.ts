/** From what DuckDB said to a physical plan; pure. */
import type { CachedRelation, Fallback, PhysicalPlan, ResultColumn } from '../../shared/plan/physical.ts';
import type { DatasetRecord } from '../catalog/types.ts';
import { ScanBinder } from './bind-scan.ts';
import type { ChildPlan } from './child-protocol.ts';
import { decorrelate } from './decorrelate.ts';
import { distribute } from './distribute.ts';
import { logicalOf } from './duckdb-plan.ts';
import { inputsOf, type LogicalNode, type SharedPlan } from './logical.ts';
import { listOf, objectOf, parseLossless, UnsupportedPlan } from './lossless-json.ts';
import { attachRanges } from './predicates.ts';
import { functionsOf } from './properties.ts';
import { type Distribution, producerOf, type TableFacts } from './relation.ts';
import { StageCutter } from './stages.ts';
import { missingFunction, missingInTabs } from './tab-functions.ts';
import { logicalView } from './titles.ts';
import { planWholeQuery } from './whole-query.ts';
import { planColumn } from './wire.ts';

export interface Assembly {
  readonly sql: string;
  readonly nowMs: number;
  readonly planned: ChildPlan;
  /** Slots that the plan is made for. */
  readonly slots: number;
  /** Memory of the smallest of them. */
  readonly slotBytes: number;
  /** By the handle that the child knows. */
  readonly byHandle: ReadonlyMap<string, DatasetRecord>;
}

/** Throws RefusedSql for queries that no rung of the ladder can run. */
export function assemble(a: Assembly): PhysicalPlan {
  try {
    if (a.planned.plan === '') throw new UnsupportedPlan('plan', 'DuckDB cannot write down the plan of this query');
    return distributed(a);
  } catch (thrown) {
    if (!(thrown instanceof UnsupportedPlan)) throw thrown;
    return planWholeQuery(
      { sql: a.sql, ast: a.planned.ast, columns: a.planned.columns, datasets: [...a.byHandle.values()], nowMs: a.nowMs },
      thrown.operator,
      thrown.message,
    );
  }
}

function distributed(a: Assembly): PhysicalPlan {
  const root = treeOf(a.planned);
  const columns = a.planned.columns.map((c, i) => resultColumn(c, root.types[i] ?? c.type));
  return physicalOf({
    root: attachRanges(root),
    columns,
    binder: new ScanBinder(a.byHandle),
    slots: a.slots,
    slotBytes: a.slotBytes,
  });
}

/** The logical plan of a query. Throws UnsupportedPlan, or RefusedSql for functions that tabs lack. */
export function treeOf(planned: ChildPlan): LogicalNode {
  const plans = listOf(objectOf(parseLossless(planned.plan), 'plan').plans);
  const root = decorrelate(logicalOf(plans[0] ?? null));
  if (root.types.length !== planned.columns.length)
    throw new UnsupportedPlan('plan', 'the plan has other columns than the result');
  refuseMissing(root);
  return root;
}

export interface Placing {
  readonly root: LogicalNode;
  readonly columns: readonly ResultColumn[];
  readonly binder: ScanBinder;
  readonly slots: number;
  readonly slotBytes: number;
  /** Relations that get a stage of their own, to be kept for later jobs. */
  readonly kept?: ReadonlyMap<SharedPlan, Omit<CachedRelation, 'stage'>>;
}

/** Places exchanges and cuts stages. */
export function physicalOf({ root, columns, binder, slots, slotBytes, kept = new Map() }: Placing): PhysicalPlan {
  const fallbacks = new Map<LogicalNode, Fallback>();
  const table = (name: string): TableFacts => binder.factsOf(name);
  const d: Distribution = { table, slots, slotBytes, fallbacks, adaptive: new Map(), shared: new Map(), kept };
  const result = distribute(root, d);
  const cutter = new StageCutter(binder, d);
  cutter.cut(producerOf(result));
  const cached = cachedStages(kept, d, cutter);
  const scans = allNodes(root).flatMap((n) =>
    n.op === 'scan' ? [{ dataset: binder.dataset(n.table), facts: binder.factsOf(n.table), scan: n }] : [],
  );
  const datasets = new Map(scans.map((s) => [s.dataset.name, { name: s.dataset.name, version: s.dataset.version }]));
  return {
    stages: cutter.stages,
    columns,
    logical: logicalView(
      root,
      (t) => binder.nameOf(t),
      (t) => binder.dataset(t).rows,
    ),
    fallbacks: [...fallbacks.values()],
    datasets: [...datasets.values()],
    chunks: {
      total: scans.reduce((sum, s) => sum + s.facts.chunks, 0),
      needed: scans.reduce((sum, s) => sum + s.facts.needed(s.scan).chunks, 0),
    },
    ...(cached.length > 0 && { cached }),
  };
}

/** What the result does not need is not made, and so not kept. */
function cachedStages(kept: NonNullable<Placing['kept']>, d: Distribution, cutter: StageCutter): CachedRelation[] {
  const cached: CachedRelation[] = [];
  for (const [shared, relation] of kept) {
    const node = d.shared.get(shared)?.branches[0];
    const stage = node?.op === 'exchange' ? cutter.madeBy(node.exchange.producer) : undefined;
    if (stage !== undefined) cached.push({ ...relation, stage });
  }
  return cached.sort((a, b) => a.stage - b.stage);
}

/** JSON is text inside; its name is kept for the author. */
export function resultColumn(c: { readonly name: string; readonly type: string }, type: string): ResultColumn {
  return { name: c.name, ...planColumn(type), ...(c.type === 'JSON' ? { type: c.type } : {}) };
}

/** Every operator once, shared sub-plans included. */
function allNodes(root: LogicalNode): LogicalNode[] {
  const seen = new Set<LogicalNode>();
  const visit = (n: LogicalNode): void => {
    if (seen.has(n)) return;
    seen.add(n);
    for (const c of n.op === 'shared' ? [n.shared.plan] : inputsOf(n)) visit(c);
  };
  visit(root);
  return [...seen];
}

function refuseMissing(root: LogicalNode): void {
  const missing = allNodes(root).flatMap(functionsOf).find(missingInTabs);
  if (missing !== undefined) throw missingFunction(missing);
}
