/** Tabs for measuring the relay, all in one process: each serves what it holds and fetches what it is told to. */
import { WebSocket } from 'ws';
import { LIMITS } from '../../../shared/limits.ts';
import { decodeFrame, encodeFrame } from '../../../shared/protocol/frames.ts';
import { PROTOCOL } from '../../../shared/protocol/version.ts';

export interface LoadSlice {
  readonly blockId: string;
  readonly bucket: number;
  readonly digest: string;
  readonly bytes: number;
}

export interface LoadFetch {
  readonly tab: string;
  readonly slices: readonly LoadSlice[];
  /** Bytes that the reader takes in a second; absent: as fast as it can. */
  readonly bytesPerSecond?: number;
  /** Takes nothing beyond its first credit before the fetch of this tab is done. */
  readonly after?: string;
}

export interface ToClients {
  readonly type: 'run';
  readonly port: number;
  readonly tabs: readonly string[];
  /** Seed byte of each block's content by its id: a slice is that byte over and over. */
  readonly fill: { readonly [blockId: string]: number };
  readonly sizes: { readonly [blockId: string]: readonly number[] };
  readonly fetches: readonly LoadFetch[];
}

export interface FromClients {
  readonly type: 'done';
  readonly ms: number;
  readonly fetches: readonly {
    readonly tab: string;
    readonly bytes: number;
    readonly failed: readonly string[];
    readonly ms: number;
  }[];
  /** Slices asked of tabs by the coordinator, and in how many requests. */
  readonly served: { readonly requests: number; readonly slices: number; readonly bytes: number };
}

type Message = { readonly type: string; readonly fetchId: string } & { readonly [name: string]: unknown };

interface Serving {
  credit: number;
  wake: () => void;
  gone: boolean;
}

interface Fetching {
  readonly fetchId: string;
  bytes: number;
  owed: number;
  readonly failed: string[];
  readonly rate: number | undefined;
  readonly held: Promise<unknown>;
  readonly fromMs: number;
  readonly done: () => void;
}

const ZEROS = new Map<number, Uint8Array>();

class Tab {
  readonly #socket: WebSocket;
  readonly #run: ToClients;
  readonly served: { requests: number; slices: number; bytes: number };
  readonly #serving = new Map<string, Serving>();
  readonly #fetching = new Map<string, Fetching>();
  #ready: () => void = () => undefined;

  constructor(name: string, run: ToClients, served: Tab['served']) {
    this.#run = run;
    this.served = served;
    this.#socket = new WebSocket(`ws://127.0.0.1:${run.port}/v1/data`, { perMessageDeflate: false });
    this.#socket.on('open', () => this.#say({ type: 'hello', protocol: PROTOCOL, role: 'data', sessionId: name, dataKey: 'k' }));
    this.#socket.on('message', (data, isBinary) => this.#hear(data as Buffer, isBinary));
  }

  ready(): Promise<void> {
    return new Promise((resolve) => {
      this.#ready = resolve;
    });
  }

  fetch(slices: readonly LoadSlice[], rate: number | undefined, held: Promise<unknown> | undefined): Promise<Fetching> {
    return new Promise((resolve) => {
      const fetchId = `f${this.#fetching.size}`;
      const fetching: Fetching = {
        fetchId,
        bytes: 0,
        owed: 0,
        failed: [],
        rate,
        held: held ?? Promise.resolve(),
        fromMs: performance.now(),
        done: () => resolve(fetching),
      };
      this.#fetching.set(fetchId, fetching);
      const wanted = slices.map(({ blockId, bucket, digest }) => ({ blockId, bucket, digest }));
      this.#say({ type: 'fetch', fetchId, slices: wanted, creditBytes: LIMITS.creditBytes });
    });
  }

  close(): void {
    this.#socket.terminate();
  }

  #say(message: unknown): void {
    this.#socket.send(JSON.stringify(message));
  }

  #hear(data: Buffer, isBinary: boolean): void {
    if (isBinary) {
      const { header, payload } = decodeFrame(data, 1 << 20);
      this.#piece((header as Message).fetchId, payload.byteLength);
      return;
    }
    const message = JSON.parse(data.toString()) as Message;
    const fetching = this.#fetching.get(message.fetchId);
    if (message.type === 'ready') this.#ready();
    else if (message.type === 'fetch') void this.#serve(message);
    else if (message.type === 'credit') {
      const serving = this.#serving.get(message.fetchId);
      if (serving) serving.credit += message.bytes as number;
      serving?.wake();
    } else if (message.type === 'abort') {
      const serving = this.#serving.get(message.fetchId);
      if (serving) serving.gone = true;
      serving?.wake();
    } else if (message.type === 'sliceFailed') fetching?.failed.push(`${message.index as number} ${message.why as string}`);
    else if (message.type === 'done') fetching?.done();
  }

  #piece(fetchId: string, bytes: number): void {
    const fetching = this.#fetching.get(fetchId);
    if (!fetching) return;
    fetching.bytes += bytes;
    if (fetching.rate !== undefined) {
      setTimeout(() => this.#say({ type: 'credit', fetchId, bytes }), this.#dueMs(fetching));
      return;
    }
    fetching.owed += bytes;
    if (fetching.owed < LIMITS.creditBytes / 4) return;
    const { owed } = fetching;
    fetching.owed = 0;
    void fetching.held.then(() => this.#say({ type: 'credit', fetchId, bytes: owed }));
  }

  /** A slow reader gives credit back at its own rate. */
  #dueMs({ bytes, rate = 1, fromMs }: Fetching): number {
    return Math.max(0, fromMs + (bytes / rate) * 1000 - performance.now());
  }

  async #serve(message: Message): Promise<void> {
    const { fetchId } = message;
    const serving: Serving = { credit: message.creditBytes as number, wake: () => undefined, gone: false };
    this.#serving.set(fetchId, serving);
    const slices = message.slices as readonly { readonly blockId: string; readonly bucket: number }[];
    this.served.requests++;
    this.served.slices += slices.length;
    for (const [index, { blockId, bucket }] of slices.entries()) {
      const total = this.#run.sizes[blockId]?.[bucket] ?? 0;
      this.served.bytes += total;
      for (let offset = 0; offset < total && !serving.gone; ) {
        while (serving.credit === 0 && !serving.gone) await this.#wait(serving);
        // A tab's socket takes frames as fast as the network does.
        while (this.#socket.bufferedAmount > 4 << 20) await new Promise((resolve) => setImmediate(resolve));
        const size = Math.min(LIMITS.pieceBytes, serving.credit, total - offset);
        const header = { type: 'piece', fetchId, index, offset, total, codec: 'raw', rawBytes: total };
        this.#socket.send(encodeFrame(header, [filled(this.#run.fill[blockId] ?? 0).subarray(0, size)]));
        serving.credit -= size;
        offset += size;
      }
      if (serving.gone) return;
    }
    this.#serving.delete(fetchId);
    this.#say({ type: 'done', fetchId });
  }

  #wait(serving: Serving): Promise<void> {
    return new Promise((resolve) => {
      serving.wake = resolve;
    });
  }
}

export function filled(byte: number): Uint8Array {
  let bytes = ZEROS.get(byte);
  if (!bytes) {
    bytes = new Uint8Array(LIMITS.pieceBytes).fill(byte);
    ZEROS.set(byte, bytes);
  }
  return bytes;
}

async function run(message: ToClients): Promise<FromClients> {
  const served = { requests: 0, slices: 0, bytes: 0 };
  const tabs = new Map(message.tabs.map((name) => [name, new Tab(name, message, served)]));
  await Promise.all([...tabs.values()].map((tab) => tab.ready()));
  const fromMs = performance.now();
  const running = new Map<string, Promise<Fetching | undefined>>();
  for (const { tab, slices, bytesPerSecond, after } of message.fetches) {
    const held = after === undefined ? undefined : running.get(after);
    running.set(tab, tabs.get(tab)?.fetch(slices, bytesPerSecond, held) ?? Promise.resolve(undefined));
  }
  const fetches = await Promise.all(
    [...running].map(async ([tab, fetching]) => {
      const { bytes, failed } = (await fetching) ?? { bytes: 0, failed: ['no such tab'] };
      return { tab, bytes, failed, ms: performance.now() - fromMs };
    }),
  );
  const ms = performance.now() - fromMs;
  for (const tab of tabs.values()) tab.close();
  return { type: 'done', ms, fetches, served };
}

if (process.send) {
  process.on('message', (message: ToClients) => void run(message).then((done) => process.send?.(done)));
  process.on('disconnect', () => process.exit(0));
}
