/**
 * Takes the binary messages off a data socket before ws sees them, while there is room, straight to where they will lie (RFC 6455, section 5): ws would
 * copy each frame once or twice into fresh memory, and browsers cut a message of 1 MiB into nine frames. All other frames go to
 * ws as they came; it also keeps the handshake, sends, and closes.
 */
import { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Held } from './held.ts';
import { MessageMemory } from './message-memory.ts';

export interface IntakeSink {
  /** Most bytes of a message to be taken now; undefined while ws is to have them. */
  readonly mostBytes: () => number | undefined;
  readonly message: (message: Held) => void;
  /** The peer broke the protocol; nothing more is taken from it. */
  readonly broken: (reason: string) => void;
}

const CONTINUATION = 0;
const BINARY = 2;
const CONTROL = 8;
const MASK_BYTES = 4;

interface Frame {
  readonly opcode: number;
  readonly fin: boolean;
  readonly reserved: boolean;
  readonly masked: boolean;
  readonly length: number;
  readonly mask: number;
}

/** Undefined when there is no plain socket under the WebSocket: then ws has all messages. */
export function takeMessages(socket: WebSocket, sink: IntakeSink): void {
  const raw = (socket as { readonly _socket?: unknown })._socket;
  if (!(raw instanceof Socket)) return;
  const [listener, ...others] = raw.listeners('data');
  if (!listener || others.length > 0) return;
  const intake = new MessageIntake(sink, (bytes) => Reflect.apply(listener, raw, [bytes]));
  raw.on('data', (chunk: Buffer) => intake.push(chunk));
  raw.off('data', listener as (chunk: Buffer) => void);
  socket.on('close', () => intake.close());
}

export class MessageIntake {
  readonly #sink: IntakeSink;
  readonly #pass: (bytes: Buffer) => void;
  /** Of the frame that comes next, as far as they are here. */
  readonly #head = Buffer.alloc(14);
  #headBytes = 0;
  #frame: Frame | undefined;
  /** Bytes of the frame that are still to come. */
  #left = 0;
  /** The message that is being taken, if any. */
  #message: MessageMemory | undefined;
  /** What comes is a fragment of a message that ws has begun. */
  #passes = false;
  #over = false;

  /** `pass`: frames that are not taken, bit by bit. */
  constructor(sink: IntakeSink, pass: (bytes: Buffer) => void) {
    this.#sink = sink;
    this.#pass = pass;
  }

  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && !this.#over; ) {
      if (!this.#frame) {
        at += this.#readHead(chunk, at);
        continue;
      }
      const end = Math.min(chunk.length, at + this.#left);
      this.#body(this.#frame, chunk.subarray(at, end));
      at = end;
    }
  }

  close(): void {
    this.#over = true;
    this.#message?.drop();
    this.#message = undefined;
  }

  /** Answers how many bytes it took. */
  #readHead(chunk: Buffer, at: number): number {
    const taken = chunk.copy(this.#head, this.#headBytes, at, at + headLength(this.#head, this.#headBytes) - this.#headBytes);
    this.#headBytes += taken;
    if (this.#headBytes === headLength(this.#head, this.#headBytes)) this.#begin(frameOf(this.#head, this.#headBytes));
    return taken;
  }

  #begin(frame: Frame): void {
    const head = this.#head.subarray(0, this.#headBytes);
    this.#headBytes = 0;
    this.#frame = frame;
    this.#left = frame.length;
    const most = this.#sink.mostBytes();
    const sound = frame.masked && !frame.reserved;
    if (this.#message && frame.opcode < CONTROL) {
      if (frame.opcode !== CONTINUATION || !sound) this.#break('a message began within another');
      else if (frame.length > this.#message.room) this.#break('binary message over the limit of its length');
    } else {
      const takes = frame.opcode === BINARY && sound && !this.#passes && most !== undefined && frame.length <= most;
      this.#message = takes ? MessageMemory.take(frame.fin ? frame.length : most) : this.#message;
      if (!takes || !this.#message) {
        if (frame.opcode < CONTROL) this.#passes = !frame.fin;
        this.#pass(Buffer.from(head));
        if (this.#left === 0) this.#frame = undefined;
        return;
      }
    }
    if (this.#left === 0 && !this.#over) this.#end(frame);
  }

  #body(frame: Frame, bytes: Buffer): void {
    const done = frame.length - this.#left;
    this.#left -= bytes.length;
    if (this.#message && frame.opcode < CONTROL) {
      const turned = (done & 3) * 8;
      const mask = turned === 0 ? frame.mask : (frame.mask >>> turned) | (frame.mask << (32 - turned));
      this.#message.append(bytes, mask);
      if (this.#left === 0) this.#end(frame);
    } else {
      this.#pass(bytes);
      if (this.#left === 0) this.#frame = undefined;
    }
  }

  #end(frame: Frame): void {
    this.#frame = undefined;
    const message = this.#message;
    if (!frame.fin || !message) return;
    this.#message = undefined;
    this.#sink.message(message.done());
  }

  #break(reason: string): void {
    this.close();
    this.#sink.broken(reason);
  }
}

/** Bytes of a frame's head, as far as `known` of its bytes tell. */
function headLength(head: Buffer, known: number): number {
  if (known < 2) return 2;
  const second = head[1] ?? 0;
  const length = second & 0x7f;
  return 2 + (length === 127 ? 8 : length === 126 ? 2 : 0) + (second & 0x80 ? MASK_BYTES : 0);
}

function frameOf(head: Buffer, bytes: number): Frame {
  const [first, second] = [head[0] ?? 0, head[1] ?? 0];
  const short = second & 0x7f;
  const length =
    short === 127 ? head.readUInt32BE(2) * 2 ** 32 + head.readUInt32BE(6) : short === 126 ? head.readUInt16BE(2) : short;
  const masked = (second & 0x80) !== 0;
  return {
    opcode: first & 0x0f,
    fin: (first & 0x80) !== 0,
    reserved: (first & 0x70) !== 0,
    masked,
    length,
    mask: masked ? head.readUInt32LE(bytes - MASK_BYTES) : 0,
  };
}
