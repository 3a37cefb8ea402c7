/** Random events, stale and odd ones among them: the core never throws and keeps its promises. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TabCommand } from './commands.ts';
import type { TabEvent } from './events.ts';
import { TabCore } from './tab-core.ts';

const epoch = fc.integer({ min: 0, max: 6 });
const attemptId = fc.integer({ min: 0, max: 12 }).map((n) => `a${n}`);
const by = fc.constantFrom('volunteer' as const, 'battery' as const, 'browser' as const);

const event: fc.Arbitrary<TabEvent> = fc.oneof(
  fc.record({ type: fc.constant('joinRequested' as const) }),
  fc.record({ type: fc.constant('socketOpened' as const), epoch }),
  fc.record({
    type: fc.constant('socketClosed' as const),
    epoch,
    code: fc.constantFrom(1000, 1001, 1006, 4408, 4409, 4429),
    reason: fc.constant(''),
  }),
  fc.record({
    type: fc.constant('welcomed' as const),
    epoch,
    workerId: fc.constant('w'),
    heartbeatMs: fc.constant(2000),
    returning: fc.boolean(),
  }),
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('leased' as const),
      epoch,
      attemptId,
      slot: fc.integer({ min: 0, max: 3 }),
      blockId: fc.integer({ min: 0, max: 5 }).map((n) => `b${n}`),
      title: fc.constant('t'),
    }),
  },
  fc.record({ type: fc.constant('attemptCancelled' as const), epoch, attemptId, why: fc.constant('why') }),
  fc.record({ type: fc.constant('drained' as const), epoch }),
  fc.record({ type: fc.constant('heartbeatSeen' as const), epoch, seq: fc.constant(1) }),
  fc.record({ type: fc.constant('badMessageReceived' as const), epoch, why: fc.constant('bad') }),
  { weight: 6, arbitrary: fc.record({ type: fc.constant('inputsFetched' as const), attemptId }) },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('attemptEnded' as const),
      attemptId,
      ending: fc.oneof(
        fc.constant({ how: 'succeeded' as const, rows: 1, cpuMs: 1 }),
        fc.constant({ how: 'failed' as const, cpuMs: 1, reason: 'resource' as const, message: 'm' }),
      ),
    }),
  },
  fc.record({ type: fc.constant('paused' as const), by }),
  fc.record({ type: fc.constant('finishThenPauseRequested' as const) }),
  fc.record({ type: fc.constant('resumed' as const), by }),
  fc.record({ type: fc.constant('traitsChanged' as const), traits: fc.record({ slots: fc.integer({ min: 0, max: 4 }) }) }),
  fc.record({ type: fc.constant('wokenUp' as const) }),
  { weight: 3, arbitrary: fc.record({ type: fc.constant('timePassed' as const) }) },
);

/** What the shell would know: which attempts it fetches, runs and has answered for. */
class Shell {
  readonly core = new TabCore({
    traits: { slots: 3, visibility: 'visible', share: 1, memoryPerSlotBytes: 1 },
    random: () => 0.3,
  });
  readonly running = new Map<string, number>();
  readonly open = new Set<string>();
  readonly blocks = new Map<string, string>();
  joined = false;
  epoch = 0;
  atMs = 0;

  tell(event_: TabEvent, afterMs: number): void {
    this.atMs += afterMs;
    if (event_.type === 'attemptEnded') this.running.delete(event_.attemptId);
    if (event_.type === 'leased' && event_.epoch === this.epoch && this.joined && !this.open.has(event_.attemptId)) {
      this.open.add(event_.attemptId);
      this.blocks.set(event_.attemptId, event_.blockId);
    }
    for (const command of this.core.handle(event_, this.atMs)) this.#check(command);
    const deadline = this.core.nextDeadlineMs();
    if (event_.type === 'timePassed' && deadline !== undefined) expect(deadline).toBeGreaterThan(this.atMs);
  }

  #check(command: TabCommand): void {
    switch (command.type) {
      case 'openSocket':
        expect(command.epoch).toBeGreaterThan(this.epoch);
        expect(this.joined).toBe(false);
        this.epoch = command.epoch;
        return;
      case 'beginSession':
        this.joined = true;
        return;
      case 'endSession':
        this.joined = false;
        return;
      case 'fetchInputs':
        expect(this.joined).toBe(true);
        expect(this.open.has(command.attemptId)).toBe(true);
        return;
      case 'runAttempt':
        expect([...this.running.values()]).not.toContain(command.slot);
        expect(this.open.has(command.attemptId)).toBe(true);
        this.running.set(command.attemptId, command.slot);
        return;
      case 'stopAttempt':
        expect(this.running.get(command.attemptId)).toBe(command.slot);
        return;
      case 'handBack':
      case 'send':
        expect(this.joined).toBe(true);
        return;
      case 'report':
        expect(this.joined).toBe(true);
        expect(this.open.delete(command.attemptId)).toBe(true);
        return;
      case 'takeOutcome':
        expect(this.open.has(command.attemptId)).toBe(true);
        expect(this.blocks.get(command.attemptId)).toBe(this.blocks.get(command.from));
        return;
      case 'reportLate':
      case 'discard':
        expect(this.open.delete(command.attemptId)).toBe(true);
        return;
      case 'forgetAttempt':
        // Also comes for leases that were handed back untouched.
        this.open.delete(command.attemptId);
        return;
    }
  }
}

test('whatever happens: one attempt a slot, each lease answered once, nothing sent without a session', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(event, fc.integer({ min: 0, max: 4000 })), { maxLength: 200 }), (events) => {
      const shell = new Shell();
      shell.tell({ type: 'joinRequested' }, 0);
      for (const [next, afterMs] of events) {
        // An attempt that does not run or fetch can't end; everything else may come at any time.
        if (next.type === 'attemptEnded' && !shell.open.has(next.attemptId)) continue;
        // Epochs drawn near the live one, so that stale and live events both occur.
        const lived = 'epoch' in next ? { ...next, epoch: Math.max(0, shell.epoch - (next.epoch % 3 === 2 ? 1 : 0)) } : next;
        shell.tell(lived, afterMs);
      }
      // In the end every attempt comes to rest and no slot is stuck.
      for (const id of [...shell.open]) {
        if (shell.open.has(id))
          shell.tell({ type: 'attemptEnded', attemptId: id, ending: { how: 'succeeded', rows: 0, cpuMs: 0 } }, 0);
      }
      expect(shell.core.view().current).toEqual([]);
    }),
    { numRuns: 500 },
  );
});
