/** Which slot holds which run of chunks, or which slices of a cached relation, as a loaded table, and what a task would have to load where. */
import { loadMsOf, waitMs } from './speeds.ts';
import type { Core, Slot, Task, TaskSource } from './state.ts';
import { isEligible } from './state.ts';

export function setResident(core: Core, slot: Slot, key: string, ordinals: readonly number[]): void {
  if (ordinals.length === 0) {
    slot.residents.delete(key);
    unindex(core, slot, key);
    return;
  }
  slot.residents.set(key, new Set(ordinals));
  if (!isEligible(slot.worker)) return;
  const slots = core.residents.get(key);
  if (slots) slots.add(slot);
  else core.residents.set(key, new Set([slot]));
}

/** Call after the worker became eligible, or ceased to be. */
export function indexResidents(core: Core, slot: Slot): void {
  for (const [key, ordinals] of [...slot.residents]) {
    if (isEligible(slot.worker)) setResident(core, slot, key, [...ordinals]);
    else unindex(core, slot, key);
  }
}

export function unindex(core: Core, slot: Slot, key: string): void {
  const slots = core.residents.get(key);
  if (!slots) return;
  slots.delete(slot);
  if (slots.size === 0) core.residents.delete(key);
}

/** Is the whole run, with these columns, loaded in a slot that may get leases? */
export function isResidentSomewhere(core: Core, key: string, ordinals: readonly number[]): boolean {
  for (const slot of core.residents.get(key) ?? []) {
    const held = slot.residents.get(key);
    if (held && ordinals.every((o) => held.has(o))) return true;
  }
  return false;
}

type Chunks = Extract<TaskSource, { readonly kind: 'chunks' }>;

/** What a task reads that slots keep loaded, a source each. */
interface Loadable {
  readonly residentKey: string;
  readonly bytes: number;
  /** It decides where the task runs. */
  readonly draws: boolean;
  missingIn(slot: Slot): number;
}

function* loadables({ sources, kept, inputBytes }: Task): Generator<Loadable> {
  for (const [i, source] of sources.entries()) {
    const input = kept?.[i];
    if (source.kind === 'chunks') {
      const { residentKey, bytes } = source;
      yield { residentKey, bytes, draws: true, missingIn: (slot) => missingOf(source, residentKey, slot) };
    } else if (input) {
      const { residentKey, bytes } = input;
      // What many tasks read besides something larger of their own, as one side of a join, would draw all of them to one slot.
      const draws = bytes * 2 >= inputBytes;
      yield { residentKey, bytes, draws, missingIn: (slot) => (slot.residents.has(residentKey) ? 0 : bytes) };
    }
  }
}

function missingOf(source: Chunks, residentKey: string, slot: Slot): number {
  const held = slot.residents.get(residentKey);
  if (!held) return source.bytes;
  let bytes = 0;
  for (const column of source.run.columns) {
    if (held.has(column.ordinal)) continue;
    for (const slice of column.slices) bytes += slice.bytes;
  }
  return bytes;
}

/** Bytes that the slot would have to load to run the task, of what then stays loaded. */
export function bytesToLoad(task: Task, slot: Slot): number {
  let bytes = 0;
  for (const input of loadables(task)) bytes += input.missingIn(slot);
  return bytes;
}

export function loadMs(task: Task, slot: Slot): number {
  return loadMsOf(slot.worker, bytesToLoad(task, slot));
}

/** The slot, among those that hold part of the task's biggest input that stays loaded, where it would wait and load least. */
export function homeOf(core: Core, task: Task): Slot | undefined {
  // Nothing is loaded anywhere.
  if (core.residents.size === 0) return undefined;
  let biggest: Loadable | undefined;
  for (const input of loadables(task)) if (input.draws && input.bytes > (biggest?.bytes ?? 0)) biggest = input;
  if (!biggest) return undefined;
  let home: Slot | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const slot of core.residents.get(biggest.residentKey) ?? []) {
    if (biggest.missingIn(slot) >= biggest.bytes || task.avoid.includes(slot.worker.workerId)) continue;
    const cost = loadMs(task, slot) + waitMs(core, slot);
    if (cost < least) {
      home = slot;
      least = cost;
    }
  }
  return home;
}
