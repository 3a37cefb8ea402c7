/** What the page knows and what the volunteer can ask of it. */
import { signal } from '@preact/signals';
import { takeToken } from '../ui/token.ts';
import { defaultSlots, readDevice } from './device.ts';
import { type GridHandle, type GridSnapshot, join } from './grid.ts';

export type Phase =
  | { readonly kind: 'consent'; readonly problem?: string }
  | { readonly kind: 'joining' }
  | { readonly kind: 'joined' }
  /** By the volunteer's own wish; takes as long as handing tasks back and deleting blocks do. */
  | { readonly kind: 'leaving'; readonly deletesBlocks: boolean }
  | { readonly kind: 'left'; readonly deletedBlocks: boolean; readonly problem?: string };

export const device = readDevice();
export const phase = signal<Phase>({ kind: 'consent' });
export const snapshot = signal<GridSnapshot | undefined>(undefined);
export const slots = signal(defaultSlots(device));
export const share = signal(0.5);

const token = takeToken('volunteer');
let handle: GridHandle | undefined;

/** Called from the click on the join button and from nowhere else. */
export async function agreeAndJoin(): Promise<void> {
  if (phase.value.kind === 'joining' || phase.value.kind === 'joined') return;
  phase.value = { kind: 'joining' };
  snapshot.value = undefined;
  try {
    handle = await join({
      slots: slots.value,
      share: share.value,
      ...(token === undefined ? {} : { token }),
      onChange: (next) => {
        snapshot.value = next;
      },
    });
    phase.value = { kind: 'joined' };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    phase.value = { kind: 'consent', problem: why };
  }
}

export function setSlots(n: number): void {
  slots.value = n;
  handle?.setSlots(n);
}

export function setShare(part: number): void {
  share.value = part;
  handle?.setShare(part);
}

export function pause(): void {
  handle?.pause();
}

export function finishThenPause(): void {
  handle?.finishThenPause();
}

export function resume(): void {
  handle?.resume();
}

export async function leave(deleteBlocks: boolean): Promise<void> {
  const leaving = handle;
  if (leaving === undefined) return;
  handle = undefined;
  phase.value = { kind: 'leaving', deletesBlocks: deleteBlocks };
  try {
    await leaving.leave({ deleteBlocks });
    phase.value = { kind: 'left', deletedBlocks: deleteBlocks };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    phase.value = { kind: 'left', deletedBlocks: false, problem };
  }
}
