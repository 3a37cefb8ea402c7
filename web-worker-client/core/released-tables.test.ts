import { expect, test } from 'vitest';
import type { TabCommand } from './commands.ts';
import { TabCore } from './tab-core.ts';

const traits = { slots: 2, visibility: 'visible', share: 0.5, memoryPerSlotBytes: 1 << 28 } as const;

test('tables that were released go from their slot, by the word of this session alone', () => {
  const core = new TabCore({ traits, random: () => 0.5 });
  core.handle({ type: 'joinRequested' }, 0);
  core.handle({ type: 'socketOpened', epoch: 1 }, 0);
  core.handle({ type: 'welcomed', epoch: 1, workerId: 'w-1', heartbeatMs: 2000, returning: true }, 0);
  const released = (epoch: number, slot: number): readonly TabCommand[] =>
    core.handle({ type: 'residentsReleased', epoch, slot, residentKeys: ['kept/k'] }, 0);
  expect(released(1, 1)).toEqual([{ type: 'dropResidents', slot: 1, residentKeys: ['kept/k'] }]);
  expect(released(0, 1)).toEqual([]);
});
