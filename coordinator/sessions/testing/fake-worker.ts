/** A scripted worker on a real socket: says what a test tells it to, and hands over what it hears in order. */

import { type ClientOptions, WebSocket } from 'ws';
import { digestOf, digestOfList } from '../../../shared/hash.ts';
import { NO_COSTS } from '../../../shared/plan/task.ts';
import { decodeFrame, encodeFrame } from '../../../shared/protocol/frames.ts';
import type { CoordinatorMessage, HelloMessage } from '../../../shared/protocol/session.ts';
import { PROTOCOL } from '../../../shared/protocol/version.ts';

export interface Heard<M = { readonly type: string }> {
  readonly message: M;
  readonly payload?: Uint8Array;
}

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** A socket whose frames are awaited one by one. */
export class TestSocket {
  readonly socket: WebSocket;
  readonly closed: Promise<Closed>;
  readonly #heard: Heard[] = [];
  #waiting: (() => void) | undefined;
  #over = false;

  constructor(url: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(url, { perMessageDeflate: false, ...options });
    this.socket.on('message', (data, isBinary) => {
      const { header, payload } = isBinary
        ? decodeFrame(data as Buffer, 1 << 24)
        : { header: JSON.parse(String(data)) as unknown, payload: undefined };
      this.#heard.push({ message: header as { type: string }, ...(payload && { payload }) });
      this.#waiting?.();
    });
    this.closed = new Promise((resolve) => {
      this.socket.on('error', () => undefined);
      this.socket.on('close', (code, reason) => {
        this.#over = true;
        this.#waiting?.();
        resolve({ code, reason: reason.toString() });
      });
    });
  }

  async open(): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.socket.once('open', resolve);
      this.socket.once('error', reject);
    });
    return this;
  }

  say(message: unknown, parts?: readonly Uint8Array[]): void {
    this.socket.send(parts ? encodeFrame(message, parts) : JSON.stringify(message));
  }

  /** The next frame; with `type`, the next of that type (others before it are dropped). */
  async next<M = { readonly type: string }>(type?: string): Promise<Heard<M>> {
    for (;;) {
      const heard = this.#heard.shift();
      if (heard) {
        if (type === undefined || heard.message.type === type) return heard as Heard<M>;
        continue;
      }
      if (this.#over) throw new Error(`the socket closed before ${type ?? 'a frame'} came`);
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }
}

type Lease = Extract<CoordinatorMessage, { type: 'lease' }>;
type Welcome = Extract<CoordinatorMessage, { type: 'welcome' }>;

export const HELLO: HelloMessage = {
  type: 'hello',
  protocol: PROTOCOL,
  role: 'worker',
  mode: 'headless',
  engine: { version: 'v1.5.6', flavour: 'wasm' },
  traits: { slots: 1, visibility: 'headless', paused: false, share: 1, memoryPerSlotBytes: 1 << 28 },
};

export class FakeWorker extends TestSocket {
  readonly welcome: Welcome;

  private constructor(url: string, options: ClientOptions, welcome: Welcome) {
    super(url, options);
    this.welcome = welcome;
  }

  /** Connects and says hello; resolves with the welcome. Rejects when it is turned away. */
  static async join(baseUrl: string, hello: Partial<HelloMessage> = {}, options: ClientOptions = {}): Promise<FakeWorker> {
    const worker = new FakeWorker(`${baseUrl.replace(/^http/, 'ws')}/v1/session`, options, undefined as unknown as Welcome);
    await worker.open();
    worker.say({ ...HELLO, ...hello });
    const { message } = await worker.next<Welcome>('welcome');
    return Object.assign(worker, { welcome: message });
  }

  /** The data socket of this session, ready. */
  async data(baseUrl: string): Promise<TestSocket> {
    const data = await new TestSocket(`${baseUrl.replace(/^http/, 'ws')}/v1/data`).open();
    const { sessionId, dataKey } = this.welcome;
    data.say({ type: 'hello', protocol: PROTOCOL, role: 'data', sessionId, dataKey });
    await data.next('ready');
    return data;
  }

  lease(): Promise<Heard<Lease>> {
    return this.next<Lease>('lease');
  }

  started(lease: Lease): void {
    this.say({ type: 'attemptStarted', attemptId: lease.attemptId, slot: lease.slot });
  }

  /** Reports one stream as the block; inline unless told otherwise. */
  succeed(lease: Lease, stream: Uint8Array, rows: number, how: { readonly inline?: boolean } = {}): void {
    const digest = digestOf(stream);
    const { attemptId } = lease;
    const { blockId } = lease.task;
    const report = {
      type: 'attemptSucceeded',
      attemptId,
      blockId,
      digest: digestOfList([digest]),
      buckets: [{ rows, bytes: stream.byteLength, digest }],
      costs: { ...NO_COSTS, computeMs: 1 },
      residents: [],
    };
    if (how.inline === false) {
      this.say(report);
      return;
    }
    const inline = [{ blockId, bucket: 0, digest, offset: 0, length: stream.byteLength }];
    this.say({ ...report, inline }, [stream]);
  }

  fail(lease: Lease, failure: unknown): void {
    this.say({ type: 'attemptFailed', attemptId: lease.attemptId, failure, residents: [] });
  }
}
