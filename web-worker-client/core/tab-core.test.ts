import { expect, test } from 'vitest';
import { CLOSE } from '../../shared/protocol/version.ts';
import type { TabCommand } from './commands.ts';
import { backoffMs, HAND_OVER_MS } from './connection.ts';
import type { TabEvent } from './events.ts';
import { TabCore } from './tab-core.ts';

const traits = { slots: 2, visibility: 'visible', share: 0.5, memoryPerSlotBytes: 1 << 28 } as const;

class Tab {
  readonly core = new TabCore({ traits, random: () => 0.5 });
  atMs = 0;

  /** Commands but for log lines. */
  tell(event: TabEvent, afterMs = 0): readonly TabCommand[] {
    this.atMs += afterMs;
    return this.core.handle(event, this.atMs).filter((c) => c.type !== 'log');
  }

  types(event: TabEvent, afterMs = 0): readonly string[] {
    return this.tell(event, afterMs).map((c) => {
      if (c.type === 'send') return `send ${c.message.type}`;
      return 'attemptId' in c ? `${c.type} ${c.attemptId}` : c.type;
    });
  }

  join(epoch = 1): this {
    if (epoch === 1) this.tell({ type: 'joinRequested' });
    this.tell({ type: 'socketOpened', epoch });
    this.tell({ type: 'welcomed', epoch, workerId: 'w-1', heartbeatMs: 2000, returning: true });
    return this;
  }

  lease(attemptId: string, slot = 0, epoch = 1, blockId = `block of ${attemptId}`): readonly string[] {
    return this.types({ type: 'leased', epoch, attemptId, slot, blockId, title: `task ${attemptId}` });
  }

  runs(attemptId: string, slot = 0): this {
    this.lease(attemptId, slot);
    this.tell({ type: 'inputsFetched', attemptId });
    return this;
  }
}

const done = (attemptId: string): TabEvent => ({
  type: 'attemptEnded',
  attemptId,
  ending: { how: 'succeeded', rows: 5, cpuMs: 20 },
});
const released = (attemptId: string): TabEvent => ({
  type: 'attemptEnded',
  attemptId,
  ending: { how: 'failed', cpuMs: 30, reason: 'released', message: 'stopped' },
});

test('connects, says hello, joins, beats', () => {
  const tab = new Tab();
  expect(tab.types({ type: 'joinRequested' })).toEqual(['openSocket']);
  expect(tab.tell({ type: 'socketOpened', epoch: 1 })).toEqual([
    { type: 'sendHello', epoch: 1, traits: { ...traits, paused: false } },
  ]);
  expect(tab.types({ type: 'welcomed', epoch: 1, workerId: 'w-1', heartbeatMs: 2000, returning: true })).toEqual([
    'beginSession',
  ]);
  expect(tab.core.view()).toMatchObject({ state: 'idle', workerId: 'w-1' });
  expect(tab.core.nextDeadlineMs()).toBe(2000);
  tab.lease('a');
  expect(tab.tell({ type: 'timePassed' }, 2000)).toEqual([
    { type: 'send', message: { type: 'heartbeat', seq: 1, running: ['a'] } },
  ]);
});

test('one attempt of a slot runs while the next one fetches, in the order of leases', () => {
  const tab = new Tab().join();
  expect(tab.lease('a')).toEqual(['fetchInputs a']);
  expect(tab.lease('b')).toEqual(['fetchInputs b']);
  expect(tab.types({ type: 'inputsFetched', attemptId: 'b' })).toEqual(['runAttempt b']);
  expect(tab.types({ type: 'inputsFetched', attemptId: 'a' })).toEqual([]);
  expect(tab.lease('c', 1)).toEqual(['fetchInputs c']);
  expect(tab.types({ type: 'inputsFetched', attemptId: 'c' })).toEqual(['runAttempt c']);
  expect(tab.types(done('b'))).toEqual(['report b', 'runAttempt a']);
  expect(tab.core.view().contribution).toEqual({ tasks: 1, rows: 5, cpuSeconds: 0.02 });
});

test('pause hands everything back at once and discards what still comes', () => {
  const tab = new Tab().join();
  tab.lease('a');
  tab.types({ type: 'inputsFetched', attemptId: 'a' });
  tab.lease('b');
  expect(tab.types({ type: 'paused', by: 'volunteer' })).toEqual([
    'send traitsChanged',
    'handBack a',
    'stopAttempt a',
    'handBack b',
    'forgetAttempt b',
  ]);
  expect(tab.lease('c')).toEqual(['handBack c', 'forgetAttempt c']);
  expect(tab.types(done('a'))).toEqual(['discard a']);
  expect(tab.core.view().state).toBe('paused');
  expect(tab.types({ type: 'paused', by: 'battery' })).toEqual([]);
  expect(tab.types({ type: 'resumed', by: 'volunteer' })).toEqual([]);
  expect(tab.core.view().words).toMatch(/battery/);
  expect(tab.types({ type: 'resumed', by: 'battery' })).toEqual(['send traitsChanged']);
});

test('finish-then-pause keeps what runs, hands back what waits, then pauses', () => {
  const tab = new Tab().join();
  tab.lease('a');
  tab.types({ type: 'inputsFetched', attemptId: 'a' });
  tab.lease('b');
  expect(tab.types({ type: 'finishThenPauseRequested' })).toEqual(['send traitsChanged', 'handBack b', 'forgetAttempt b']);
  expect(tab.core.view().state).toBe('draining');
  expect(tab.types(done('a'))).toEqual(['report a']);
  expect(tab.core.view().state).toBe('paused');
  expect(tab.types({ type: 'resumed', by: 'volunteer' })).toEqual(['send traitsChanged']);
});

test('drain from the coordinator lets everything leased finish and takes no more', () => {
  const tab = new Tab().join();
  tab.lease('a');
  tab.types({ type: 'drained', epoch: 1 });
  expect(tab.lease('b')).toEqual(['handBack b', 'forgetAttempt b']);
  expect(tab.types({ type: 'inputsFetched', attemptId: 'a' })).toEqual(['runAttempt a']);
  expect(tab.types(done('a'))).toEqual(['report a']);
  expect(tab.core.view().state).toBe('draining');
});

test('a cancel ends what runs and reports it; one that comes late changes nothing', () => {
  const tab = new Tab().join();
  tab.lease('a');
  tab.types({ type: 'inputsFetched', attemptId: 'a' });
  expect(tab.types({ type: 'attemptCancelled', epoch: 1, attemptId: 'a', why: 'job cancelled' })).toEqual(['stopAttempt a']);
  expect(tab.types(released('a'))).toEqual(['report a']);
  expect(tab.types({ type: 'attemptCancelled', epoch: 1, attemptId: 'a', why: 'again' })).toEqual([]);
  tab.lease('b');
  expect(tab.types({ type: 'attemptCancelled', epoch: 1, attemptId: 'b', why: 'job cancelled' })).toEqual([
    'handBack b',
    'forgetAttempt b',
  ]);
});

test('a lost connection: what waits is forgotten, what runs goes on and is told late, the old socket is ignored', () => {
  const tab = new Tab().join().runs('a');
  tab.lease('b');
  expect(tab.types({ type: 'socketClosed', epoch: 1, code: 1006, reason: '' })).toEqual(['endSession', 'forgetAttempt b']);
  expect(tab.core.nextDeadlineMs()).toBe(backoffMs(0, 1006, 0.5));
  expect(tab.types({ type: 'timePassed' }, 375)).toEqual(['openSocket']);
  expect(tab.types({ type: 'socketClosed', epoch: 1, code: 1006, reason: '' })).toEqual([]);
  expect(tab.lease('c', 0, 1)).toEqual(['forgetAttempt c']);
  tab.join(2);
  // The coordinator does not hear of it by heartbeats, and may fill the slot.
  expect(tab.tell({ type: 'timePassed' }, 2000)).toEqual([{ type: 'send', message: { type: 'heartbeat', seq: 1, running: [] } }]);
  tab.lease('d', 0, 2);
  expect(tab.types({ type: 'inputsFetched', attemptId: 'd' })).toEqual([]);
  expect(tab.types(done('a'))).toEqual(['reportLate a', 'runAttempt d']);
  expect(tab.core.view().contribution.tasks).toBe(0);
});

test('an attempt that ends while there is no connection is told late, a failed one not at all', () => {
  const tab = new Tab().join().runs('a').runs('b', 1);
  tab.types({ type: 'socketClosed', epoch: 1, code: 1006, reason: '' });
  expect(tab.types(done('a'))).toEqual(['reportLate a']);
  expect(
    tab.types({ type: 'attemptEnded', attemptId: 'b', ending: { how: 'failed', cpuMs: 0, reason: 'resource', message: 'm' } }),
  ).toEqual(['discard b']);
});

test('a task that is leased anew while it still runs here takes the outcome of that run', () => {
  const tab = new Tab().join().runs('a').runs('b', 1);
  tab.types({ type: 'socketClosed', epoch: 1, code: 1006, reason: '' });
  tab.types({ type: 'wokenUp' });
  tab.join(2);
  expect(tab.lease('c', 1, 2, 'block of a')).toEqual([]);
  expect(tab.types(done('a'))).toEqual(['takeOutcome c', 'report c', 'discard a']);
  expect(tab.core.view().contribution.tasks).toBe(1);
  // Where that run fails, it is run for itself.
  expect(tab.lease('d', 1, 2, 'block of b')).toEqual([]);
  expect(tab.types(released('b'))).toEqual(['discard b', 'fetchInputs d']);
  expect(tab.types({ type: 'inputsFetched', attemptId: 'd' })).toEqual(['runAttempt d']);
});

test('a run without a lease makes way after a while, and at once for a pause or another coordinator', () => {
  const lost = (): Tab => {
    const tab = new Tab().join().runs('a');
    tab.types({ type: 'socketClosed', epoch: 1, code: 1006, reason: '' });
    tab.types({ type: 'wokenUp' });
    return tab;
  };
  const tab = lost().join(2);
  tab.lease('b', 0, 2);
  tab.types({ type: 'inputsFetched', attemptId: 'b' });
  for (let ms = 0; ms < 8000; ms += 2000) {
    expect(tab.types({ type: 'timePassed' }, 2000)).toEqual(['send heartbeat']);
    tab.types({ type: 'heartbeatSeen', epoch: 2, seq: 1 });
  }
  expect(tab.types({ type: 'timePassed' }, 2000)).toEqual(['stopAttempt a', 'send heartbeat']);
  expect(tab.types(released('a'))).toEqual(['discard a', 'runAttempt b']);

  expect(lost().types({ type: 'paused', by: 'volunteer' })).toEqual(['stopAttempt a']);
  const other = lost();
  other.tell({ type: 'socketOpened', epoch: 2 });
  const welcome = { type: 'welcomed', epoch: 2, workerId: 'w-1', heartbeatMs: 2000, returning: false } as const;
  expect(other.types(welcome)).toEqual(['stopAttempt a', 'beginSession']);
});

test('a tab that slept knows at once that its session is dead, whatever message is found first', () => {
  const tab = new Tab().join().runs('a');
  expect(tab.types({ type: 'heartbeatSeen', epoch: 1, seq: 1 }, 60_000)).toEqual(['closeSocket', 'endSession']);
  expect(tab.types({ type: 'wokenUp' })).toEqual(['openSocket']);
  expect(tab.types(done('a'))).toEqual(['reportLate a']);
});

test('a lease that was sent before the tab slept is forgotten by its shell, which has noted it already', () => {
  const tab = new Tab().join().runs('a');
  const late = { type: 'leased', epoch: 1, attemptId: 'b', slot: 1, blockId: 'block of b', title: 'task b' } as const;
  expect(tab.types(late, 60_000)).toEqual(['closeSocket', 'endSession', 'forgetAttempt b']);
  // It came once before, and runs on as an orphan.
  expect(tab.types({ ...late, attemptId: 'a' })).toEqual([]);
  expect(tab.types(done('a'))).toEqual(['reportLate a']);
});

test('another tab took its name: it comes back under a new one', () => {
  const tab = new Tab().join();
  expect(tab.types({ type: 'socketClosed', epoch: 1, code: CLOSE.duplicate, reason: '' })).toEqual([
    'endSession',
    'forgetWorkerId',
  ]);
  expect(tab.types({ type: 'timePassed' }, 1000)).toEqual(['openSocket']);
});

test('waking up skips the rest of the back-off', () => {
  const tab = new Tab().join();
  tab.types({ type: 'socketClosed', epoch: 1, code: 1001, reason: '' });
  expect(tab.types({ type: 'wokenUp' })).toEqual(['openSocket']);
});

test.each([
  [CLOSE.version, /reload/i],
  [CLOSE.token, /token/],
  [CLOSE.origin, /address/],
  [CLOSE.dismissed, /administrator/],
])('close code %i is for good, with words', (code, words) => {
  const tab = new Tab().join();
  expect(tab.types({ type: 'socketClosed', epoch: 1, code, reason: '' })).toEqual(['endSession', 'stop']);
  expect(tab.core.view()).toMatchObject({ state: 'left', words: expect.stringMatching(words) });
  expect(tab.core.nextDeadlineMs()).toBeUndefined();
  expect(tab.types({ type: 'wokenUp' })).toEqual([]);
});

test('a coordinator that does not answer hello, or falls silent, is left and tried again', () => {
  const tab = new Tab();
  tab.types({ type: 'joinRequested' });
  expect(tab.types({ type: 'timePassed' }, 10_000)).toEqual(['closeSocket']);
  expect(tab.core.view().state).toBe('disconnected');
  expect(tab.types({ type: 'timePassed' }, 30_000)).toEqual(['openSocket']);
  const epoch = 3;
  tab.types({ type: 'socketOpened', epoch });
  tab.types({ type: 'welcomed', epoch, workerId: 'w', heartbeatMs: 2000, returning: true });
  expect(tab.types({ type: 'timePassed' }, 10_000)).toEqual(['closeSocket', 'endSession']);
});

test('fewer slots hand back what ran there', () => {
  const tab = new Tab().join();
  tab.lease('a', 1);
  tab.types({ type: 'inputsFetched', attemptId: 'a' });
  expect(tab.types({ type: 'traitsChanged', traits: { slots: 1 } })).toEqual([
    'send traitsChanged',
    'handBack a',
    'stopAttempt a',
    'applySlots',
  ]);
  expect(tab.lease('b', 1)).toEqual(['handBack b', 'forgetAttempt b']);
  expect(tab.types({ type: 'traitsChanged', traits: { slots: 1 } })).toEqual([]);
});

test('leaving says so and is final', () => {
  const tab = new Tab().join();
  tab.lease('a');
  expect(tab.types({ type: 'leaveRequested', handOver: false })).toEqual([
    'forgetAttempt a',
    'send leaving',
    'closeSocket',
    'endSession',
    'stop',
  ]);
  expect(tab.types({ type: 'joinRequested' })).toEqual([]);
});

test('a leaving tab stays to hand over until the coordinator closes, for seconds at most, and takes nothing more', () => {
  const leaving = (): Tab => {
    const tab = new Tab().join().runs('a');
    expect(tab.types({ type: 'leaveRequested', handOver: true })).toEqual(['stopAttempt a', 'send leaving']);
    expect(tab.types({ type: 'leaveRequested', handOver: true })).toEqual([]);
    expect(tab.core.view().state).toBe('draining');
    return tab;
  };
  const tab = leaving();
  expect(tab.lease('b')).toEqual(['handBack b', 'forgetAttempt b']);
  expect(tab.types({ type: 'socketClosed', epoch: 1, code: CLOSE.leaving, reason: '' })).toEqual(['endSession', 'stop']);
  expect(tab.core.view().state).toBe('left');

  const slow = leaving();
  expect(slow.types({ type: 'timePassed' }, HAND_OVER_MS / 2)).toEqual(['send heartbeat']);
  slow.types({ type: 'heartbeatSeen', epoch: 1, seq: 1 });
  expect(slow.types({ type: 'timePassed' }, HAND_OVER_MS / 2)).toEqual(['closeSocket', 'endSession', 'stop']);
  expect(leaving().types({ type: 'leaveRequested', handOver: false })).toEqual(['closeSocket', 'endSession', 'stop']);
});
