/** A plan of several relations -> one physical plan. Each relation is planned by itself, in order; then they are put together. */
import { LIMITS } from '../../../shared/limits.ts';
import { type AuthorPlan, type AuthorRelation, cachedRelations } from '../../../shared/plan/author-plan.ts';
import type { NamedColumn, PhysicalPlan } from '../../../shared/plan/physical.ts';
import type { DatasetRecord } from '../../catalog/types.ts';
import type { ModuleRecord } from '../../modules/module-record.ts';
import { physicalOf, resultColumn, treeOf } from '../assemble.ts';
import { ScanBinder } from '../bind-scan.ts';
import type { NamedTable } from '../child-catalogue.ts';
import type { ChildMacro, ChildPlan } from '../child-protocol.ts';
import { distribute } from '../distribute.ts';
import { type LogicalNode, SharedPlan } from '../logical.ts';
import { UnsupportedPlan } from '../lossless-json.ts';
import { attachRanges } from '../predicates.ts';
import type { Distribution } from '../relation.ts';
import { RefusedSql } from '../sql-errors.ts';
import { planColumn } from '../wire.ts';
import { type GuestAggregate, macroOf, refuseMarks, withGuestAggregates } from './guest-aggregates.ts';
import { guestRelation, type Made, type Readable } from './guest-relation.ts';
import { readingRelations, simplified, withoutSingleReads } from './inline.ts';
import { placedRelation } from './placed-relation.ts';
import { namesHint, refusedPlan, withRelation } from './refused.ts';
import { RelationKeys } from './relation-key.ts';
import { type RelationColumn, refuseDoubles } from './schema.ts';
import { inOwnWords, SqlFunctions } from './sql-functions.ts';
import { Patched } from './sql-tokens.ts';

/** What SQL of a relation may read: a dataset, or a relation before it. */
export interface RelationTable extends NamedTable {
  readonly dataset?: DatasetRecord;
  readonly relation?: SharedPlan;
}

export interface Parsed {
  readonly planned: ChildPlan;
  readonly byHandle: ReadonlyMap<string, RelationTable>;
}

export interface RelationsRequest {
  readonly plan: AuthorPlan;
  readonly datasets: readonly DatasetRecord[];
  /** Those that the asker may use. */
  readonly modules: readonly ModuleRecord[];
  readonly slots: number;
  /** Memory of the smallest of them. */
  readonly slotBytes: number;
  /** Unlike in any other request: names one version of a relation. */
  readonly id: string;
  /** Asks DuckDB for the plan of a query over these tables, the first of a name. Throws RefusedSql. */
  readonly ask: (sql: string, tables: readonly RelationTable[], macros: readonly ChildMacro[]) => Promise<Parsed>;
}

interface Relation {
  readonly shared: SharedPlan;
  readonly columns: readonly RelationColumn[];
  /** As the result has them. */
  readonly named: readonly NamedColumn[];
  readonly table: RelationTable;
}

/** Throws RefusedSql for what the author got wrong. */
export async function planRelations(request: RelationsRequest): Promise<PhysicalPlan> {
  const planning = new Planning(request);
  for (const { name, relation } of request.plan.relations) {
    try {
      await planning.add(name, relation);
    } catch (thrown) {
      throw inRelation(thrown, name);
    }
  }
  return planning.finish();
}

function inRelation(thrown: unknown, name: string): unknown {
  if (thrown instanceof RefusedSql) return new RefusedSql(withRelation(thrown.error, thrown.error.relation ?? name));
  if (!(thrown instanceof UnsupportedPlan)) return thrown;
  return new RefusedSql({
    code: 'sql-unsupported',
    title: 'This query cannot be part of a plan',
    detail: `It can only run as a whole in one task: ${thrown.message}`,
    hint: 'Run it as a job of its own (`sql`), or write it in another way.',
    relation: name,
  });
}

/** What is wrong with a text that was put together of an author's, at its place there. */
async function placedIn<T>(text: Patched, made: Promise<T>): Promise<T> {
  try {
    return await made;
  } catch (thrown) {
    if (!(thrown instanceof RefusedSql) || thrown.error.position === undefined) throw thrown;
    throw new RefusedSql({ ...thrown.error, position: text.origin(thrown.error.position) });
  }
}

function inMacroWords(called: readonly GuestAggregate[]): (thrown: unknown) => never {
  return (thrown) => {
    if (!(thrown instanceof RefusedSql)) throw thrown;
    throw new RefusedSql(
      inOwnWords(
        thrown.error,
        called.map((a) => a.name),
      ),
    );
  };
}

/** As in the schemas that authors give. */
const NAME_CHARS = 255;

class Planning {
  private readonly request: RelationsRequest;
  private readonly relations = new Map<string, Relation>();
  private readonly datasets: ReadonlyMap<string, DatasetRecord>;
  private readonly modules: ReadonlyMap<string, ModuleRecord>;
  /** Datasets by the handles of all queries. */
  private readonly handles = new Map<string, DatasetRecord>();
  private readonly functions: SqlFunctions;
  private readonly binder: ScanBinder;
  private readonly keys = new RelationKeys((table) => this.binder.dataset(table).version);
  /** For estimates only. */
  private readonly sizes: Distribution;

  constructor(request: RelationsRequest) {
    this.request = request;
    this.datasets = new Map(request.datasets.map((d) => [d.name.toLowerCase(), d]));
    this.modules = new Map([...request.modules].reverse().map((m) => [m.digest, m]));
    this.functions = new SqlFunctions(request.plan.functions, this.modules);
    this.binder = new ScanBinder(this.handles);
    const table = (name: string) => this.binder.factsOf(name);
    this.sizes = {
      table,
      slots: request.slots,
      slotBytes: request.slotBytes,
      fallbacks: new Map(),
      adaptive: new Map(),
      shared: new Map(),
    };
  }

  async add(name: string, relation: AuthorPlan['relations'][number]['relation']): Promise<void> {
    const key = name.toLowerCase();
    if (this.relations.has(key))
      throw refusedPlan('plan-invalid', name, `Two relations are called "${name}".`, 'Names ignore case.');
    const made = relation.kind === 'sql' ? await this.query(relation.sql, name) : this.made(relation, name);
    const shared = new SharedPlan(name, made.node);
    this.keys.note(shared);
    const named = made.named ?? made.columns.map((c) => ({ name: c.name, ...planColumn(c.type) }));
    const rows = Math.max(1, Math.round(distribute({ op: 'shared', shared, types: made.node.types }, this.sizes).rows));
    const version = `${this.request.id} ${this.relations.size}`;
    const table = { name, version, columns: made.columns, rows, relation: shared };
    this.relations.set(key, { shared, columns: made.columns, named, table });
  }

  private made(relation: Exclude<AuthorRelation, { kind: 'sql' }>, name: string): Made & { readonly named?: undefined } {
    const context = { name, modules: this.modules, read: (wanted: string): Readable => this.read(wanted, name) };
    switch (relation.kind) {
      case 'guest':
      case 'aggregate':
      case 'cogroup':
        return guestRelation(relation, context);
      case 'repartition':
      case 'coalesce':
      case 'zipWithIndex':
      case 'sample':
        return placedRelation(relation, context);
    }
  }

  /** Calls of guests become relations, and the query reads them. */
  private async query(sql: string, name: string): Promise<Readable & { readonly named: readonly NamedColumn[] }> {
    const { query, calls } = this.functions.callsIn(sql);
    for (const call of calls) {
      const tables: string[] = [];
      for (const [i, table] of call.tables.entries()) {
        tables.push(`${call.relation} given ${i}`);
        await placedIn(table, this.add(tables[i] ?? '', { kind: 'sql', sql: table.sql }));
      }
      await placedIn(new Patched().write('', call.position), this.add(call.relation, this.functions.relationOf(call, tables)));
    }
    return placedIn(query, this.plainQuery(query.sql, name));
  }

  private async plainQuery(sql: string, name: string): Promise<Readable & { readonly named: readonly NamedColumn[] }> {
    const datasets = this.request.datasets.map((dataset): RelationTable => ({ ...dataset, dataset }));
    const relations = [...this.relations.values()].map((r) => r.table);
    const called = this.functions.aggregates.filter((a) => sql.toLowerCase().includes(a.name.toLowerCase()));
    const { planned, byHandle } = await this.request
      .ask(sql, [...relations, ...datasets], called.map(macroOf))
      .catch(inMacroWords(called));
    for (const [handle, { dataset }] of byHandle) if (dataset) this.handles.set(handle, dataset);
    if (planned.plan === '') throw new UnsupportedPlan('plan', 'DuckDB cannot write down the plan of this query');
    const tree = withGuestAggregates(treeOf(planned), called);
    refuseMarks(tree, called);
    const node = readingRelations(tree, (handle) => byHandle.get(handle)?.relation);
    const named = planned.columns.map((c, i) => resultColumn(c, node.types[i] ?? c.type));
    const last = this.request.plan.relations.at(-1)?.name;
    // The result of a job may have what it wants; who reads a relation needs names.
    if (name !== this.request.plan.result || name !== last) refuseDoubles(named, name, 'Name the columns with AS.');
    return { node, named, columns: named.map(({ name: column, type }) => ({ name: column, type })) };
  }

  private read(wanted: string, by: string): Readable {
    const found = this.lookUp(wanted, by);
    const long = found.columns.find((c) => c.name.length > NAME_CHARS);
    if (!long) return found;
    const detail = `A column of "${wanted}" has a name of ${long.name.length} characters; a guest is told at most ${NAME_CHARS}.`;
    throw refusedPlan('plan-schema', by, detail, 'Name the columns with AS.');
  }

  private lookUp(wanted: string, by: string): Readable {
    const relation = this.relations.get(wanted.toLowerCase());
    if (relation) {
      const { shared, columns } = relation;
      return { columns, node: { op: 'shared', shared, types: shared.plan.types } };
    }
    const dataset = this.datasets.get(wanted.toLowerCase());
    if (dataset) return { columns: dataset.columns, node: this.scan(dataset) };
    const after = this.request.plan.relations.some((r) => r.name.toLowerCase() === wanted.toLowerCase());
    const hint = after
      ? 'It comes later: a relation may read those before it only.'
      : namesHint(wanted, [...[...this.relations.values()].map((r) => r.table.name), ...this.datasets.keys()], 'Relations');
    const detail = `"${by}" reads "${wanted}", which is neither a relation before it nor a dataset you may read.`;
    throw refusedPlan('plan-unknown-relation', by, detail, hint);
  }

  private scan(dataset: DatasetRecord): LogicalNode {
    const table = `dataset ${dataset.name}`;
    this.handles.set(table, dataset);
    const ordinals = dataset.columns.map((_, i) => i);
    // JSON is text with a name that tabs don't know.
    const types = dataset.columns.map((c) => (c.type === 'JSON' ? 'VARCHAR' : c.type));
    return { op: 'scan', table, ordinals, ranges: [], types };
  }

  finish(): PhysicalPlan {
    const { plan, slots, slotBytes } = this.request;
    const named = (name: string, what: string): Relation => {
      const found = this.relations.get(name.toLowerCase());
      if (found) return found;
      const names = [...this.relations.values()].map((r) => r.table.name);
      throw refusedPlan(
        'plan-unknown-relation',
        undefined,
        `${what} names "${name}", which is no relation of the plan.`,
        namesHint(name, names, 'Relations'),
      );
    };
    const result = named(plan.result, '`result`');
    const cached = cachedRelations(plan).map((one) => ({ ...one, shared: named(one.name, '`cache`').shared }));
    const kept = new Map(cached.map(({ shared, name, level }) => [shared, { name, level, key: this.keys.of(shared) }]));
    const all = new Set([...this.relations.values()].map((r) => r.shared));
    const read: LogicalNode = { op: 'shared', shared: result.shared, types: result.shared.plan.types };
    const root = attachRanges(simplified(withoutSingleReads(read, all, new Set(kept.keys()))));
    const physical = physicalOf({ root, columns: result.named, binder: this.binder, slots, slotBytes, kept });
    refuseLarge(physical);
    return physical;
  }
}

/** What a lease cannot carry would end the session of every tab that gets it. */
function refuseLarge({ stages }: PhysicalPlan): void {
  const branches = stages.flatMap((s) => [...s.branches, ...(s.alternatives ?? []).flatMap((a) => a.branches)]);
  const most = Math.max(...branches.map((b) => Buffer.byteLength(JSON.stringify(b.fragment.steps))));
  if (most <= LIMITS.fragmentBytes) return;
  const detail = `The queries, code and parameters of one task have ${most} bytes; ${LIMITS.fragmentBytes} are allowed.`;
  throw refusedPlan('plan-invalid', undefined, detail, 'Put long lists into a dataset, and join it or give it as a side.');
}
