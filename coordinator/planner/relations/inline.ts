/** Relations of a plan put together into one tree: reads of a relation become the relation itself. */
import { sameSqlType } from '../../../shared/arrow/types.ts';
import { castTo, type Expr, mapRefs, ref, refsOf } from '../expressions.ts';
import { inputsOf, type LogicalNode, pick, type SharedPlan, withInputs } from '../logical.ts';

type Pass = (n: LogicalNode) => LogicalNode;

/** A tree with all sub-plans that it shares rewritten, each once. */
function through(n: LogicalNode, pass: Pass): LogicalNode {
  if (n.op === 'shared') {
    n.shared.rewrite(pass);
    return n;
  }
  return withInputs(n, inputsOf(n).map(pass));
}

/** Scans of relations, by the handle under which SQL saw them, become reads of their sub-plans. */
export function readingRelations(root: LogicalNode, byHandle: (table: string) => SharedPlan | undefined): LogicalNode {
  const pass: Pass = (n) => {
    const shared = n.op === 'scan' ? byHandle(n.table) : undefined;
    return n.op === 'scan' && shared ? columnsRead(n, shared) : through(n, pass);
  };
  return pass(root);
}

function columnsRead(scan: Extract<LogicalNode, { op: 'scan' }>, shared: SharedPlan): LogicalNode {
  const { types } = shared.plan;
  const read: LogicalNode = { op: 'shared', shared, types };
  const exprs = scan.ordinals.map((o, i): Expr => {
    const [own, wanted] = [types[o], scan.types[i] ?? ''];
    // Only the number of rows matters.
    if (own === undefined) return { kind: 'const', sql: 'CAST(0 AS BIGINT)', type: 'BIGINT' };
    return own === 'JSON' || wanted === 'JSON' || sameSqlType(own, wanted) ? ref(o, wanted) : castTo(ref(o, own), wanted);
  });
  const same = exprs.length === types.length && exprs.every((e, i) => e.kind === 'ref' && e.index === i);
  return same ? read : { op: 'project', input: read, exprs, types: scan.types };
}

/** Relations with one reader become part of it; those with several, and those in `kept`, stay sub-plans that are made once. */
export function withoutSingleReads(
  root: LogicalNode,
  relations: ReadonlySet<SharedPlan>,
  kept: ReadonlySet<SharedPlan>,
): LogicalNode {
  const reads = new Map<SharedPlan, number>();
  const count = (n: LogicalNode): void => {
    if (n.op !== 'shared') {
      for (const c of inputsOf(n)) count(c);
      return;
    }
    const before = reads.get(n.shared) ?? 0;
    reads.set(n.shared, before + 1);
    if (before === 0) count(n.shared.plan);
  };
  count(root);
  const pass: Pass = (n) => {
    const alone = n.op === 'shared' && relations.has(n.shared) && !kept.has(n.shared) && reads.get(n.shared) === 1;
    return n.op === 'shared' && alone ? pass(n.shared.plan) : through(n, pass);
  };
  return pass(root);
}

/**
 * Projections that met: each query was planned by itself, so what the one above does not want is still computed, or even scanned, by the
 * one below.
 */
export function simplified(n: LogicalNode): LogicalNode {
  const done = through(n, simplified);
  return done.op === 'project' ? narrowed(done, done.input) : done;
}

type Project = Extract<LogicalNode, { op: 'project' }>;

const isRef = (e: Expr): e is Extract<Expr, { kind: 'ref' }> => e.kind === 'ref';

function narrowed(n: Project, input: LogicalNode): LogicalNode {
  switch (input.op) {
    case 'scan':
      return overScan(n, input);
    case 'project': {
      // What is read twice must not be computed twice: it may be a random number.
      const once = new Set(n.exprs.flatMap((e) => (isRef(e) ? [e.index] : []))).size === n.exprs.length;
      if (once && n.exprs.every(isRef)) {
        const exprs = n.exprs.flatMap((e) => (isRef(e) ? (input.exprs[e.index] ?? []) : []));
        return narrowed({ ...n, input: input.input, exprs }, input.input);
      }
      return overFewer(n, input, (wanted) => simplified(pick(input, wanted)));
    }
    case 'filter': {
      const wanted = columnsOf([...n.exprs, ...input.predicates]);
      if (wanted.length === input.types.length || wanted.length === 0) return n;
      const below = simplified(pick(input.input, wanted));
      const moved = (e: Expr): Expr => mapRefs(e, (i, t) => ref(wanted.indexOf(i), t));
      const filter: LogicalNode = { ...input, input: below, predicates: input.predicates.map(moved), types: below.types };
      return { ...n, input: filter, exprs: n.exprs.map(moved) };
    }
    default:
      return n;
  }
}

const columnsOf = (exprs: readonly Expr[]): number[] => [...new Set(exprs.flatMap((e) => [...refsOf(e)]))].sort((a, b) => a - b);

function overFewer(n: Project, input: LogicalNode, below: (wanted: readonly number[]) => LogicalNode): LogicalNode {
  const wanted = columnsOf(n.exprs);
  if (wanted.length === input.types.length || wanted.length === 0) return n;
  const exprs = n.exprs.map((e) => mapRefs(e, (i, t) => ref(wanted.indexOf(i), t)));
  return { ...n, input: below(wanted), exprs };
}

function overScan(n: Project, scan: Extract<LogicalNode, { op: 'scan' }>): LogicalNode {
  const chosen = (wanted: readonly number[]): LogicalNode => ({
    ...scan,
    ordinals: wanted.map((i) => scan.ordinals[i] ?? -1),
    types: wanted.map((i) => scan.types[i] ?? ''),
  });
  const plain = n.exprs.flatMap((e) => (isRef(e) && e.type === scan.types[e.index] ? [e.index] : []));
  if (plain.length === n.exprs.length) return chosen(plain);
  return overFewer(n, scan, chosen);
}
