/**
 * Takes lines `reporter:counter:GROUP,COUNTER,AMOUNT` out of what a program writes to stderr, as Hadoop's streaming does (S-36); all else
 * goes on to the log as it came.
 */
import { authorError } from '../../shared/guest/guest-error.ts';

const UTF8 = new TextEncoder();
const MARK = UTF8.encode('reporter:counter:');
const LINE_FEED = 10;
/** A longer line has a name that is too long. */
const LINE_BYTES = 256;

export interface CounterLinesTo {
  readonly add: (name: string, amount: number) => void;
  readonly log: (bytes: Uint8Array) => void;
}

export class CounterLines {
  readonly #to: CounterLinesTo;
  /** The line at hand as far as it may be a counter's. */
  readonly #line = new Uint8Array(LINE_BYTES);
  #held = 0;
  /** The line at hand is none: it goes on up to its end. */
  #passing = false;

  constructor(to: CounterLinesTo) {
    this.#to = to;
  }

  /** Throws GuestError for a counter's line that can't be read. */
  add(bytes: Uint8Array): void {
    let from = 0;
    while (from < bytes.length) from = this.#passing ? this.#pass(bytes, from) : this.#take(bytes, from);
  }

  /** A last line without a line feed. */
  finish(): void {
    if (this.#held >= MARK.length) this.#count();
    else this.abandon();
  }

  /** The program has failed: what is left is words. */
  abandon(): void {
    if (this.#held > 0) this.#to.log(this.#line.slice(0, this.#held));
    this.#held = 0;
  }

  /** Through the end of a line of the log. Lines after it that are none of ours either go with it. */
  #pass(bytes: Uint8Array, from: number): number {
    let to = from;
    while (this.#passing && to < bytes.length) {
      const found = bytes.indexOf(LINE_FEED, to);
      to = found < 0 ? bytes.length : found + 1;
      this.#passing = found < 0 || (to < bytes.length && bytes[to] !== MARK[0]);
    }
    this.#to.log(bytes.subarray(from, to));
    return to;
  }

  #take(bytes: Uint8Array, from: number): number {
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0;
      if (this.#held < MARK.length && byte !== MARK[this.#held]) {
        this.abandon();
        this.#passing = true;
        return at;
      }
      if (byte === LINE_FEED) {
        this.#count();
        return at + 1;
      }
      if (this.#held === LINE_BYTES) throw wrongLine(this.#text(), `it has more than ${LINE_BYTES} bytes`);
      this.#line[this.#held++] = byte;
    }
    return bytes.length;
  }

  #text(): string {
    return new TextDecoder().decode(this.#line.subarray(0, this.#held));
  }

  #count(): void {
    const line = this.#text();
    this.#held = 0;
    // Commas in the counter's name stay in it: the amount is what follows the last.
    const found = /^([^,]+),(.+),([^,]*)$/.exec(line.slice(MARK.length).trimEnd());
    if (!found) throw wrongLine(line, 'it has no group, counter and amount');
    const [, group = '', counter = '', text = ''] = found;
    const amount = text.trim() === '' ? Number.NaN : Number(text);
    if (!Number.isFinite(amount)) throw wrongLine(line, `its amount is ${JSON.stringify(text)}`);
    this.#to.add(`${group}.${counter}`, amount);
  }
}

const wrongLine = (line: string, why: string) =>
  authorError(
    'guest-accumulator',
    `The program wrote ${JSON.stringify(line.slice(0, 100))} to stderr: ${why}.`,
    'Write reporter:counter:GROUP,COUNTER,AMOUNT with a finite number as the amount.',
  );
