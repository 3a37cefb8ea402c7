/** No-op workers that end in each of the ways that tabs do, and come back as themselves with what they held. */
import { LIMITS } from '../shared/limits.ts';
import { MemoryStore } from '../web-worker-client/blocks/memory-store.ts';
import { Link } from '../web-worker-client/link/link.ts';
import type { Platform, Socket, SocketEvents } from '../web-worker-client/link/platform.ts';
import type { Happening } from './churn-trace.ts';
import type { Pretence } from './noop-slot.ts';
import { noopPlatform } from './wire-workers.ts';

const CACHE_BYTES = 256 * 1024 * 1024;

/** One visit of a worker. */
interface Visit {
  readonly link: Link;
  readonly sockets: Set<Socket>;
  /** Nothing passes any more, either way. */
  isMute: boolean;
}

export class ChurnWorker {
  readonly #url: string;
  readonly #pretence: Pretence;
  readonly #seed: number;
  readonly #note: (line: string) => void;
  readonly #store = new MemoryStore();
  /** Left open by those that vanished. */
  readonly #abandoned: Socket[] = [];
  #visit: Visit | undefined;
  #workerId: string | undefined;

  constructor(url: string, pretence: Pretence, seed: number, note: (line: string) => void) {
    this.#url = url;
    this.#pretence = pretence;
    this.#seed = seed;
    this.#note = note;
  }

  get workerId(): string | undefined {
    return this.#workerId;
  }

  /** `joins` resolves with the welcome. */
  async does(what: Happening): Promise<void> {
    if (what === 'joins') return this.#join();
    const visit = this.#visit;
    this.#visit = undefined;
    if (!visit) return;
    if (what !== 'leaves') {
      visit.isMute = true;
      for (const socket of visit.sockets) {
        if (what === 'closes') socket.close(1000, '');
        else this.#abandoned.push(socket);
      }
    }
    await visit.link.leave({ deleteBlocks: false, handOver: what === 'leaves' });
  }

  async end(): Promise<void> {
    await this.does('closes');
    for (const socket of this.#abandoned) socket.close(1000, '');
  }

  async #join(): Promise<void> {
    const base = noopPlatform({
      pretence: this.#pretence,
      seed: this.#seed,
      log: this.#note,
      store: this.#store,
      cacheBytes: CACHE_BYTES,
    });
    const sockets = new Set<Socket>();
    const visit: { isMute: boolean } = { isMute: false };
    const platform: Platform = { ...base, openSocket: (url, events) => muted(base, url, events, visit, sockets) };
    await new Promise<void>((resolve, reject) => {
      const link = new Link({
        platform,
        url: this.#url,
        ...(this.#workerId === undefined ? {} : { workerId: this.#workerId }),
        traits: { slots: 1, visibility: 'headless', share: 1, memoryPerSlotBytes: LIMITS.slotMemoryBytes },
        onChange: ({ state, workerId }) => {
          if (workerId !== undefined) this.#workerId = workerId;
          if (state === 'idle' || state === 'working') resolve();
        },
        onLog: () => undefined,
      });
      this.#visit = Object.assign(visit, { link, sockets });
      link.stopped.then((why) => reject(new Error(why)));
      link.start().catch(reject);
    });
  }
}

/** A socket that passes nothing once its visit is over, and does not say so to the other side. */
function muted(platform: Platform, url: string, events: SocketEvents, visit: { isMute: boolean }, all: Set<Socket>): Socket {
  let isClosed = false;
  const closed = (code: number, reason: string): void => {
    if (isClosed) return;
    isClosed = true;
    events.closed(code, reason);
  };
  const socket = visit.isMute
    ? undefined
    : platform.openSocket(url, {
        opened: () => visit.isMute || events.opened(),
        text: (frame) => visit.isMute || events.text(frame),
        binary: (frame) => visit.isMute || events.binary(frame),
        closed,
      });
  if (socket) all.add(socket);
  return {
    send: (frame) => visit.isMute || socket?.send(frame),
    close: (code, reason) => {
      if (visit.isMute) queueMicrotask(() => closed(code, reason));
      else socket?.close(code, reason);
    },
    bufferedBytes: () => (visit.isMute ? 0 : (socket?.bufferedBytes() ?? 0)),
  };
}
