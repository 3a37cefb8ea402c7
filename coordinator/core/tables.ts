/**
 * Tables that slots load of relations at level `memory`: what each is made of, and when slots are told to drop them. A relation that was let
 * go leaves nothing loaded, once the jobs are over that read it.
 */
import type { BlockId } from '../../shared/ids.ts';
import { DROPS_PER_COMMAND, TABLES_KNOWN } from './constants.ts';
import { setResident } from './residents.ts';
import type { Core, Slot } from './state.ts';

export interface KeptTable {
  /** Uncompressed. */
  readonly bytes: number;
  readonly blockIds: readonly BlockId[];
}

const PREFIX = 'kept/';

/** `hash`: of its rows. */
export function tableKey(hash: string): string {
  return `${PREFIX}${hash}`;
}

/** A task is about to read it. */
export function knowTable(core: Core, key: string, table: () => KeptTable): void {
  const { tables } = core.keeping;
  if (tables.has(key)) return;
  if (tables.size >= TABLES_KNOWN) forgetUnloaded(core);
  tables.set(key, table());
}

/** It is loaded: of a relation that has been let go meanwhile, or that an earlier coordinator kept. */
export function isStrangeTable(core: Core, key: string): boolean {
  return key.startsWith(PREFIX) && !core.keeping.tables.has(key);
}

export function dropTables(core: Core, { worker, index }: Slot, keys: readonly string[]): void {
  const { sessionId } = worker;
  for (let i = 0; i < keys.length; i += DROPS_PER_COMMAND)
    core.out.push({ type: 'dropResidents', sessionId, slot: index, residentKeys: keys.slice(i, i + DROPS_PER_COMMAND) });
}

/** Call at the end of an event: drops what belongs to no relation any more, and is read by no job. */
export function releaseTables(core: Core): void {
  const { keeping } = core;
  if (!keeping.mayRelease) return;
  keeping.mayRelease = false;
  keeping.isHeldUp = false;
  const going = new Set<string>();
  for (const [key, { blockIds }] of keeping.tables) {
    if (blockIds.every((id) => keeping.loaded.has(id))) continue;
    if (blockIds.some((id) => core.tasks.has(id))) keeping.isHeldUp = true;
    else going.add(key);
  }
  for (const key of going) keeping.tables.delete(key);
  for (const slot of slotsOf(core)) {
    const keys = [...slot.residents.keys()].filter((key) => going.has(key));
    for (const key of keys) setResident(core, slot, key, []);
    dropTables(core, slot, keys);
  }
}

/** Jobs that read tables of a released relation may be over now. */
export function readersChanged(core: Core): void {
  if (core.keeping.isHeldUp) core.keeping.mayRelease = true;
}

/** There were tasks that never ran: of these nothing is loaded. */
function forgetUnloaded(core: Core): void {
  const { tables } = core.keeping;
  const loaded = new Set<string>();
  for (const { residents } of slotsOf(core)) for (const key of residents.keys()) loaded.add(key);
  for (const key of tables.keys()) if (!loaded.has(key)) tables.delete(key);
}

function* slotsOf(core: Core): Generator<Slot> {
  for (const { slots } of core.workers.values()) yield* slots;
}
