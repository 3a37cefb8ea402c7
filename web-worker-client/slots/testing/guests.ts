/** For tests of slots: guest steps with little writing. */
import type { GuestCode, GuestStep } from '../../../shared/plan/physical.ts';
import type { SlotOutcome } from '../api.ts';
import { named } from './tasks.ts';

export const batch = (name: string, more: Partial<Extract<GuestCode, { kind: 'batch' }>> = {}): GuestCode => ({
  kind: 'batch',
  module: 0,
  function: name,
  ...more,
});
export const script = (source: string): GuestCode => ({ kind: 'script', source, function: 'f' });
/** A guest step without its kind. */
export const step = (rest: Omit<GuestStep, 'kind'>): GuestStep => ({ kind: 'guest', ...rest });

/** The example map.ts over one column, x. */
export const SQUARE = (sql: string): GuestStep =>
  step({
    action: 'map',
    code: batch('square'),
    rows: { sql, columns: named(['x', 'DOUBLE']) },
    output: named(['x', 'DOUBLE'], ['square', 'DOUBLE']),
  });

export function failureOf(outcome: SlotOutcome) {
  if (outcome.kind !== 'failed') throw new Error(JSON.stringify(outcome));
  return { ...outcome.failure, broken: outcome.broken };
}
