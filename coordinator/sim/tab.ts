/** A tab: the real core of one, and around it what link.ts does, without promises. It may be frozen, and it may vanish. */
import type { StoreId } from '../../shared/ids.ts';
import type { TabCommand } from '../../web-worker-client/core/commands.ts';
import type { TabEvent } from '../../web-worker-client/core/events.ts';
import { TabCore } from '../../web-worker-client/core/tab-core.ts';
import type { WorkerTraits } from '../../web-worker-client/core/traits.ts';
import { asBlockIds, type CoordinatorFrame, type DataWire, type SessionWire, type WorkerFrame } from './frames.ts';
import { helloOf } from './hello.ts';
import { type Profile, TabStore } from './profile.ts';
import { TabAnnouncements } from './tab-announcements.ts';
import { TabAttempts } from './tab-attempts.ts';
import { TabFetches } from './tab-fetches.ts';
import type { TabSurroundings } from './tab-surroundings.ts';

export class Tab {
  readonly name: string;
  readonly store: TabStore;
  readonly attempts: TabAttempts;
  readonly fetches: TabFetches;
  readonly announcements: TabAnnouncements;
  readonly core: TabCore;
  readonly #around: TabSurroundings;
  /** What comes while the tab is frozen. */
  readonly #held: (() => void)[] = [];
  readonly #events: TabEvent[] = [];
  #isHandling = false;
  #wire: SessionWire | undefined;
  #data: DataWire | undefined;
  #sessionId: string | undefined;
  #timer: { readonly atMs: number; readonly cancel: () => void } | undefined;
  workerId: string | undefined;
  isFrozen = false;
  isGone = false;
  /** It says of its blocks what they are not. */
  isLying = false;
  slowness = 1;

  constructor(name: string, profile: Profile, traits: Omit<WorkerTraits, 'paused'>, around: TabSurroundings, workerId?: string) {
    this.name = name;
    this.workerId = workerId;
    this.#around = around;
    const { chance } = around;
    this.store = new TabStore(profile, {
      evicted: (ids) => this.announcements.evicted(ids),
      usageChanged: () => this.announcements.usageChanged(),
    });
    this.store.storeId = profile.storeId;
    const after = (delayMs: number, act: () => void): void => this.#after(delayMs, act);
    this.fetches = new TabFetches({
      store: this.store,
      after,
      serves: (blockIds) => around.moment(this, 'serves', blockIds),
    });
    this.attempts = new TabAttempts({
      store: this.store,
      fetches: this.fetches,
      chance,
      rowBytes: around.rowBytes,
      isCredulous: around.isCredulous,
      isLying: () => this.isLying,
      taskMs: () => around.taskMs * this.slowness,
      after,
      dispatch: (event) => this.dispatch(event),
      send: (frame) => this.#send(frame),
      sendLate: (frame) => this.announcements.reportLate(frame),
      strikes: (lease) => around.strikes(this, lease),
    });
    this.announcements = new TabAnnouncements({
      store: this.store,
      fetches: this.fetches,
      chance,
      writeMs: around.writeMs,
      after,
      send: (frame) => this.#send(frame),
    });
    this.core = new TabCore({ traits, random: () => chance.float() });
  }

  /** As `link.dispatch`: events told while commands run are handled after them. */
  dispatch(event: TabEvent): void {
    if (this.isGone) return;
    this.#events.push(event);
    if (this.#isHandling) return;
    this.#isHandling = true;
    for (let next = this.#events.shift(); next; next = this.#events.shift()) {
      for (const command of this.core.handle(next, this.#around.clock.nowMs())) this.#execute(command);
    }
    this.#isHandling = false;
    this.#arm();
  }

  /** What its volunteer or its page does: heard of when it is awake. */
  wish(event: TabEvent): void {
    this.#enter(() => this.dispatch(event));
  }

  /** Nothing runs and nothing arrives until it thaws. */
  freeze(): void {
    this.isFrozen = true;
  }

  thaw(): void {
    this.isFrozen = false;
    while (!this.isFrozen) {
      const act = this.#held.shift();
      if (!act) return;
      act();
    }
  }

  /** The browser was killed, or the page closed without a word. `isNoticed`: its system still closes the sockets. */
  vanish(isNoticed: boolean): void {
    if (this.isGone) return;
    this.isGone = true;
    this.store.close();
    for (const wire of [this.#wire, this.#data]) {
      if (isNoticed) wire?.closeByTab(1001, 'the tab is gone');
      else wire?.cut('both');
    }
  }

  /** The connection breaks, and both ends notice. */
  disconnect(): void {
    this.#wire?.break();
    this.#data?.break();
  }

  /** The connection is there in name only. */
  halfOpen(ways: 'up' | 'down' | 'both'): void {
    this.#wire?.cut(ways);
    this.#data?.cut(ways);
  }

  slowDown(times: number): void {
    this.slowness = times;
    this.#wire?.slow(times);
    this.#data?.slow(times);
  }

  /** When the coordinator hears from it last, should it fall silent now. */
  get lastWordAtMs(): number {
    return this.#wire?.lastUpAtMs ?? 0;
  }

  /** Of the last session that it was in. */
  get sessionId(): string | undefined {
    return this.#sessionId;
  }

  dropResidents(slot: number, which: number): void {
    this.announcements.residents(this.attempts.residents.drop(slot, which));
  }

  /** It says something, true or not. */
  say(message: WorkerFrame['message']): void {
    if (!this.isFrozen) this.#wire?.toCoordinator({ message });
  }

  #enter(act: () => void): void {
    if (this.isGone) return;
    if (this.isFrozen) this.#held.push(act);
    else act();
  }

  #after(delayMs: number, act: () => void): void {
    if (delayMs <= 0) this.#enter(act);
    else this.#around.clock.after(delayMs, () => this.#enter(act));
  }

  #arm(): void {
    const atMs = this.core.nextDeadlineMs();
    if (atMs === this.#timer?.atMs) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (atMs === undefined) return;
    const cancel = this.#around.clock.after(atMs - this.#around.clock.nowMs(), () => {
      this.#timer = undefined;
      this.#enter(() => this.dispatch({ type: 'timePassed' }));
    });
    this.#timer = { atMs, cancel };
  }

  #execute(command: TabCommand): void {
    switch (command.type) {
      case 'openSocket':
        this.#open(command.epoch);
        return;
      case 'closeSocket':
        this.#wire?.closeByTab(command.code, command.why);
        this.#wire = undefined;
        return;
      case 'sendHello':
        this.#hello(command.traits);
        return;
      case 'beginSession':
        this.#beginSession(command.returning);
        return;
      case 'endSession':
        this.announcements.endSession();
        this.fetches.close();
        return;
      case 'send':
        this.#send({ message: command.message });
        return;
      case 'forgetWorkerId':
        this.workerId = undefined;
        return;
      case 'stop':
        this.vanish(true);
        return;
      case 'dropResidents':
        this.announcements.residents(this.attempts.residents.dropNamed(command.slot, command.residentKeys));
        return;
      case 'applySlots':
      case 'applyShare':
      case 'log':
        return;
      default:
        this.attempts.execute(command);
    }
  }

  #open(epoch: number): void {
    const opened = (): void => this.#enter(() => this.dispatch({ type: 'socketOpened', epoch }));
    const wire = this.#around.openSession(this, opened);
    this.#wire = wire;
    this.attempts.socketOpened();
    const isCurrent = (): boolean => this.#wire === wire;
    wire.attach({
      frame: (frame) => this.#enter(() => isCurrent() && this.#receive(epoch, frame)),
      closed: (code, reason) => this.#enter(() => this.dispatch({ type: 'socketClosed', epoch, code, reason })),
    });
  }

  #hello(traits: WorkerTraits): void {
    this.#send({ message: helloOf(this.store.storeId, this.workerId, traits) });
  }

  #beginSession(returning: boolean): void {
    const { openData, moment, tell } = this.#around;
    tell(() => `${this.name} is in session ${this.#sessionId}`);
    const data = openData(this, this.#sessionId ?? '');
    this.#data = data;
    this.fetches.open(data);
    this.announcements.beginSession(returning, this.attempts.residents.all());
    this.store.profile.storeId = this.store.storeId;
    moment(this, 'joined', []);
  }

  #receive(epoch: number, frame: CoordinatorFrame): void {
    switch (frame.type) {
      case 'welcome': {
        const storeId = frame.storeId as StoreId;
        const returning = storeId === this.store.storeId;
        this.store.storeId = storeId;
        this.workerId = frame.workerId;
        this.#sessionId = frame.sessionId;
        this.dispatch({ type: 'welcomed', epoch, workerId: frame.workerId, heartbeatMs: frame.heartbeatMs, returning });
        return;
      }
      case 'lease': {
        const { attemptId, slot, task } = frame;
        if (!this.attempts.add(frame)) {
          this.dispatch({ type: 'badMessageReceived', epoch, why: 'a lease names a run that this session was not told' });
          return;
        }
        this.dispatch({ type: 'leased', epoch, attemptId, slot, blockId: task.blockId, title: task.title });
        this.#around.moment(this, 'leased', [task.blockId]);
        return;
      }
      case 'cancelAttempt':
        this.dispatch({ type: 'attemptCancelled', epoch, attemptId: frame.attemptId, why: frame.why });
        return;
      case 'dropBlocks':
        this.store.drop(asBlockIds(frame.blockIds));
        return;
      case 'copyBlock':
        this.announcements.copy(frame);
        return;
      case 'dropResidents':
        this.dispatch({ type: 'residentsReleased', epoch, slot: frame.slot, residentKeys: frame.residentKeys });
        return;
      case 'drain':
        this.dispatch({ type: 'drained', epoch });
        return;
      case 'heartbeatSeen':
        this.dispatch({ type: 'heartbeatSeen', epoch, seq: frame.seq });
    }
  }

  #send(frame: WorkerFrame): void {
    this.#wire?.toCoordinator(frame);
    if (frame.message.type === 'attemptSucceeded') this.#around.moment(this, 'reported', asBlockIds([frame.message.blockId]));
  }
}
