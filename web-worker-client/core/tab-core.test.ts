import { expect, test } from 'vitest';
import { CLOSE } from '../../shared/protocol/version.ts';
import type { TabCommand } from './commands.ts';
import { backoffMs } from './connection.ts';
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
    return this.tell(event, afterMs).map((c) => ('attemptId' in c ? `${c.type} ${c.attemptId}` : c.type));
  }

  join(epoch = 1): this {
    if (epoch === 1) this.tell({ type: 'joinRequested' });
    this.tell({ type: 'socketOpened', epoch });
    this.tell({ type: 'welcomed', epoch, workerId: 'w-1', heartbeatMs: 2000 });
    return this;
  }

  lease(attemptId: string, slot = 0, epoch = 1): readonly string[] {
    return this.types({ type: 'leased', epoch, attemptId, slot, title: `task ${attemptId}` });
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
  ending: { how: 'failed', reason: 'released', message: 'stopped' },
});

test('connects, says hello, joins, beats', () => {
  const tab = new Tab();
  expect(tab.types({ type: 'joinRequested' })).toEqual(['openSocket']);
  expect(tab.tell({ type: 'socketOpened', epoch: 1 })).toEqual([
    { type: 'sendHello', epoch: 1, traits: { ...traits, paused: false } },
  ]);
  expect(tab.types({ type: 'welcomed', epoch: 1, workerId: 'w-1', heartbeatMs: 2000 })).toEqual(['beginSession']);
  expect(tab.core.view()).toMatchObject({ state: 'idle', workerId: 'w-1' });
  expect(tab.core.nextDeadlineMs()).toBe(2000);
  tab.lease('a');
  expect(tab.tell({ type: 'timePassed' }, 2000)).toEqual([{ type: 'sendHeartbeat', seq: 1, running: ['a'] }]);
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
    'handBack a',
    'stopAttempt a',
    'handBack b',
    'forgetAttempt b',
    'sendTraits',
  ]);
  expect(tab.lease('c')).toEqual(['handBack c', 'forgetAttempt c']);
  expect(tab.types(done('a'))).toEqual(['discard a']);
  expect(tab.core.view().state).toBe('paused');
  expect(tab.types({ type: 'paused', by: 'battery' })).toEqual([]);
  expect(tab.types({ type: 'resumed', by: 'volunteer' })).toEqual([]);
  expect(tab.core.view().words).toMatch(/battery/);
  expect(tab.types({ type: 'resumed', by: 'battery' })).toEqual(['sendTraits']);
});

test('finish-then-pause keeps what runs, hands back what waits, then pauses', () => {
  const tab = new Tab().join();
  tab.lease('a');
  tab.types({ type: 'inputsFetched', attemptId: 'a' });
  tab.lease('b');
  expect(tab.types({ type: 'finishThenPauseRequested' })).toEqual(['handBack b', 'forgetAttempt b', 'sendTraits']);
  expect(tab.core.view().state).toBe('draining');
  expect(tab.types(done('a'))).toEqual(['report a']);
  expect(tab.core.view().state).toBe('paused');
  expect(tab.types({ type: 'resumed', by: 'volunteer' })).toEqual(['sendTraits']);
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

test('a lost connection abandons attempts, backs off, and ignores the old socket', () => {
  const tab = new Tab().join();
  tab.lease('a');
  tab.types({ type: 'inputsFetched', attemptId: 'a' });
  expect(tab.types({ type: 'socketClosed', epoch: 1, code: 1006, reason: '' })).toEqual(['endSession', 'stopAttempt a']);
  expect(tab.core.nextDeadlineMs()).toBe(backoffMs(0, 1006, 0.5));
  expect(tab.types(done('a'))).toEqual(['discard a']);
  expect(tab.types({ type: 'timePassed' }, 375)).toEqual(['openSocket']);
  expect(tab.types({ type: 'socketClosed', epoch: 1, code: 1006, reason: '' })).toEqual([]);
  expect(tab.lease('b', 0, 1)).toEqual([]);
  tab.join(2);
  expect(tab.core.view().state).toBe('idle');
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
  [CLOSE.duplicate, /another tab/],
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
  tab.types({ type: 'welcomed', epoch, workerId: 'w', heartbeatMs: 2000 });
  expect(tab.types({ type: 'timePassed' }, 10_000)).toEqual(['closeSocket', 'endSession']);
});

test('fewer slots hand back what ran there', () => {
  const tab = new Tab().join();
  tab.lease('a', 1);
  tab.types({ type: 'inputsFetched', attemptId: 'a' });
  expect(tab.types({ type: 'traitsChanged', traits: { slots: 1 } })).toEqual([
    'handBack a',
    'stopAttempt a',
    'applySlots',
    'sendTraits',
  ]);
  expect(tab.lease('b', 1)).toEqual(['handBack b', 'forgetAttempt b']);
  expect(tab.types({ type: 'traitsChanged', traits: { slots: 1 } })).toEqual([]);
});

test('leaving says so and is final', () => {
  const tab = new Tab().join();
  tab.lease('a');
  expect(tab.types({ type: 'leaveRequested' })).toEqual(['forgetAttempt a', 'sendLeaving', 'closeSocket', 'endSession', 'stop']);
  expect(tab.types({ type: 'joinRequested' })).toEqual([]);
});

test('back-off grows, is jittered, and has an end', () => {
  expect(backoffMs(0, 1006, 0)).toBe(250);
  expect(backoffMs(0, 1006, 0.999)).toBeLessThan(500);
  expect(backoffMs(40, 1006, 0.999)).toBeLessThan(30_000);
  expect(backoffMs(0, CLOSE.full, 0)).toBe(5000);
});
