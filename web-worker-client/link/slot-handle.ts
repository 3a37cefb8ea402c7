/** The owner of a slot worker in this tab: inputs go to the slot without being copied. */
import { transfer } from 'comlink';
import { SlotHandle as AnySlotHandle, type SlotHandleOptions } from '../../shared/slots/slot-handle.ts';
import type { SlotTask } from '../slots/api.ts';

export class SlotHandle extends AnySlotHandle {
  constructor(options: SlotHandleOptions) {
    super({ ...options, giveAway: (task) => transfer(task, buffersOf(task)) });
  }
}

/** Every buffer of the task's inputs, once. */
function buffersOf(task: SlotTask): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const input of task.inputs) {
    const coded = input.kind !== 'chunks' ? input.slices : input.columns.flatMap((c) => c.chunks);
    for (const { bytes } of coded) if (bytes.buffer instanceof ArrayBuffer) buffers.add(bytes.buffer);
  }
  return [...buffers];
}
