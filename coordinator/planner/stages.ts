/** Cuts a distributed plan at its exchanges: one stage per producer, in topological order, the last one the result. */

import { wireTypeOf } from '../../shared/arrow/types.ts';
import { sha256Hex } from '../../shared/hash.ts';
import type { Branch, Fallback, Fragment, PlanColumn, PlanInput, Stage } from '../../shared/plan/physical.ts';
import { canonicalJson } from '../../shared/plan/recipe.ts';
import type { ScanBinder } from './bind-scan.ts';
import { nodeSql, selectList } from './fragment-sql.ts';
import { inputsOf, type LogicalNode, type Producer } from './logical.ts';
import { determinacyOf } from './properties.ts';
import { operatorLines, stageTitle } from './titles.ts';

/** Settings that change results; the tab's engine runs with these, and they are part of every block's identity. */
export const ENGINE = 'duckdb-wasm v1.5.6 eh';
export const SETTINGS = {
  TimeZone: 'UTC',
  default_order: 'ASC',
  default_null_order: 'NULLS_LAST',
  integer_division: false,
} as const;

export function planColumn(type: string): PlanColumn {
  return { type, wire: wireTypeOf(type) };
}

export function fragmentOf(sql: string, output: readonly PlanColumn[]): Fragment {
  const steps = [{ kind: 'sql' as const, sql }];
  return { steps, digest: sha256Hex(canonicalJson({ steps, settings: SETTINGS, engine: ENGINE })), output };
}

/** Casts to wire types are written only where a type does not travel as it is. */
export function toWire(sql: string, columns: readonly PlanColumn[]): string {
  if (columns.every((c) => c.type === c.wire)) return sql;
  return `SELECT ${selectList(columns.map((c, i) => (c.type === c.wire ? `o.c${i}` : `CAST(o.c${i} AS ${c.wire})`)))} FROM (${sql}) o`;
}

export function fromWire(column: string, type: PlanColumn): string {
  return type.type === type.wire ? column : `CAST(${column} AS ${type.type})`;
}

export class StageCutter {
  private readonly binder: ScanBinder;
  private readonly fallbacks: ReadonlyMap<LogicalNode, Fallback>;
  private readonly made = new Map<Producer, number>();
  readonly stages: Stage[] = [];

  constructor(binder: ScanBinder, fallbacks: ReadonlyMap<LogicalNode, Fallback>) {
    this.binder = binder;
    this.fallbacks = fallbacks;
  }

  /** The index of the stage that makes this, which is cut the first time. */
  cut(producer: Producer): number {
    const known = this.made.get(producer);
    if (known !== undefined) return known;
    const columns = producer.types.map(planColumn);
    const branches = producer.branches.map((b) => this.branch(b, columns));
    const index = this.stages.length;
    const fallback = producer.branches.map((b) => this.fallbackIn(b)).find((f) => f !== undefined);
    this.stages.push({
      index,
      title: stageTitle(producer.branches, (table) => this.binder.nameOf(table)),
      branches,
      output: { columns, partitioning: { kind: 'single' } },
      determinacy: determinacyOf(producer.branches),
      operators: operatorLines(producer.branches, (table) => this.binder.nameOf(table)),
      ...(fallback ? { fallback } : {}),
    });
    this.made.set(producer, index);
    return index;
  }

  private fallbackIn(n: LogicalNode): Fallback | undefined {
    return (
      this.fallbacks.get(n) ??
      inputsOf(n)
        .map((c) => this.fallbackIn(c))
        .find((f) => f !== undefined)
    );
  }

  private branch(root: LogicalNode, columns: readonly PlanColumn[]): Branch {
    const inputs: PlanInput[] = [];
    const tables = new Map<string, number>();
    const add = (key: string, input: () => PlanInput): number => {
      const known = tables.get(key);
      if (known !== undefined) return known;
      inputs.push(input());
      tables.set(key, inputs.length - 1);
      return inputs.length - 1;
    };
    const sql = nodeSql(root, (leaf) => {
      if (leaf.op === 'scan') {
        const scan = this.binder.bind(leaf);
        const at = add(
          `scan ${JSON.stringify(scan.input.source.ordinals)} ${leaf.table} ${scan.input.source.needed.join()}`,
          () => scan.input,
        );
        return `SELECT ${selectList(scan.columns)} FROM in${at}`;
      }
      const { kind, producer } = leaf.exchange;
      const stage = this.cut(producer);
      const upstream = producer.types.map(planColumn);
      const at = add(`stage ${stage} ${kind}`, () => ({
        kind: 'stage',
        stage,
        columns: upstream,
        exchange: kind,
        read: kind === 'forward' ? 'partition' : 'all',
      }));
      return `SELECT ${selectList(upstream.map((c, i) => fromWire(`c${i}`, c)))} FROM in${at}`;
    });
    return { fragment: fragmentOf(toWire(sql, columns), columns), inputs };
  }
}
