import { expect, it } from 'vitest';
import type { AttemptPoint } from '../../sessions/breakpoints.ts';
import { Closer } from './closer.ts';

const point = (workerId: string, stage: number) => ({ workerId, stage }) as unknown as AttemptPoint & { inline: boolean };

it('closes a sole holder, not the one that runs the next stage, once', async () => {
  const killed: string[] = [];
  const closer = new Closer(async (id) => void killed.push(id));
  closer.arm();
  await closer.breakpoints.beforeLease?.(point('w-1', 0));
  await closer.breakpoints.afterAccept?.({ ...point('w-1', 0), inline: false });
  await closer.breakpoints.afterAccept?.({ ...point('w-2', 0), inline: false });
  await closer.breakpoints.afterAccept?.({ ...point('w-2', 0), inline: false });
  await closer.breakpoints.beforeLease?.(point('w-1', 1));
  await closer.breakpoints.beforeLease?.(point('w-1', 1));
  expect(killed).toEqual(['w-2']);
  expect(closer.disarm()).toEqual({ workerId: 'w-2', stage: 0, blocks: 2 });
});

it('closes nobody when all output rode along, or when it is not armed', async () => {
  const closer = new Closer(async () => expect.unreachable());
  await closer.breakpoints.afterAccept?.({ ...point('w-2', 0), inline: false });
  await closer.breakpoints.beforeLease?.(point('w-1', 1));
  closer.arm();
  await closer.breakpoints.afterAccept?.({ ...point('w-2', 0), inline: true });
  await closer.breakpoints.beforeLease?.(point('w-1', 1));
  expect(closer.disarm()).toBeUndefined();
});
