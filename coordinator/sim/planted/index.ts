import type { Plant } from '../plant.ts';

export const PLANTS: readonly Plant[] = [];
