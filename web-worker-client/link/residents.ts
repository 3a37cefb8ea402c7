/**
 * Which columns of which runs and cached relations each slot holds as tables, as the slots reported it, which modules it has compiled,
 * and what queued attempts will add. Of modules slots tell nothing: one that has let go of a module says so when it lacks it.
 */
import type { TaskSpec } from '../../shared/plan/task.ts';
import type { ResidentChange } from '../slots/api.ts';
import { residentOf } from './inputs.ts';

/** As the session protocol tells it. */
export interface SlotResidentChange extends ResidentChange {
  readonly slot: number;
}

interface Expected {
  readonly slot: number;
  readonly runs: readonly ResidentChange[];
  readonly modules: readonly string[];
}

const modulesOf = (spec: TaskSpec): string[] =>
  spec.inputs.flatMap((input) => (input.kind === 'module' ? [input.slice.digest] : []));

export class Residents {
  readonly #bySlot = new Map<number, Map<string, ReadonlySet<number>>>();
  /** What an attempt, queued or running, brings along. */
  readonly #expected = new Map<string, Expected>();
  readonly #compiled = new Map<number, Set<string>>();

  apply(slot: number, changes: readonly ResidentChange[]): readonly SlotResidentChange[] {
    const runs = this.#bySlot.get(slot) ?? new Map<string, ReadonlySet<number>>();
    this.#bySlot.set(slot, runs);
    for (const { residentKey, ordinals } of changes) {
      if (ordinals.length === 0) runs.delete(residentKey);
      else runs.set(residentKey, new Set(ordinals));
    }
    return changes.map((change) => ({ slot, ...change }));
  }

  /** The slot's worker is gone; returns what to tell the coordinator. */
  lose(slot: number): readonly SlotResidentChange[] {
    const keys = [...(this.#bySlot.get(slot)?.keys() ?? [])];
    this.#bySlot.delete(slot);
    this.#compiled.delete(slot);
    return keys.map((residentKey) => ({ slot, residentKey, ordinals: [] }));
  }

  /** Everything held, for a coordinator that knows nothing yet. */
  all(): readonly SlotResidentChange[] {
    return [...this.#bySlot].flatMap(([slot, runs]) =>
      [...runs].map(([residentKey, ordinals]) => ({ slot, residentKey, ordinals: [...ordinals] })),
    );
  }

  /** Ordinals of an input's run that the slot neither holds nor will have got from attempts before this one. */
  lacking(slot: number, residentKey: string, ordinals: readonly number[]): readonly number[] {
    const held = new Set(this.#bySlot.get(slot)?.get(residentKey) ?? []);
    for (const expected of this.#expected.values()) {
      if (expected.slot !== slot) continue;
      for (const run of expected.runs) if (run.residentKey === residentKey) for (const o of run.ordinals) held.add(o);
    }
    return ordinals.filter((o) => !held.has(o));
  }

  /** The slot neither has compiled the module nor will have by attempts before this one. */
  lacksModule(slot: number, digest: string): boolean {
    if (this.#compiled.get(slot)?.has(digest)) return false;
    return ![...this.#expected.values()].some((expected) => expected.slot === slot && expected.modules.includes(digest));
  }

  /** The slot has run the task. */
  compiled(slot: number, spec: TaskSpec): void {
    const all = this.#compiled.get(slot) ?? new Set();
    this.#compiled.set(slot, all);
    for (const digest of modulesOf(spec)) all.add(digest);
  }

  expect(attemptId: string, slot: number, spec: TaskSpec): void {
    const runs = spec.inputs.flatMap((input) => residentOf(input) ?? []);
    this.#expected.set(attemptId, { slot, runs, modules: modulesOf(spec) });
  }

  settle(attemptId: string): void {
    this.#expected.delete(attemptId);
  }
}
