import type { Core } from './state.ts';
export function checkCore(_core: Core): void {}
