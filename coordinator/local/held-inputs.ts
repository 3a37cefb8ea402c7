/** The inputs of a task that reads only what the coordinator holds. */
import type { BlockId } from '../../shared/ids.ts';
import type { TaskSpec } from '../../shared/plan/task.ts';
import type { CodedSlice, SlotInput } from '../../shared/slots/api.ts';
import type { BlockKeeper } from '../sessions/ports.ts';

export interface LostInput {
  readonly ok: false;
  readonly blockId: BlockId;
  readonly why: 'missing' | 'corrupt';
  readonly message: string;
}

export type HeldInputs = LostInput | { readonly ok: true; readonly inputs: readonly SlotInput[]; readonly bytes: number };

/** Parallel to `spec.inputs`; the bytes are copies, since the store's own must not move to another thread. */
export async function readHeldInputs(spec: TaskSpec, blocks: Pick<BlockKeeper, 'readSlice'>): Promise<HeldInputs> {
  const inputs: SlotInput[] = [];
  let bytes = 0;
  for (const input of spec.inputs) {
    const slices: CodedSlice[] = [];
    for (const slice of input.kind === 'slices' ? input.slices : []) {
      const { blockId } = slice;
      const name = `bucket ${slice.bucket} of block ${blockId.slice(0, 12)}`;
      try {
        const kept = await blocks.readSlice(blockId, slice.bucket);
        if (!kept) return { ok: false, blockId, why: 'missing', message: `${name} is no longer on the coordinator` };
        if (kept.digest !== slice.digest) return { ok: false, blockId, why: 'corrupt', message: `${name} has another digest` };
        bytes += kept.bytes.byteLength;
        slices.push({ slice, codec: kept.codec, bytes: new Uint8Array(kept.bytes) });
      } catch (error) {
        return { ok: false, blockId, why: 'corrupt', message: `${name} could not be read: ${(error as Error).message}` };
      }
    }
    inputs.push({ kind: 'slices', slices });
  }
  return { ok: true, inputs, bytes };
}
