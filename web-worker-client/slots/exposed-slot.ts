/** A slot as comlink shows it to another thread: results are transferred, not copied. */
import { transfer } from 'comlink';
import type { SlotApi, SlotOutcome } from './api.ts';
import type { SlotRuntime } from './bindings.ts';
import { Slot } from './slot.ts';

export function exposedSlot(runtime: SlotRuntime): SlotApi {
  const slot = new Slot(runtime);
  return {
    boot: (options) => slot.boot(options),
    run: async (task) => {
      const outcome = await slot.run(task);
      return transfer(outcome, outcomeBuffers(outcome));
    },
    cancel: (attemptId, why) => slot.cancel(attemptId, why),
    setShare: (share) => slot.setShare(share),
    dropResidents: (residentKeys) => slot.dropResidents(residentKeys),
  };
}

function outcomeBuffers(outcome: SlotOutcome): ArrayBuffer[] {
  if (outcome.kind !== 'succeeded') return [];
  return outcome.streams.flatMap((s) => (s.buffer instanceof ArrayBuffer ? [s.buffer] : []));
}
