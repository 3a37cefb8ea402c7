import type { Core } from './state.ts';
export interface Snapshot {
  readonly v: 1;
}
export function snapshotOf(_core: Core): Snapshot {
  return { v: 1 };
}
export function restoreCore(_core: Core, _s: Snapshot): void {}
