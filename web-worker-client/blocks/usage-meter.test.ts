import { expect, test } from 'vitest';
import type { StoreUsage } from './block-cache.ts';
import { UsageMeter } from './usage-meter.ts';

function told(cap: number, outputs: readonly number[]): readonly number[] {
  const meter = new UsageMeter({ outputBytes: 0, capBytes: cap });
  const all: StoreUsage[] = [];
  meter.listen((usage) => all.push(usage));
  for (const outputBytes of outputs) meter.note({ outputBytes, capBytes: cap });
  return all.map((usage) => usage.outputBytes);
}

test('only a change by 5 % of the cap is told, counted from what was told last', () => {
  expect(told(1000, [10, 20, 49])).toEqual([]);
  expect(told(1000, [49, 50, 99, 100, 60, 50])).toEqual([50, 100, 50]);
});

test('passing the cap is told at once, in both directions', () => {
  expect(told(1000, [990, 1000, 1001, 1010, 1000, 999])).toEqual([990, 1001, 1000]);
});

test('another cap is told, and the same usage never twice', () => {
  const meter = new UsageMeter({ outputBytes: 0, capBytes: 1000 });
  const all: StoreUsage[] = [];
  meter.listen((usage) => all.push(usage));
  meter.note({ outputBytes: 0, capBytes: 500 });
  meter.note({ outputBytes: 0, capBytes: 500 });
  expect(all).toEqual([{ outputBytes: 0, capBytes: 500 }]);
});
