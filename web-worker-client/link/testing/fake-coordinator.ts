/** A coordinator of few words: real WebSockets, every message by hand. For tests of the link. */
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { DataMessage, PieceHeader } from '../../../shared/protocol/data.ts';
import { decodeFrame, encodeFrame } from '../../../shared/protocol/frames.ts';
import type { CoordinatorMessage, WorkerMessage } from '../../../shared/protocol/session.ts';

export interface Received<M> {
  readonly message: M;
  readonly payload: Uint8Array;
}

/** Messages in order of arrival; `next` waits for the first one that fits and was not taken before. */
export class Inbox<M extends { readonly type: string }> {
  readonly all: Received<M>[] = [];
  readonly #untaken: Received<M>[] = [];
  #waiting: { readonly fits: (r: Received<M>) => boolean; readonly resolve: (r: Received<M>) => void }[] = [];

  push(received: Received<M>): void {
    this.all.push(received);
    const waiting = this.#waiting.find((w) => w.fits(received));
    if (!waiting) {
      this.#untaken.push(received);
      return;
    }
    this.#waiting = this.#waiting.filter((w) => w !== waiting);
    waiting.resolve(received);
  }

  next<T extends M['type']>(
    type: T,
    fits: (message: Extract<M, { readonly type: T }>) => boolean = () => true,
  ): Promise<Received<Extract<M, { readonly type: T }>>> {
    type Wanted = Extract<M, { readonly type: T }>;
    const matches = (r: Received<M>): boolean => r.message.type === type && fits(r.message as Wanted);
    const at = this.#untaken.findIndex(matches);
    if (at >= 0) return Promise.resolve(this.#untaken.splice(at, 1)[0] as Received<Wanted>);
    return new Promise((resolve) => {
      this.#waiting.push({ fits: matches, resolve: (r) => resolve(r as Received<Wanted>) });
    });
  }
}

export type DataIn = DataMessage | PieceHeader;

export class FakePeer<M extends { readonly type: string }> {
  readonly inbox = new Inbox<M>();
  readonly socket: WebSocket;
  /** Resolves with the code when the socket is closed. */
  readonly closed: Promise<number>;

  constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.on('close', (code) => resolve(code));
    });
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (!isBinary) {
        this.inbox.push({ message: JSON.parse(data.toString()) as M, payload: new Uint8Array(0) });
        return;
      }
      const { header, payload } = decodeFrame(data, 1 << 20);
      this.inbox.push({ message: header as M, payload });
    });
  }

  sendText(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }

  sendBinary(header: unknown, parts: readonly Uint8Array[]): void {
    this.socket.send(encodeFrame(header, parts));
  }
}

export class SessionPeer extends FakePeer<WorkerMessage> {
  /** Closes a session whose tab leaves: there is nothing to hand over. */
  closesLeaving = true;

  constructor(socket: WebSocket) {
    super(socket);
    void this.inbox.next('leaving').then((leaving) => {
      this.inbox.push(leaving);
      if (this.closesLeaving) socket.close(1000, 'nothing to hand over');
    });
  }

  tell(message: CoordinatorMessage, parts?: readonly Uint8Array[]): void {
    if (parts) this.sendBinary(message, parts);
    else this.sendText(message);
  }
}

export class DataPeer extends FakePeer<DataIn> {
  tell(message: DataMessage): void {
    this.sendText(message);
  }
}

export class FakeCoordinator {
  readonly url: string;
  readonly #server: WebSocketServer;
  readonly #sessions: SessionPeer[] = [];
  readonly #datas: DataPeer[] = [];
  #onSession: ((peer: SessionPeer) => void)[] = [];
  #onData: ((peer: DataPeer) => void)[] = [];
  #count = 0;

  private constructor(server: WebSocketServer) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connection', (socket, request) => {
      if (request.url === '/v1/session') deliver(new SessionPeer(socket), this.#sessions, this.#onSession);
      else deliver(new DataPeer(socket), this.#datas, this.#onData);
    });
  }

  static async open(): Promise<FakeCoordinator> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await new Promise<void>((resolve) => {
      server.on('listening', () => resolve());
    });
    return new FakeCoordinator(server);
  }

  nextSession(): Promise<SessionPeer> {
    return take(this.#sessions, this.#onSession);
  }

  nextData(): Promise<DataPeer> {
    return take(this.#datas, this.#onData);
  }

  /** Takes the next worker in: hello, welcome, data socket ready. */
  async admit(storeId = 'store-1'): Promise<{ readonly session: SessionPeer; readonly data: DataPeer }> {
    const session = await this.nextSession();
    const { message: hello } = await session.inbox.next('hello');
    this.#count += 1;
    session.tell({
      type: 'welcome',
      workerId: hello.workerId ?? `w-${this.#count}`,
      sessionId: `s-${this.#count}`,
      storeId,
      dataKey: 'key',
      heartbeatMs: 2000,
    });
    const data = await this.nextData();
    await data.inbox.next('hello');
    data.tell({ type: 'ready' });
    return { session, data };
  }

  async close(): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}

function deliver<P>(peer: P, queue: P[], waiting: ((peer: P) => void)[]): void {
  const first = waiting.shift();
  if (first) first(peer);
  else queue.push(peer);
}

function take<P>(queue: P[], waiting: ((peer: P) => void)[]): Promise<P> {
  const first = queue.shift();
  if (first) return Promise.resolve(first);
  return new Promise((resolve) => {
    waiting.push(resolve);
  });
}
