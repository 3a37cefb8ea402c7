/** From a task's inputs to the slices that its slot lacks, and from those to what the slot is given. */
import type { Slice, TaskInput, TaskSpec } from '../../shared/plan/task.ts';
import type { CodedSlice, ResidentChange, SlotInput } from '../slots/api.ts';
import { sliceKey, type WantedSlice } from './slice-source.ts';

/**
 * Per input of the task: the ordinals to hand over, and [] for a module, or for slices that stay loaded, where the slot has it;
 * undefined: all of it.
 */
export type NeededOrdinals = readonly (readonly number[] | undefined)[];

/** What is asked about a slot, once when the lease comes. */
export interface SlotLacks {
  readonly columns: (residentKey: string, ordinals: readonly number[]) => readonly number[];
  readonly module: (digest: string) => boolean;
}

export function neededOrdinals(spec: TaskSpec, lacks: SlotLacks): NeededOrdinals {
  return spec.inputs.map((input) => {
    if (input.kind === 'module') return lacks.module(input.slice.digest) ? undefined : [];
    const resident = residentOf(input);
    return resident && lacks.columns(resident.residentKey, resident.ordinals);
  });
}

/** The table that the input is in its slot, where it stays there. */
export function residentOf(input: TaskInput): ResidentChange | undefined {
  if (input.kind === 'chunks') return { residentKey: input.run.residentKey, ordinals: input.run.columns.map((c) => c.ordinal) };
  if (input.kind !== 'slices' || input.residentKey === undefined) return undefined;
  return { residentKey: input.residentKey, ordinals: input.columns.map((_, i) => i) };
}

/** What to fetch on top, after the slot said what it lacks. */
export function withLacking(
  spec: TaskSpec,
  needed: NeededOrdinals,
  lacking: readonly { readonly input: number; readonly ordinals: readonly number[] }[],
): NeededOrdinals {
  return needed.map((ordinals, index) => {
    const told = lacking.filter((l) => l.input === index);
    if (told.length > 0 && spec.inputs[index]?.kind === 'module') return undefined;
    const more = told.flatMap((l) => l.ordinals);
    return ordinals && [...new Set([...ordinals, ...more])];
  });
}

export function wantedSlices(spec: TaskSpec, needed: NeededOrdinals): readonly WantedSlice[] {
  return spec.inputs.flatMap((input, index) => slicesOf(input, needed[index]));
}

/** All slices of an input, whatever the slot has of it. */
export function wholeSlices(input: TaskInput): readonly Slice[] {
  if (input.kind === 'module') return [input.slice];
  return input.kind === 'slices' ? input.slices : input.run.columns.flatMap((column) => column.slices);
}

function slicesOf(input: TaskInput, ordinals: readonly number[] | undefined): readonly WantedSlice[] {
  // Slices have all columns: the slot lacks all of them or none.
  if (input.kind === 'slices') return ordinals?.length === 0 ? [] : input.slices.map((slice) => ({ slice }));
  if (input.kind === 'module') return ordinals ? [] : [{ slice: input.slice, chunkRows: 0 }];
  const { columns, chunkRows } = input.run;
  return columns
    .filter((column) => ordinals?.includes(column.ordinal))
    .flatMap((column) => column.slices.map((slice, i) => ({ slice, chunkRows: chunkRows[i] ?? 0 })));
}

/**
 * Parallel to `spec.inputs`. Each CodedSlice is handed over once: the same slice in two inputs gets a copy of its bytes.
 * Undefined when a slice is not in `coded`.
 */
export function slotInputs(
  spec: TaskSpec,
  needed: NeededOrdinals,
  coded: ReadonlyMap<string, CodedSlice>,
): readonly SlotInput[] | undefined {
  const used = new Set<string>();
  let complete = true;
  const take = (want: WantedSlice): CodedSlice[] => {
    const key = sliceKey(want.slice);
    const found = coded.get(key);
    if (!found) {
      complete = false;
      return [];
    }
    const bytes = used.has(key) ? found.bytes.slice() : found.bytes;
    used.add(key);
    return [{ ...found, slice: want.slice, bytes }];
  };
  const inputs = spec.inputs.map((input, index): SlotInput => {
    if (input.kind === 'slices') return { kind: 'slices', slices: slicesOf(input, needed[index]).flatMap(take) };
    if (input.kind === 'module') return { kind: 'module', slices: slicesOf(input, needed[index]).flatMap(take) };
    const ordinals = (needed[index] ?? []).filter((o) => input.run.columns.some((c) => c.ordinal === o));
    const columns = ordinals.map((ordinal) => ({ ordinal, chunks: slicesOf(input, [ordinal]).flatMap(take) }));
    return { kind: 'chunks', columns };
  });
  return complete ? inputs : undefined;
}
