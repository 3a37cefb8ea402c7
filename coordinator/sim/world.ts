/** Everything that there is in one run: the coordinator in its present life, tabs and their profiles, authors, and who watches them. */
import type { Failure } from '../../shared/failure.ts';
import type { BlockId, SessionId } from '../../shared/ids.ts';
import { CORE_DEFAULTS } from '../core/constants.ts';
import type { CoreEvent } from '../core/events.ts';
import { Scheduler } from '../core/scheduler.ts';
import { checkWorkerMessage } from '../sessions/session.ts';
import { Authors } from './authors.ts';
import { Chance } from './chance.ts';
import { checkAnswer, readResult } from './checkers/answers.ts';
import { checkBounds } from './checkers/bounds.ts';
import { checkCounts } from './checkers/counts.ts';
import { HolderBook } from './checkers/holders.ts';
import { LeaseBook } from './checkers/leases.ts';
import { Silences } from './checkers/silences.ts';
import { VirtualClock } from './clock.ts';
import { Coordinator, type Disk } from './coordinator.ts';
import { told, traced } from './describe.ts';
import type { DataWire, LeaseFrame, SessionWire } from './frames.ts';
import type { SettleCommand } from './job-desk.ts';
import { Journal } from './journal.ts';
import { Network, Wire } from './network.ts';
import { type CoreSettings, ObservedCore, type Watcher } from './observed-core.ts';
import type { Moment, SimOptions } from './options.ts';
import type { Plant } from './plant.ts';
import { Profile } from './profile.ts';
import { Tab } from './tab.ts';
import type { TabSurroundings } from './tab-surroundings.ts';
import { Trace } from './trace.ts';

export interface WorldHooks {
  /** Something may well go wrong now. */
  readonly moment: (moment: Moment, tab: Tab | undefined, blockIds: readonly BlockId[]) => void;
  /** A failure that strikes an attempt. */
  readonly strikes: (tab: Tab, lease: LeaseFrame) => Failure | undefined;
}

const NO_HOOKS: WorldHooks = { moment: () => undefined, strikes: () => undefined };

export class World {
  readonly options: SimOptions;
  readonly clock = new VirtualClock();
  readonly trace: Trace;
  readonly network: Network;
  readonly authors: Authors;
  readonly disk: Disk;
  readonly profiles: Profile[];
  tabs: Tab[] = [];
  coordinator: Coordinator | undefined;
  hooks: WorldHooks = NO_HOOKS;
  leases: LeaseBook;
  readonly silences: Silences;
  /** Blocks of which the coordinator's copy was damaged at some time. */
  readonly rotten = new Set<BlockId>();
  /** Core events of all lives. */
  events = 0;
  crashes = 0;
  readonly #plant: Plant | undefined;
  readonly #chances: { readonly tabs: Chance; readonly coordinator: Chance };
  #lives = 0;
  #tabsMade = 0;

  constructor(options: SimOptions, isTold: boolean, plant?: Plant) {
    this.options = options;
    this.#plant = plant;
    this.trace = new Trace(isTold);
    const { seed, weather } = options;
    this.network = new Network(this.clock, new Chance(seed, 'network'), weather);
    this.#chances = { tabs: new Chance(seed, 'tabs'), coordinator: new Chance(seed, 'coordinator') };
    this.profiles = Array.from({ length: options.profiles }, (_, i) => new Profile(`profile-${i}`, options.capBytes));
    const journal = new Journal({
      after: (delayMs, act) => void this.clock.after(delayMs, act),
      flushMs: options.flushMs,
      readsTorn: plant?.readsTorn === true,
    });
    this.disk = { outputs: new Map(), journal, isFull: false };
    this.leases = new LeaseBook(this.#leaseMs());
    this.silences = new Silences();
    this.authors = new Authors({
      chance: new Chance(seed, 'authors'),
      counting: new Chance(seed, 'counting plans'),
      options,
      coordinator: () => this.coordinator,
      nowMs: () => this.clock.nowMs(),
      tell: (words) => this.tell(words),
    });
    this.start();
  }

  tell(words: () => string): void {
    this.trace.tell(this.clock.nowMs(), words);
  }

  // The coordinator

  /** A new life, from what is on disk. */
  start(): void {
    const life = ++this.#lives;
    const settings: CoreSettings = { paceMs: 0, idSeed: `${life}`, limits: this.options.limits, journal: true };
    const { jobs, results, records } = this.disk.journal.recover();
    this.leases = new LeaseBook(this.#leaseMs());
    const watchers: Watcher[] = [this.#tracer(), this.leases, new HolderBook(), this.#journalist(), this.#inspector()];
    const core = new ObservedCore(new Scheduler(settings), settings, watchers, this.#plant?.bug?.());
    const coordinator = new Coordinator({
      clock: this.clock,
      chance: this.#chances.coordinator,
      disk: this.disk,
      core,
      life,
      rowBytes: this.options.rowBytes,
      keepMs: this.options.keepMs,
      hasLocalWorker: this.options.hasLocalWorker,
      check: this.options.checksMessages ? (message) => void checkWorkerMessage(message) : () => undefined,
      plant: this.#plant,
      settled: (command) => this.#settled(command),
      collects: (blockId) => this.hooks.moment('collects', undefined, [blockId]),
    });
    this.coordinator = coordinator;
    this.tell(() => `the coordinator begins its life ${life} with ${jobs.length} jobs and ${results.size} results`);
    this.authors.checkKept(jobs, results);
    for (const [jobId, result] of results) coordinator.jobs.results.set(jobId, result);
    if (life > 1) {
      const copies = [...this.disk.outputs.values()].map(({ blockId, digest }) => ({ blockId, digest }));
      coordinator.tell({ type: 'journalRestored', records, copies });
      for (const job of jobs) coordinator.jobs.start(job, true);
      coordinator.tell({ type: 'jobsResumed' });
    }
  }

  /** The process dies at once; `downMs` later it is started again. */
  crash(downMs: number, isNoticed: boolean, keptRecords: number): void {
    const dying = this.coordinator;
    if (!dying) return;
    this.crashes++;
    this.tell(() => `the coordinator dies, ${isNoticed ? 'and its sockets close' : 'and nobody is told'}`);
    dying.crash();
    this.coordinator = undefined;
    this.silences.coordinatorDied();
    this.disk.journal.crash(keptRecords);
    this.authors.coordinatorDied();
    for (const tab of this.tabs) {
      if (isNoticed) tab.disconnect();
      else tab.halfOpen('both');
    }
    this.clock.after(downMs, () => this.start());
  }

  #leaseMs(): number {
    return this.options.limits.leaseMs ?? CORE_DEFAULTS.leaseMs;
  }

  #tracer(): Watcher {
    return {
      before: (event) => {
        this.events++;
        this.trace.add(traced(event));
        if (event.type !== 'heartbeatReceived' && event.type !== 'timePassed') this.tell(() => `  core <- ${told(event)}`);
      },
      after: (_event, commands) => {
        for (const command of commands) {
          this.trace.add(traced(command));
          this.tell(() => `  core -> ${told(command)}`);
        }
      },
    };
  }

  /** Writes down what the core has to say. */
  #journalist(): Watcher {
    const { journal } = this.disk;
    return {
      after: (_event, _commands, scheduler) => {
        for (const record of scheduler.takeJournal()) journal.append({ kind: 'core', record });
      },
    };
  }

  /** The core's own invariants, and what else is looked at only now and then. */
  #inspector(): Watcher {
    let left = this.options.invariantsEvery;
    return {
      after: (event: CoreEvent) => {
        if (--left > 0) return;
        left = this.options.invariantsEvery;
        this.inspect(event.atMs);
      },
    };
  }

  inspect(nowMs = this.clock.nowMs()): void {
    const { coordinator } = this;
    if (!coordinator) return;
    const { scheduler } = coordinator.core;
    scheduler.checkInvariants();
    for (const [jobId, job] of this.authors.jobs) checkCounts(scheduler.job(jobId), job.plan);
    this.leases.check(nowMs, scheduler);
    this.silences.check(nowMs, coordinator);
    checkBounds({
      framesUnderWay: this.network.mostUnderWay,
      collecting: coordinator.collector.size,
      reading: coordinator.relay.underWay,
      framesWaiting: Math.max(0, ...[...coordinator.sessions.values()].map((session) => session.waiting)),
      attemptsOfTab: Math.max(0, ...this.tabs.map((tab) => tab.attempts.size)),
    });
  }

  #settled(command: SettleCommand): void {
    const { jobId, state, result = [], error } = command;
    const job = this.authors.jobs.get(jobId);
    this.authors.settled(command);
    if (!this.coordinator || !job) return;
    this.tell(() => `${jobId} is ${state} ${error ? `${error.code}: ${error.detail}` : ''}`);
    const rows = state === 'successful' && readResult(jobId, result, this.coordinator.blocks, this.rotten);
    if (rows) checkAnswer(jobId, job.plan, rows);
    checkCounts(this.coordinator.core.scheduler.job(jobId), job.plan);
    this.hooks.moment('settled', undefined, []);
  }

  // Tabs

  /** A new tab in this profile; `workerId`: it is an old one that was reloaded, or a copy of another. */
  open(profile: Profile, slots: number, workerId?: string): Tab {
    const name = `tab-${++this.#tabsMade}`;
    const traits = { slots, visibility: 'visible' as const, share: 1, memoryPerSlotBytes: 768 * 1024 * 1024 };
    const tab = new Tab(name, profile, traits, this.#aroundTabs(), workerId);
    this.tabs = this.tabs.filter((other) => !other.isGone);
    this.tabs.push(tab);
    this.tell(() => `${name} opens in ${profile.name} with ${slots} slots${workerId === undefined ? '' : ` as ${workerId}`}`);
    tab.dispatch({ type: 'joinRequested' });
    return tab;
  }

  alive(): Tab[] {
    return this.tabs.filter((tab) => !tab.isGone);
  }

  #aroundTabs(): TabSurroundings {
    const { rowBytes, taskMs, writeMs } = this.options;
    return {
      clock: this.clock,
      chance: this.#chances.tabs,
      rowBytes,
      taskMs,
      writeMs,
      isCredulous: this.#plant?.isCredulous === true,
      openSession: (tab, opened) => this.#openSession(tab, opened),
      openData: (_tab, sessionId) => this.#openData(sessionId as SessionId),
      moment: (tab, moment, blockIds) => this.hooks.moment(moment, tab, blockIds),
      strikes: (tab, lease) => this.hooks.strikes(tab, lease),
      tell: (words) => this.tell(words),
    };
  }

  #openSession(tab: Tab, opened: () => void): SessionWire {
    const wire: SessionWire = new Wire(this.network);
    this.clock.after(this.network.delayMs(), () => {
      if (tab.isGone) return;
      if (!this.coordinator) {
        wire.closeByCoordinator(1006, 'nobody answers');
        return;
      }
      this.coordinator.accept(wire);
      opened();
    });
    return wire;
  }

  #openData(sessionId: SessionId): DataWire {
    const wire: DataWire = new Wire(this.network);
    this.clock.after(this.network.delayMs(), () => {
      if (this.coordinator) this.coordinator.acceptData(wire, sessionId);
      else wire.closeByCoordinator(1006, 'nobody answers');
    });
    return wire;
  }
}
