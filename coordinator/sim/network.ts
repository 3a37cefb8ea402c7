/**
 * Sockets in memory: two pipes each, first in, first out, unless the weather is paranoid. A pipe that is cut swallows what is sent, and
 * nobody is told: the connection is half open.
 */
import type { Chance } from './chance.ts';
import type { VirtualClock } from './clock.ts';

export interface Weather {
  readonly latencyMs: number;
  /** Mean of what comes on top, drawn anew for each frame. */
  readonly jitterMs: number;
  /** False: frames of one pipe may overtake each other, as no socket would let them. */
  readonly isFifo: boolean;
  /** How often a frame comes twice. */
  readonly duplicates: number;
}

/** Who listens at one end. */
export interface End<M> {
  readonly frame: (message: M) => void;
  readonly closed: (code: number, reason: string) => void;
}

/** The code of a connection that broke. */
const BROKEN = 1006;

export class Network {
  readonly #clock: VirtualClock;
  readonly #chance: Chance;
  weather: Weather;
  /** Most frames that were ever under way in one pipe. */
  mostUnderWay = 0;

  constructor(clock: VirtualClock, chance: Chance, weather: Weather) {
    this.#clock = clock;
    this.#chance = chance;
    this.weather = weather;
  }

  delayMs(): number {
    return this.weather.latencyMs + this.#chance.around(this.weather.jitterMs);
  }

  after(delayMs: number, act: () => void): void {
    this.#clock.after(delayMs, act);
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  isTwice(): boolean {
    return this.#chance.hit(this.weather.duplicates);
  }
}

/** One direction. */
class Pipe<M> {
  readonly #network: Network;
  /** When what was sent last comes. */
  lastAtMs = 0;
  #underWay = 0;
  /** Swallows what is sent from now on. */
  isCut = false;
  /** Times as slow as the weather. */
  slowness = 1;
  receiver: End<M> | undefined;

  constructor(network: Network) {
    this.#network = network;
  }

  send(message: M): void {
    this.#pass(() => this.receiver?.frame(message));
    if (this.#network.isTwice()) this.#pass(() => this.receiver?.frame(message));
  }

  close(code: number, reason: string): void {
    this.#pass(() => this.end(code, reason), true);
  }

  /** The receiver hears that the socket is closed, and nothing after. */
  end(code: number, reason: string): void {
    const { receiver } = this;
    this.receiver = undefined;
    receiver?.closed(code, reason);
  }

  #pass(act: () => void, isLast = false): void {
    if (this.isCut) return;
    const network = this.#network;
    const nowMs = network.nowMs();
    let atMs = nowMs + network.delayMs() * this.slowness;
    if (network.weather.isFifo || isLast) atMs = Math.max(atMs, this.lastAtMs);
    this.lastAtMs = Math.max(atMs, this.lastAtMs);
    this.#underWay++;
    network.mostUnderWay = Math.max(network.mostUnderWay, this.#underWay);
    network.after(atMs - nowMs, () => {
      this.#underWay--;
      act();
    });
  }
}

/** One socket. `U`: what goes up to the coordinator; `D`: down to the tab. */
export class Wire<U, D> {
  readonly #up: Pipe<U>;
  readonly #down: Pipe<D>;
  #isClosedByTab = false;
  #isClosedByCoordinator = false;

  constructor(network: Network) {
    this.#up = new Pipe(network);
    this.#down = new Pipe(network);
  }

  /** The coordinator's end listens. */
  accept(end: End<U>): void {
    this.#up.receiver = end;
  }

  /** The tab's end listens. */
  attach(end: End<D>): void {
    this.#down.receiver = end;
  }

  toCoordinator(message: U): void {
    if (!this.#isClosedByTab) this.#up.send(message);
  }

  toTab(message: D): void {
    if (!this.#isClosedByCoordinator) this.#down.send(message);
  }

  /** What still comes down is of no interest to the tab; what it sent goes up. */
  closeByTab(code: number, reason: string): void {
    if (this.#isClosedByTab) return;
    this.#isClosedByTab = true;
    this.#down.receiver = undefined;
    this.#up.close(code, reason);
  }

  closeByCoordinator(code: number, reason: string): void {
    if (this.#isClosedByCoordinator) return;
    this.#isClosedByCoordinator = true;
    this.#up.receiver = undefined;
    this.#down.close(code, reason);
  }

  /** The connection breaks: frames under way are lost, and both ends are told, each in its time. */
  break(): void {
    this.#isClosedByTab = true;
    this.#isClosedByCoordinator = true;
    const [up, down] = [this.#up, this.#down];
    up.isCut = false;
    down.isCut = false;
    up.close(BROKEN, 'the connection broke');
    down.close(BROKEN, 'the connection broke');
    for (const pipe of [up, down]) if (pipe.receiver) pipe.receiver = { ...pipe.receiver, frame: () => undefined };
  }

  /** When the last frame that is under way to the coordinator comes. */
  get lastUpAtMs(): number {
    return this.#up.lastAtMs;
  }

  /** From now on frames vanish on these ways, and so do closes. */
  cut(ways: 'up' | 'down' | 'both'): void {
    if (ways !== 'down') this.#up.isCut = true;
    if (ways !== 'up') this.#down.isCut = true;
  }

  slow(times: number): void {
    this.#up.slowness = times;
    this.#down.slowness = times;
  }
}
