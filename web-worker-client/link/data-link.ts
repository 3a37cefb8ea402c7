/**
 * The data socket of one session: opens it, opens it again when it breaks while the session lives, and carries both directions,
 * our fetches and the coordinator's.
 */
import type { Clock } from '../../shared/clock.ts';
import { LIMITS } from '../../shared/limits.ts';
import type { Slice } from '../../shared/plan/task.ts';
import type { DataMessage } from '../../shared/protocol/data.ts';
import { CLOSE, PROTOCOL } from '../../shared/protocol/version.ts';
import type { SliceReader } from '../blocks/slice-reader.ts';
import type { CodedSlice } from '../slots/api.ts';
import { BlockServer } from './block-server.ts';
import { Fetcher, type FetchResult, type FetchTrouble } from './fetcher.ts';
import { BadMessageError, readDataText, readPiece } from './messages.ts';
import type { Platform, Socket } from './platform.ts';

export interface DataLinkOptions {
  readonly platform: Pick<Platform, 'clock' | 'openSocket'>;
  readonly url: string;
  readonly sessionId: string;
  readonly dataKey: string;
  readonly blocks: Pick<SliceReader, 'read' | 'lend'>;
  readonly log: (words: string) => void;
}

const TRIES = 3;
/** Who waits for the first socket waits no longer: the coordinator gives a returning tab two seconds to say what it holds. */
const OPENING_MS = 1_000;
const REOPEN_FIRST_MS = 250;
const REOPEN_MOST_MS = 5_000;

export class DataLink {
  readonly #options: DataLinkOptions;
  readonly #clock: Clock;
  readonly #fetcher: Fetcher;
  readonly #server: BlockServer;
  #socket: Socket | undefined;
  #ready = false;
  #closed = false;
  #failures = 0;
  #cancelReopen: () => void = () => undefined;
  /** Called once the socket is ready or the link is closed. */
  #waiting: (() => void)[] = [];
  #fetching = 0;
  #turns: (() => void)[] = [];

  constructor(options: DataLinkOptions) {
    this.#options = options;
    this.#clock = options.platform.clock;
    this.#fetcher = new Fetcher({ clock: this.#clock, send: (message) => this.#sendText(message) });
    this.#server = new BlockServer({
      clock: this.#clock,
      read: (name) => options.blocks.read(name),
      lend: (blockId) => options.blocks.lend(blockId),
      sink: { sendText: (message) => this.#sendText(message), sendBinary: (frame) => this.#socket?.send(frame) },
    });
    this.#open();
  }

  get servedBytes(): number {
    return this.#server.servedBytes;
  }

  /** Resolves when blocks can be asked for, or the link is closed; after some time in any case. */
  async opened(): Promise<void> {
    await this.#untilReady(new AbortController().signal, OPENING_MS);
  }

  /** Fetches slices, in several requests if there are many; those lost with a broken socket are asked for again. Never rejects. */
  async fetch(slices: readonly Slice[], signal: AbortSignal): Promise<FetchResult> {
    const got: CodedSlice[] = [];
    const failed: { slice: Slice; why: FetchTrouble }[] = [];
    let wanted = slices;
    for (let tries = 0; wanted.length > 0 && tries < TRIES; tries += 1) {
      if (!(await this.#untilReady(signal))) break;
      const lost: Slice[] = [];
      for (const result of await Promise.all(batches(wanted).map((batch) => this.#fetchInTurn(batch, signal)))) {
        got.push(...result.got);
        for (const failure of result.failed) {
          if (failure.why === 'lost') lost.push(failure.slice);
          else failed.push(failure);
        }
      }
      wanted = lost;
    }
    const why = signal.aborted ? 'aborted' : 'lost';
    failed.push(...wanted.map((slice) => ({ slice, why }) as const));
    return { got, failed };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelReopen();
    this.#socket?.close(CLOSE.leaving, 'the session is over');
    this.#lost();
    this.#wakeWaiting();
  }

  /** The protocol allows only so many fetches at a time; the others wait. */
  async #fetchInTurn(batch: readonly Slice[], signal: AbortSignal): Promise<FetchResult> {
    while (this.#fetching >= LIMITS.fetchesPerSocket) {
      await new Promise<void>((resolve) => {
        this.#turns.push(resolve);
      });
    }
    this.#fetching += 1;
    try {
      return await this.#fetcher.fetch(batch, signal);
    } finally {
      this.#fetching -= 1;
      this.#turns.shift()?.();
    }
  }

  #open(): void {
    const { platform, url, sessionId, dataKey } = this.#options;
    const socket = platform.openSocket(url, {
      opened: () => {
        if (this.#socket !== socket) return;
        this.#sendText({ type: 'hello', protocol: PROTOCOL, role: 'data', sessionId, dataKey });
      },
      text: (frame) => this.#guard(socket, () => this.#onMessage(readDataText(frame))),
      binary: (frame) =>
        this.#guard(socket, () => {
          const { header, payload } = readPiece(frame);
          this.#fetcher.onPiece(header, payload);
        }),
      closed: (_code, reason) => this.#onClosed(socket, reason),
    });
    this.#socket = socket;
  }

  #onMessage(message: DataMessage): void {
    switch (message.type) {
      case 'ready':
        this.#ready = true;
        this.#failures = 0;
        this.#wakeWaiting();
        return;
      case 'fetch':
        void this.#server.serve(message).catch((error: unknown) => {
          this.#options.log(`Serving blocks failed: ${(error as Error).message}`);
          this.#sendText({ type: 'done', fetchId: message.fetchId });
        });
        return;
      case 'credit':
        this.#server.onCredit(message.fetchId, message.bytes);
        return;
      case 'abort':
        // The same word ends a fetch of either side; ids are only known to the side that it concerns.
        this.#server.onAbort(message.fetchId);
        this.#fetcher.onDone(message.fetchId);
        return;
      case 'sliceFailed':
        this.#fetcher.onSliceFailed(message.fetchId, message.index, message.why);
        return;
      case 'done':
        this.#fetcher.onDone(message.fetchId);
        return;
      case 'hello':
        throw new BadMessageError('the coordinator said hello');
    }
  }

  #guard(socket: Socket, act: () => void): void {
    if (this.#socket !== socket) return;
    try {
      act();
    } catch (error) {
      if (!(error instanceof BadMessageError)) throw error;
      this.#options.log(`The data connection broke the protocol: ${error.message}.`);
      socket.close(CLOSE.badMessage, error.message);
      this.#onClosed(socket, error.message);
    }
  }

  #onClosed(socket: Socket, reason: string): void {
    if (this.#socket !== socket || this.#closed) return;
    this.#lost();
    const delayMs = Math.min(REOPEN_MOST_MS, REOPEN_FIRST_MS * 2 ** this.#failures);
    this.#failures += 1;
    if (this.#failures === 3) this.#options.log(`The data connection fails again and again (${reason || 'no reason given'}).`);
    this.#cancelReopen = this.#clock.after(delayMs, () => this.#open());
  }

  #lost(): void {
    this.#socket = undefined;
    this.#ready = false;
    this.#fetcher.socketLost();
    this.#server.socketLost();
  }

  /** False when the link was closed, the signal fired, or the socket did not become ready in time. */
  #untilReady(signal: AbortSignal, mostMs: number = LIMITS.transferIdleMs): Promise<boolean> {
    if (this.#ready) return Promise.resolve(!signal.aborted);
    if (this.#closed || signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const finish = (): void => {
        cancel();
        signal.removeEventListener('abort', finish);
        this.#waiting = this.#waiting.filter((w) => w !== finish);
        resolve(this.#ready && !signal.aborted);
      };
      const cancel = this.#clock.after(mostMs, finish);
      signal.addEventListener('abort', finish);
      this.#waiting.push(finish);
    });
  }

  #wakeWaiting(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  #sendText(message: DataMessage): void {
    this.#socket?.send(JSON.stringify(message));
  }
}

function batches(slices: readonly Slice[]): readonly (readonly Slice[])[] {
  const out: (readonly Slice[])[] = [];
  for (let at = 0; at < slices.length; at += LIMITS.slicesPerFetch) out.push(slices.slice(at, at + LIMITS.slicesPerFetch));
  return out;
}
