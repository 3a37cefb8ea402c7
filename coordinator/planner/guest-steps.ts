/** A tree of operators that has guests in it -> the steps of a fragment: SQL below a guest is what it reads, SQL above reads s<i>. */
import { InvariantError } from '../../shared/assert.ts';
import type { GuestCode, GuestPlace, GuestRows, GuestStep, NamedColumn, Step } from '../../shared/plan/physical.ts';
import { type LeafRows, nodeSql } from './fragment-sql.ts';
import type { GuestNode, GuestProgram, LogicalNode, ModuleInput } from './logical.ts';
import { mergedRows } from './merged-rows.ts';
import { unsortedRows } from './unsorted.ts';
import { fromWire, planColumn, toWire } from './wire.ts';

/** How the tables in0..inN are written. */
export type TableWriter = (leaf: Extract<LogicalNode, { op: 'scan' | 'exchange' }>) => LeafRows;

type Guest = GuestNode & { readonly types: readonly string[] };

/** One branch's steps; use it once. */
export class GuestSteps {
  private readonly steps: Step[];
  /** Those of the steps that are guests. */
  readonly guests: GuestPlace[] = [];
  private readonly leaf: TableWriter;
  private readonly addModule: (module: ModuleInput) => number;

  /** `leaf` writes scans and exchanges; `addModule` gives the index of a branch's input; `before`: steps that come first. */
  constructor(leaf: TableWriter, addModule: (module: ModuleInput) => number, before: readonly Step[] = []) {
    this.steps = [...before];
    this.leaf = leaf;
    this.addModule = addModule;
  }

  /** `written`: the columns of what the last step makes. */
  stepsOf(root: LogicalNode, written: readonly string[]): readonly Step[] {
    const top = withoutIdentity(root);
    if (top.op === 'guest') {
      this.add(top);
      return this.steps;
    }
    const sql = toWire(this.sql(root), written.map(planColumn));
    // Guests below are steps already, and would be so twice.
    const unsorted = this.steps.length === 0 ? unsortedRows(top, (n) => this.sql(n)) : undefined;
    const merge = this.steps.length === 0 ? mergedRows(root) : undefined;
    return [...this.steps, { kind: 'sql', sql, ...(unsorted && { unsorted }), ...(merge && { merge }) }];
  }

  private sql(n: LogicalNode): string {
    return nodeSql(n, (leaf) => (leaf.op === 'guest' ? this.guestSql(leaf) : this.leaf(leaf)));
  }

  private guestSql(n: Guest): LeafRows {
    const at = this.add(n);
    return { columns: n.types.map((t, i) => fromWire(`t.c${i}`, planColumn(t))), table: `s${at}` };
  }

  private add(n: Guest): number {
    if (n.action === 'aggregate' || n.action === 'cogroup') throw new InvariantError(`${n.action} reached a fragment`);
    const rows = this.rows(n.input, n.names);
    const sides = n.sides.map((side) => this.rows(side.node, side.names));
    const isCogroup = n.action === 'mapPartitions' && n.otherKeys !== undefined;
    const keyed = n.code.kind === 'script' && (n.action === 'partial' || n.action === 'merge' || isCogroup);
    const step: GuestStep = {
      kind: 'guest',
      action: n.action,
      code: this.code(n.code),
      rows,
      ...(sides.length > 0 ? { sides } : {}),
      ...(keyed ? { keys: n.keys.map((k) => n.names[k] ?? '') } : {}),
      output: namedColumns(n.outputNames, n.types),
    };
    const at = this.steps.push(step) - 1;
    const { relation, label, code } = n;
    this.guests.push({ step: at, relation, label, ...(code.kind !== 'stream' && { function: code.function }) });
    return at;
  }

  private rows(n: LogicalNode, names: readonly string[]): GuestRows {
    const columns = namedColumns(names, n.types);
    return { sql: toWire(this.sql(n), columns), columns };
  }

  private code(code: GuestProgram): GuestCode {
    return code.kind === 'script' ? code : { ...code, module: this.addModule(code.module) };
  }
}

function namedColumns(names: readonly string[], types: readonly string[]): NamedColumn[] {
  return types.map((type, i) => ({ name: names[i] ?? `c${i}`, ...planColumn(type) }));
}

/** A projection that only hands its input's columns on, or what is below it. */
function withoutIdentity(n: LogicalNode): LogicalNode {
  const same =
    n.op === 'project' && n.exprs.length === n.input.types.length && n.exprs.every((e, i) => e.kind === 'ref' && e.index === i);
  return same ? withoutIdentity(n.input) : n;
}
