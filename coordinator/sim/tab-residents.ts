/** The tables that a tab's slots hold: runs of chunks by their columns, and slices that stay loaded with their bytes. */
import type { TaskInput } from '../../shared/plan/task.ts';
import type { Bytes } from './engine.ts';
import { bucketKey } from './engine.ts';

interface Table {
  readonly ordinals: readonly number[];
  readonly bytes: ReadonlyMap<string, Bytes>;
}

export interface ResidentChange {
  readonly slot: number;
  readonly residentKey: string;
  readonly ordinals: number[];
}

export class TabResidents {
  readonly #slots = new Map<number, Map<string, Table>>();

  /** The bytes of slices that stay loaded in the slot; undefined: they have to be fetched. */
  bytesOf(slot: number, input: Extract<TaskInput, { kind: 'slices' }>): ReadonlyMap<string, Bytes> | undefined {
    const { residentKey } = input;
    return residentKey === undefined ? undefined : this.#slots.get(slot)?.get(residentKey)?.bytes;
  }

  /** The task ran in the slot: what it leaves loaded, as the coordinator is told. */
  load(slot: number, inputs: readonly TaskInput[], bytes: ReadonlyMap<string, Bytes>): ResidentChange[] {
    const tables = this.#slots.get(slot) ?? new Map<string, Table>();
    this.#slots.set(slot, tables);
    const changes: ResidentChange[] = [];
    for (const input of inputs) {
      const table = tableOf(input, bytes);
      if (!table) continue;
      const { residentKey, ordinals } = table;
      const known = tables.get(residentKey);
      if (known && ordinals.every((ordinal) => known.ordinals.includes(ordinal))) continue;
      const all = [...new Set([...(known?.ordinals ?? []), ...ordinals])];
      tables.set(residentKey, { ordinals: all, bytes: table.bytes });
      changes.push({ slot, residentKey, ordinals: all });
    }
    return changes;
  }

  /** The slot drops one table, or all. */
  drop(slot: number, which?: number): ResidentChange[] {
    const tables = this.#slots.get(slot);
    const keys = [...(tables?.keys() ?? [])];
    const going = which === undefined ? keys : keys.slice(which % Math.max(1, keys.length)).slice(0, 1);
    return this.dropNamed(slot, going);
  }

  dropNamed(slot: number, residentKeys: readonly string[]): ResidentChange[] {
    const dropped = residentKeys.filter((key) => this.#slots.get(slot)?.delete(key));
    return dropped.map((residentKey) => ({ slot, residentKey, ordinals: [] }));
  }

  all(): ResidentChange[] {
    return [...this.#slots].flatMap(([slot, tables]) =>
      [...tables].map(([residentKey, { ordinals }]) => ({ slot, residentKey, ordinals: [...ordinals] })),
    );
  }
}

function tableOf(
  input: TaskInput,
  bytes: ReadonlyMap<string, Bytes>,
): { readonly residentKey: string; readonly ordinals: number[]; readonly bytes: ReadonlyMap<string, Bytes> } | undefined {
  if (input.kind === 'chunks') {
    if (input.run.chunkRows.length === 0) return undefined;
    return { residentKey: input.run.residentKey, ordinals: input.run.columns.map((c) => c.ordinal), bytes: new Map() };
  }
  if (input.kind !== 'slices' || input.residentKey === undefined) return undefined;
  const kept = new Map<string, Bytes>();
  for (const { blockId, bucket } of input.slices) {
    const key = bucketKey(blockId, bucket);
    const found = bytes.get(key);
    if (found) kept.set(key, found);
  }
  return { residentKey: input.residentKey, ordinals: input.columns.map((_, i) => i), bytes: kept };
}
