/**
 * What the tab does next: the pure twin of the coordinator's scheduler core. `handle` is synchronous and total: stale or odd events
 * are ignored and logged. No clock, no randomness, no I/O: time comes with each event and `random` is injected.
 */
import { CLOSE } from '../../shared/protocol/version.ts';
import type { TabCommand } from './commands.ts';
import {
  backoffMs,
  type ConnectionState,
  closedWords,
  connectionDeadlineMs,
  dueAt,
  finalWords,
  HAND_OVER_MS,
  hasLasted,
  hasSocket,
  joinedAt,
} from './connection.ts';
import type { PauseReason, TabEvent } from './events.ts';
import { LeaseBook } from './lease-book.ts';
import type { WorkerTraits } from './traits.ts';
import { connectionWords, currentTasks, joinedWords, type TabState, type TabView } from './view.ts';
import { Wishes } from './wishes.ts';

const LEAVING = { state: 'draining', words: 'Leaving: handing over what only this tab has.' } as const;

export interface TabCoreOptions {
  readonly traits: Omit<WorkerTraits, 'paused'>;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export class TabCore {
  readonly #random: () => number;
  readonly #leases = new LeaseBook((command) => this.#do(command));
  readonly #wishes = new Wishes();
  #traits: Omit<WorkerTraits, 'paused'>;
  /** What the coordinator was last told; traits are sent only when they differ. */
  #toldTraits = '';
  #connection: ConnectionState = { kind: 'idle' };
  #epoch = 0;
  /** Connections in a row that ended before their session had lasted for a while. */
  #failures = 0;
  #left = false;
  /** Set while it only stays to hand over its blocks. */
  #leavesAtMs: number | undefined;
  #out: TabCommand[] = [];
  #atMs = 0;

  constructor(options: TabCoreOptions) {
    this.#traits = options.traits;
    this.#random = options.random;
  }

  /** Handles one event at `atMs` (monotonic milliseconds) and returns what to do, in order. */
  handle(event: TabEvent, atMs: number): readonly TabCommand[] {
    this.#out = [];
    this.#atMs = Math.max(this.#atMs, atMs);
    if (this.#left) return this.#out;
    // A tab that slept may find messages from before: they don't show that the session lives.
    if (dueAt(this.#connection, this.#atMs) === 'silent') this.#onTime();
    if (!('epoch' in event && event.epoch !== this.#epoch)) this.#dispatch(event);
    // The shell has noted the lease already, and nobody else would make it forget.
    else if (event.type === 'leased' && !this.#leases.knows(event.attemptId))
      this.#do({ type: 'forgetAttempt', attemptId: event.attemptId });
    return this.#out;
  }

  /** When `timePassed` is next due, on the clock of `handle`; undefined: never. */
  nextDeadlineMs(): number | undefined {
    if (this.#left) return undefined;
    const deadlineMs = connectionDeadlineMs(this.#connection);
    return this.#leavesAtMs === undefined ? deadlineMs : Math.min(this.#leavesAtMs, deadlineMs ?? this.#leavesAtMs);
  }

  /** The state of `view`, without the making of one. */
  state(): TabState {
    return this.#stateAndWords().state;
  }

  view(): TabView {
    return {
      ...this.#stateAndWords(),
      ...(this.#connection.kind === 'joined' ? { workerId: this.#connection.workerId } : {}),
      traits: this.#fullTraits(),
      current: currentTasks(this.#leases.all()),
      contribution: this.#leases.contribution(),
    };
  }

  #stateAndWords(): { readonly state: TabState; readonly words: string } {
    const { mode, pausedBy } = this.#wishes;
    if (this.#leavesAtMs !== undefined) return LEAVING;
    return connectionWords(this.#connection) ?? joinedWords({ mode, pausedBy, attempts: this.#leases.all() });
  }

  readonly #handlers: { readonly [T in TabEvent['type']]: (event: Extract<TabEvent, { type: T }>) => void } = {
    joinRequested: () => this.#connection.kind === 'idle' && this.#connect(),
    socketOpened: () => this.#onOpened(),
    socketClosed: ({ code, reason }) => this.#onClosed(code, reason),
    welcomed: (event) => this.#onWelcomed(event),
    leased: (event) => this.#onLeased(event),
    attemptCancelled: ({ attemptId, why }) => this.#leases.cancel(attemptId, why),
    drained: () => this.#onDrained(),
    heartbeatSeen: () => {
      if (this.#connection.kind === 'joined') this.#connection = { ...this.#connection, heardAtMs: this.#atMs };
    },
    residentsReleased: ({ slot, residentKeys }) => this.#do({ type: 'dropResidents', slot, residentKeys }),
    badMessageReceived: ({ why }) => this.#drop(CLOSE.badMessage, why),
    inputsFetched: ({ attemptId }) => this.#leases.fetched(attemptId, this.#atMs),
    attemptEnded: ({ attemptId, ending }) => this.#leases.ended(attemptId, ending, this.#atMs),
    paused: ({ by }) => this.#onPaused(by),
    finishThenPauseRequested: () => this.#onFinishThenPause(),
    resumed: ({ by }) => this.#onResumed(by),
    leaveRequested: ({ handOver }) => this.#onLeave(handOver),
    traitsChanged: ({ traits }) => this.#onTraits(traits),
    wokenUp: () => this.#connection.kind === 'backingOff' && this.#connect(),
    timePassed: () => this.#onTime(),
  };

  #dispatch<T extends TabEvent['type']>(event: Extract<TabEvent, { type: T }>): void {
    const handler: (event: Extract<TabEvent, { type: T }>) => void = this.#handlers[event.type as T];
    handler(event);
    this.#settleFinishing();
  }

  // ---- connection

  #connect(): void {
    this.#epoch += 1;
    this.#connection = { kind: 'connecting', sinceMs: this.#atMs };
    this.#do({ type: 'openSocket', epoch: this.#epoch });
  }

  #onOpened(): void {
    if (this.#connection.kind !== 'connecting') return;
    this.#connection = { kind: 'helloSent', sinceMs: this.#atMs };
    const traits = this.#fullTraits();
    this.#toldTraits = JSON.stringify(traits);
    this.#do({ type: 'sendHello', epoch: this.#epoch, traits });
  }

  #onWelcomed({ workerId, heartbeatMs, returning }: Extract<TabEvent, { type: 'welcomed' }>): void {
    if (this.#connection.kind !== 'helloSent') return;
    this.#connection = joinedAt(this.#atMs, workerId, heartbeatMs);
    if (!returning) this.#leases.abandonOrphans('another coordinator asked for it');
    const orphans = this.#leases.orphans().slice(0, 256);
    const attempts = orphans.map(({ attemptId, blockId, slot }) => ({ attemptId, blockId, slot }));
    if (attempts.length > 0) this.#do({ type: 'send', message: { type: 'attemptsRunning', attempts } });
    this.#do({ type: 'beginSession', epoch: this.#epoch, returning });
    this.#log(`Joined as ${workerId}.`);
    this.#tellTraits();
  }

  #onClosed(code: number, reason: string): void {
    if (!hasSocket(this.#connection)) return;
    if (hasLasted(this.#connection, this.#atMs)) this.#failures = 0;
    this.#loseSession();
    if (this.#leavesAtMs !== undefined) {
      this.#stop();
      return;
    }
    if (code === CLOSE.duplicate) this.#do({ type: 'forgetWorkerId' });
    const final = finalWords(code);
    if (final !== undefined) {
      this.#leases.abandon(final);
      this.#connection = { kind: 'closed', code, why: final };
      this.#left = true;
      this.#log(final);
      this.#do({ type: 'stop', why: final });
      return;
    }
    const why = closedWords(code, reason);
    const delayMs = backoffMs(this.#failures, code, this.#random());
    this.#failures += 1;
    this.#connection = { kind: 'backingOff', untilMs: this.#atMs + delayMs, why };
    this.#log(`Disconnected: ${why}. Trying again in ${(delayMs / 1000).toFixed(1)} s.`);
  }

  /** We give the socket up; its own close event will be stale. */
  #drop(code: number, why: string): void {
    if (!hasSocket(this.#connection)) return;
    this.#do({ type: 'closeSocket', epoch: this.#epoch, code, why });
    this.#onClosed(code === CLOSE.badMessage ? code : CLOSE.goingAway, why);
    this.#epoch += 1;
  }

  /** Leases end with their session: the coordinator has given them to others. */
  #loseSession(): void {
    if (this.#connection.kind === 'joined') this.#do({ type: 'endSession', epoch: this.#epoch });
    this.#leases.orphan(this.#atMs);
    this.#wishes.sessionLost();
  }

  #onTime(): void {
    if (this.#leavesAtMs !== undefined && this.#atMs >= this.#leavesAtMs) {
      this.#closeAndStop();
      return;
    }
    const due = dueAt(this.#connection, this.#atMs);
    if (due === 'connect') this.#connect();
    else if (due === 'unanswered') this.#drop(CLOSE.leaving, 'the coordinator did not answer');
    else if (due === 'silent') this.#drop(CLOSE.leaving, 'the coordinator fell silent');
    else if (due === 'heartbeat') {
      this.#leases.endStaleOrphans(this.#atMs);
      this.#beat();
    }
  }

  #beat(): void {
    const connection = this.#connection;
    if (connection.kind !== 'joined') return;
    const { nextSeq, heartbeatMs } = connection;
    this.#connection = { ...connection, nextHeartbeatMs: this.#atMs + heartbeatMs, nextSeq: nextSeq + 1 };
    const running = this.#leases.unsettled().map((a) => a.attemptId);
    this.#do({ type: 'send', message: { type: 'heartbeat', seq: nextSeq, running: running.slice(0, 256) } });
  }

  // ---- attempts

  #onLeased({ attemptId, slot, blockId, title }: Extract<TabEvent, { type: 'leased' }>): void {
    const leaving = this.#leavesAtMs === undefined ? undefined : 'this tab is leaving';
    const refusal = leaving ?? this.#wishes.refusal(slot, this.#traits.slots);
    if (this.#connection.kind === 'joined') this.#leases.lease({ attemptId, slot, blockId, title }, refusal);
    // A lease before the welcome: nobody to hand it back to yet.
    else this.#do({ type: 'forgetAttempt', attemptId });
  }

  // ---- the volunteer's wishes

  #onPaused(by: PauseReason): void {
    if (!this.#wishes.pause(by)) return;
    // First, or what is handed back may be leased to this very tab again.
    this.#tellTraits();
    this.#leases.handBack('this tab was paused');
    this.#log('Paused: what ran was handed back.');
  }

  #onFinishThenPause(): void {
    if (!this.#wishes.finishThenPause()) return;
    this.#tellTraits();
    this.#leases.handBackWaiting('this tab is about to pause');
  }

  #settleFinishing(): void {
    if (this.#wishes.mode !== 'finishing' || this.#leases.unsettled().length > 0) return;
    this.#wishes.finished();
    this.#log('Finished what ran; paused.');
    this.#tellTraits();
  }

  #onResumed(by: PauseReason): void {
    if (!this.#wishes.resume(by)) return;
    if (!this.#wishes.resting()) this.#log('Working again.');
    this.#tellTraits();
  }

  #onDrained(): void {
    if (this.#connection.kind !== 'joined' || !this.#wishes.drain()) return;
    this.#log('The administrator asked this tab to finish its tasks and take no new ones.');
  }

  #onLeave(handOver: boolean): void {
    this.#leases.abandon('this tab leaves');
    const joined = this.#connection.kind === 'joined';
    if (joined && this.#leavesAtMs === undefined) this.#do({ type: 'send', message: { type: 'leaving' } });
    // The coordinator closes the connection when there is nothing (more) to fetch.
    if (joined && handOver) this.#leavesAtMs ??= this.#atMs + HAND_OVER_MS;
    else this.#closeAndStop();
  }

  #closeAndStop(): void {
    const { kind } = this.#connection;
    if (kind === 'connecting' || kind === 'helloSent' || kind === 'joined') {
      this.#do({ type: 'closeSocket', epoch: this.#epoch, code: CLOSE.leaving, why: 'the volunteer left' });
      if (kind === 'joined') this.#do({ type: 'endSession', epoch: this.#epoch });
    }
    this.#stop();
  }

  #stop(): void {
    this.#leavesAtMs = undefined;
    this.#connection = { kind: 'closed', code: CLOSE.leaving, why: 'You left. Thank you for what this tab did.' };
    this.#left = true;
    this.#do({ type: 'stop', why: 'left' });
  }

  #onTraits(change: Partial<Omit<WorkerTraits, 'paused'>>): void {
    const before = this.#traits;
    this.#traits = { ...before, ...change };
    const { slots, share } = this.#traits;
    this.#tellTraits();
    if (slots < before.slots) this.#leases.handBack(`this tab went down to ${slots} slots`, (a) => a.slot >= slots);
    if (slots !== before.slots) this.#do({ type: 'applySlots', slots });
    if (share !== before.share) this.#do({ type: 'applyShare', share });
  }

  // ---- helpers

  #fullTraits(): WorkerTraits {
    return { ...this.#traits, paused: this.#wishes.resting() };
  }

  #tellTraits(): void {
    if (this.#connection.kind !== 'joined') return;
    const traits = this.#fullTraits();
    const text = JSON.stringify(traits);
    if (text === this.#toldTraits) return;
    this.#toldTraits = text;
    this.#do({ type: 'send', message: { type: 'traitsChanged', traits } });
  }

  #do(command: TabCommand): void {
    this.#out.push(command);
  }

  #log(words: string): void {
    this.#do({ type: 'log', words });
  }
}
