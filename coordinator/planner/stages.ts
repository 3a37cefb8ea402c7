/** Cuts a distributed plan at its exchanges: one stage per producer, in topological order, the last one the result. */

import { sha256Hex } from '../../shared/hash.ts';
import { partitionStep } from '../../shared/plan/partition-step.ts';
import type { Alternative, Branch, Fallback, Fragment, PlanColumn, PlanInput, Stage, Step } from '../../shared/plan/physical.ts';
import { canonicalJson } from '../../shared/plan/recipe.ts';
import { adaptiveJoins, type Choice, choicesFor } from './alternatives.ts';
import type { ScanBinder } from './bind-scan.ts';
import { readsPartition } from './distribute-places.ts';
import type { LeafRows } from './fragment-sql.ts';
import { GuestSteps } from './guest-steps.ts';
import { inputsOf, type LogicalNode, type Producer } from './logical.ts';
import { partableLeaves } from './partings.ts';
import { determinacyOf } from './properties.ts';
import type { Distribution } from './relation.ts';
import { operatorLines, stageTitle } from './titles.ts';
import { fromWire, planColumn } from './wire.ts';

/** Settings that change results; the tab's engine runs with these, and they are part of every block's identity. */
export const ENGINE = 'duckdb-wasm v1.5.6 eh';
export const SETTINGS = {
  TimeZone: 'UTC',
  default_order: 'ASC',
  default_null_order: 'NULLS_LAST',
  integer_division: false,
} as const;

export function fragmentOf(steps: readonly Step[], output: readonly PlanColumn[]): Fragment {
  return { steps, digest: sha256Hex(canonicalJson({ steps, settings: SETTINGS, engine: ENGINE })), output };
}

type Leaf<Op> = Extract<LogicalNode, { op: Op }>;
/** Gives the number of the input, made if no other leaf of the branch reads just the same. */
type AddInput = (leaf: LogicalNode, key: string, input: () => PlanInput) => number;

interface Options {
  /** Stages to wait for that decide whether this one is needed. */
  readonly startsAfter?: readonly number[];
}

export class StageCutter {
  private readonly binder: ScanBinder;
  private readonly d: Pick<Distribution, 'fallbacks' | 'adaptive'>;
  private readonly made = new Map<Producer, number>();
  readonly stages: Stage[] = [];

  constructor(binder: ScanBinder, d: Pick<Distribution, 'fallbacks' | 'adaptive'>) {
    this.binder = binder;
    this.d = d;
  }

  /** The index of the stage that makes this, which is cut the first time. */
  cut(producer: Producer, options: Options = {}): number {
    const known = this.made.get(producer);
    if (known !== undefined) return known;
    for (const b of producer.branches) this.cutSmallSides(b);
    const columns = producer.types.map(planColumn);
    const branches = producer.branches.map((b) => this.branch(b, producer));
    const alternatives = choicesFor(producer.branches, this.d.adaptive).flatMap((c) => this.alternative(c, producer));
    const index = this.stages.length;
    const fallback = producer.branches.map((b) => this.fallbackIn(b)).find((f) => f !== undefined);
    this.stages.push({
      index,
      title: stageTitle(producer, this.names),
      branches,
      output: { columns, partitioning: producer.partitioning },
      determinacy: determinacyOf(producer.branches),
      operators: operatorLines(producer, producer.branches, this.names),
      ...(alternatives.length > 0 ? { alternatives } : {}),
      ...(options.startsAfter ? { startsAfter: options.startsAfter } : {}),
      ...(fallback ? { fallback } : {}),
    });
    this.made.set(producer, index);
    return index;
  }

  /** The stage that makes this; undefined: nobody needed it. */
  madeBy(producer: Producer): number | undefined {
    return this.made.get(producer);
  }

  private readonly names = (table: string): string => this.binder.nameOf(table);

  /** What decides comes before what it decides about; so that all stages refer to earlier ones only. */
  private cutSmallSides(root: LogicalNode): void {
    for (const { small, big } of adaptiveJoins(root, this.d.adaptive)) {
      if (this.made.has(big)) continue;
      const before = this.cut(small);
      this.cut(big, { startsAfter: [before] });
    }
  }

  private alternative(choice: Choice, producer: Producer): readonly Alternative[] {
    const stage = this.made.get(choice.on);
    if (stage === undefined) return [];
    const unsplit = choice.unsplit && this.stages[this.made.get(choice.unsplit) ?? -1];
    // It began without waiting, because another stage needs it too.
    if (choice.kind === 'broadcast' && !unsplit?.startsAfter?.includes(stage)) return [];
    const { bytesMax, rowsMax } = choice;
    return [
      {
        when: { stage, ...(bytesMax === undefined ? {} : { bytesMax }), ...(rowsMax === undefined ? {} : { rowsMax }) },
        title:
          choice.kind === 'empty'
            ? `stage ${stage} has no rows: nothing is joined`
            : `stage ${stage} is small: broadcast, stage ${unsplit?.index} is not shuffled`,
        branches: choice.branches.map((b) => this.branch(b, producer)),
        operators: operatorLines(producer, choice.branches, this.names),
      },
    ];
  }

  private fallbackIn(n: LogicalNode): Fallback | undefined {
    return (
      this.d.fallbacks.get(n) ??
      inputsOf(n)
        .map((c) => this.fallbackIn(c))
        .find((f) => f !== undefined)
    );
  }

  private branch(root: LogicalNode, producer: Producer): Branch {
    const inputs: PlanInput[] = [];
    const tables = new Map<string, number>();
    const readers = new Map<number, LogicalNode[]>();
    const add = (leaf: LogicalNode, key: string, input: () => PlanInput): number => {
      const at = tables.get(key) ?? inputs.push(input()) - 1;
      tables.set(key, at);
      readers.set(at, [...(readers.get(at) ?? []), leaf]);
      return at;
    };
    const numbered = readsPartition(root);
    const guests = new GuestSteps(
      (leaf) => (leaf.op === 'scan' ? this.scanSql(leaf, add) : this.exchangeSql(leaf, add)),
      (module) => {
        const known = inputs.findIndex((i) => i.kind === 'module' && i.digest === module.digest);
        return known >= 0 ? known : inputs.push(module) - 1;
      },
      numbered ? [partitionStep(0)] : [],
    );
    const columns = producer.types.map(planColumn);
    const written = producer.partitioning.kind === 'range' ? [...producer.types, 'INTEGER'] : producer.types;
    const steps = guests.stepsOf(root, written);
    const parts = partableLeaves(root);
    const splittable = inputs.flatMap((input, i) => {
      const leaves = readers.get(i) ?? [];
      const alone = leaves.length === 1 && leaves.every((l) => parts.has(l));
      return input.kind === 'stage' && input.exchange === 'hash' && !input.each && alone ? [i] : [];
    });
    const ordered = inputs.some((i) => i.kind === 'stage' && i.exchange === 'range');
    return {
      fragment: { ...fragmentOf(steps, columns), ...(numbered && { readsPartition: true }) },
      inputs,
      ...(guests.guests.length > 0 && { guests: guests.guests }),
      ...(splittable.length > 0 && !ordered ? { splittable } : {}),
      ...(ordered ? { ordered } : {}),
    };
  }

  private scanSql(leaf: Leaf<'scan'>, add: AddInput): LeafRows {
    const scan = this.binder.bind(leaf);
    const { ordinals, needed } = scan.input.source;
    const at = add(leaf, `scan ${JSON.stringify(ordinals)} ${leaf.table} ${needed.join()}`, () => scan.input);
    return { columns: scan.columns, table: `in${at}` };
  }

  private exchangeSql(leaf: Leaf<'exchange'>, add: AddInput): LeafRows {
    const { kind, producer, each, tasks } = leaf.exchange;
    const stage = this.cut(producer);
    const columns = producer.types.map(planColumn);
    const at = add(leaf, `stage ${stage} ${kind} ${each} ${tasks}`, () => ({
      kind: 'stage',
      stage,
      columns,
      exchange: kind,
      read: kind === 'gather' || kind === 'broadcast' ? 'all' : 'partition',
      ...(each && { each }),
      ...(tasks !== undefined && { tasks }),
    }));
    return { columns: columns.map((c, i) => fromWire(`t.c${i}`, c)), table: `in${at}` };
  }
}
