/**
 * Inputs of tasks that stay loaded in slots though they are no chunks: slices of relations that are cached at level `memory`. They are
 * named by what they hold, so that later jobs which read the same slices in the same order find the table.
 */
import { sha256Hex } from '../../shared/hash.ts';
import type { PlanColumn } from '../../shared/plan/physical.ts';
import type { Slice } from '../../shared/plan/task.ts';
import type { Pin } from './keeping.ts';
import { slicesOf } from './slices.ts';
import type { Core, Task } from './state.ts';
import { knowTable, tableKey } from './tables.ts';

export interface KeptInput {
  readonly residentKey: string;
  /** Uncompressed; the slot holds all of them or none. */
  readonly bytes: number;
}

/** Counts (1) or no longer counts (-1) what the pin keeps loaded. Call it around every change of a pin. */
export function countLoaded({ keeping }: Core, { level, blocks }: Pick<Pin, 'level' | 'blocks'>, by: 1 | -1): void {
  if (level !== 'memory') return;
  const { loaded } = keeping;
  if (by < 0) keeping.mayRelease = true;
  for (const { id } of new Set(blocks)) {
    const count = (loaded.get(id) ?? 0) + by;
    if (count > 0) loaded.set(id, count);
    else loaded.delete(id);
  }
}

/** Parallel to the task's sources, whose producers must be done; undefined when none of them is to stay loaded. */
export function keptInputs(core: Core, { sources }: Task): Task['kept'] {
  const { loaded } = core.keeping;
  if (loaded.size === 0) return undefined;
  const kept = sources.map((source): KeptInput | null => {
    if (source.kind !== 'group' || source.columns.length === 0) return null;
    const { group, buckets, columns } = source;
    if (group.producers.length === 0 || !group.producers.every(({ blockId }) => loaded.has(blockId))) return null;
    const slices = slicesOf(core, group, buckets);
    const bytes = slices.reduce((sum, slice) => sum + slice.bytes, 0);
    if (bytes < core.limits.keptLoadedBytesMin) return null;
    const residentKey = keptKey(columns, slices);
    knowTable(core, residentKey, () => ({ bytes, blockIds: [...new Set(group.producers.map(({ blockId }) => blockId))] }));
    return { residentKey, bytes };
  });
  return kept.some((input) => input !== null) ? kept : undefined;
}

/** Equal digests in equal order are equal rows, whatever the blocks are called. */
export function keptKey(columns: readonly PlanColumn[], slices: readonly Slice[]): string {
  const named = [columns.map((column) => column.wire), slices.map((slice) => slice.digest)];
  return tableKey(sha256Hex(JSON.stringify(named)));
}
