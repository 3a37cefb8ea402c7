import { IpcError } from '../../shared/arrow/ipc.ts';
import { bodyBytes, metadataBytes, PREFIX_BYTES } from './message-head.ts';

/** The record batches of one Arrow stream, which comes bit by bit: all but the schema and the end, and but for heads not copied. */
export class StreamBody {
  readonly #check: (schema: Uint8Array) => void;
  /** Bytes of the stream that are still to come. */
  #left: number;
  #head = new Uint8Array(PREFIX_BYTES);
  #headBytes = 0;
  /** Of the message that is passing. */
  #bodyLeft = 0;
  #isBegun = false;
  #isOver = false;

  /** `check`: throws when the schema message is not the right one. */
  constructor(streamBytes: number, check: (schema: Uint8Array) => void) {
    this.#left = streamBytes;
    this.#check = check;
  }

  /** What of the next bytes passes. @throws IpcError */
  take(bytes: Uint8Array): readonly Uint8Array[] {
    const passing: Uint8Array[] = [];
    for (let at = 0; at < bytes.length && !this.#isOver; ) {
      const wanted = this.#bodyLeft > 0 ? this.#bodyLeft : this.#head.length - this.#headBytes;
      const part = bytes.subarray(at, at + wanted);
      at += part.length;
      this.#left -= part.length;
      if (this.#bodyLeft > 0) {
        this.#bodyLeft -= part.length;
        passing.push(part);
        continue;
      }
      this.#head.set(part, this.#headBytes);
      this.#headBytes += part.length;
      if (this.#headBytes === this.#head.length) this.#headCame(passing);
    }
    return passing;
  }

  /** All bytes came. @throws IpcError when the stream is cut short */
  end(): void {
    if (!this.#isBegun) throw new IpcError('a slice of the result has no schema');
    if (!this.#isOver && (this.#headBytes > 0 || this.#bodyLeft > 0)) throw new IpcError('the stream ends within a message');
  }

  #headCame(passing: Uint8Array[]): void {
    const head = this.#head;
    if (head.length === PREFIX_BYTES) {
      const metaBytes = metadataBytes(head, this.#left);
      if (metaBytes === 0) {
        this.#isOver = true;
        return;
      }
      this.#head = new Uint8Array(PREFIX_BYTES + metaBytes);
      this.#head.set(head);
      return;
    }
    this.#bodyLeft = bodyBytes(head.subarray(PREFIX_BYTES), this.#left);
    if (this.#isBegun) passing.push(head);
    else {
      if (this.#bodyLeft > 0) throw new IpcError('a schema has no body');
      this.#check(head);
      this.#isBegun = true;
    }
    this.#head = new Uint8Array(PREFIX_BYTES);
    this.#headBytes = 0;
  }
}
