/**
 * A relation's identity for the cache: equal where its author says the same over the same data, whatever else is in the plan and however
 * many slots there are. So it is taken from the relation as it was said, before anything is merged or pushed into it.
 */
import { sha256Hex } from '../../../shared/hash.ts';
import { type LogicalNode, SharedPlan } from '../logical.ts';

export class RelationKeys {
  readonly #keys = new Map<SharedPlan, string>();
  readonly #versionOf: (table: string) => string;

  /** `versionOf`: the version of the dataset behind a scan's handle. */
  constructor(versionOf: (table: string) => string) {
    this.#versionOf = versionOf;
  }

  /** Call when the relation is made; later rewrites change it. */
  note(shared: SharedPlan): void {
    this.#keyOf(shared);
  }

  of(shared: SharedPlan): string {
    return this.#keyOf(shared);
  }

  #keyOf(shared: SharedPlan): string {
    const known = this.#keys.get(shared);
    if (known !== undefined) return known;
    const key = sha256Hex(this.#text(shared.plan));
    this.#keys.set(shared, key);
    return key;
  }

  /** Nodes are plain data, made by the same code for the same question; only handles and shared plans mean nothing by themselves. */
  #text(node: LogicalNode): string {
    return JSON.stringify(node, (_name, value: unknown) => {
      if (value instanceof SharedPlan) return { relation: this.#keyOf(value) };
      if (typeof value === 'bigint') return { bigint: String(value) };
      if (isScan(value)) return { ...value, op: 'scan of', table: this.#versionOf(value.table) };
      return value;
    });
  }
}

function isScan(value: unknown): value is Extract<LogicalNode, { op: 'scan' }> {
  return typeof value === 'object' && value !== null && 'op' in value && value.op === 'scan' && 'table' in value;
}
