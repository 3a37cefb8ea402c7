/** poll_oneoff: nobody ever waits. A wait for a time moves the virtual clock there; the standard streams are always ready. */
import type { VirtualClock } from '../../shared/guest/determinism.ts';
import { isClock, REALTIME_CLOCK } from './clocks.ts';
import { ERRNO } from './errno.ts';
import type { GuestMemory } from './guest-memory.ts';

const SUBSCRIPTION_BYTES = 48;
const EVENT_BYTES = 32;
const CLOCK = 0;
const READY_BYTES = 65_536n;
const MAX_SUBSCRIPTIONS = 4_096;

interface Subscription {
  readonly at: number;
  readonly kind: number;
  readonly error: number;
  /** Nanoseconds from now; for clocks. */
  readonly wait: bigint;
}

function readSubscription(memory: GuestMemory, clock: VirtualClock, at: number): Subscription {
  const kind = memory.view.getUint8(at + 8);
  if (kind !== CLOCK) {
    const fd = memory.view.getUint32(at + 16, true);
    return { at, kind, error: kind > 2 ? ERRNO.inval : fd > 2 ? ERRNO.badf : ERRNO.success, wait: 0n };
  }
  const id = memory.view.getUint32(at + 16, true);
  if (!isClock(id)) return { at, kind, error: ERRNO.inval, wait: 0n };
  const time = memory.view.getBigUint64(at + 24, true);
  const absolute = (memory.view.getUint16(at + 40, true) & 1) === 1;
  const wait = absolute ? time - clock.read(id === REALTIME_CLOCK) : time;
  return { at, kind, error: ERRNO.success, wait: wait > 0n ? wait : 0n };
}

export function pollOneoff(
  memory: GuestMemory,
  clock: VirtualClock,
  subscriptions: number,
  events: number,
  count: number,
  eventsOut: number,
): number {
  if (count === 0 || count > MAX_SUBSCRIPTIONS) return ERRNO.inval;
  if (!memory.holds(subscriptions, count * SUBSCRIPTION_BYTES) || !memory.holds(events, count * EVENT_BYTES)) return ERRNO.fault;
  if (!memory.holds(eventsOut, 4)) return ERRNO.fault;
  const all = Array.from({ length: count }, (_, i) => readSubscription(memory, clock, subscriptions + i * SUBSCRIPTION_BYTES));
  let ready = all.filter((s) => s.kind !== CLOCK || s.error !== ERRNO.success);
  if (ready.length === 0) {
    let wait = all[0]?.wait ?? 0n;
    for (const s of all) if (s.wait < wait) wait = s.wait;
    clock.advance(wait);
    ready = all.filter((s) => s.wait <= wait);
  }
  // Read before the first event is written: a guest may let the two lists overlap.
  const told = ready.map((s) => ({ ...s, user: memory.view.getBigUint64(s.at, true) }));
  told.forEach((s, i) => {
    const at = events + i * EVENT_BYTES;
    memory.bytes.fill(0, at, at + EVENT_BYTES);
    memory.view.setBigUint64(at, s.user, true);
    memory.view.setUint16(at + 8, s.error, true);
    memory.view.setUint8(at + 10, s.kind);
    if (s.kind !== CLOCK && s.error === ERRNO.success) memory.view.setBigUint64(at + 16, READY_BYTES, true);
  });
  memory.view.setUint32(eventsOut, told.length, true);
  return ERRNO.success;
}
