/** For tests: Arrow C structs, honest or not, in an image of a guest's memory, and a guest that emits what stands there. */
import { guest } from '../../../shared/guest/testing/wat.ts';

export const IMAGE_AT = 4096;

export interface SchemaText {
  readonly format: string;
  readonly name?: string;
  readonly children?: readonly number[];
  readonly dictionary?: number;
}

export interface ArrayText {
  readonly length: number | bigint;
  readonly nullCount?: number;
  readonly offset?: number | bigint;
  /** Addresses. */
  readonly buffers: readonly number[];
  readonly children?: readonly number[];
  readonly dictionary?: number;
}

export class CData {
  #bytes: number[] = [];

  /** Places bytes at a multiple of `align` plus `skew`; returns their address. */
  bytes(bytes: ArrayLike<number>, align = 8, skew = 0): number {
    while ((IMAGE_AT + this.#bytes.length) % align !== skew) this.#bytes.push(0);
    const at = IMAGE_AT + this.#bytes.length;
    for (let i = 0; i < bytes.length; i++) this.#bytes.push(bytes[i] ?? 0);
    return at;
  }

  values(array: ArrayBufferView, align = 8, skew = 0): number {
    return this.bytes(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), align, skew);
  }

  text(text: string): number {
    return this.bytes(new TextEncoder().encode(`${text}\0`), 1);
  }

  u32s(...values: readonly number[]): number {
    return this.values(Uint32Array.from(values));
  }

  schema({ format, name = 'x', children = [], dictionary = 0 }: SchemaText): number {
    const words = [this.text(format), this.text(name), 0, 0, 2, 0, children.length, 0, this.u32s(...children), dictionary, 0, 0];
    return this.u32s(...words);
  }

  array({ length, nullCount = -1, offset = 0, buffers, children = [], dictionary = 0 }: ArrayText): number {
    const head = BigInt64Array.from([length, nullCount, offset, buffers.length, children.length].map(BigInt));
    const tail = Uint32Array.of(this.u32s(...buffers), this.u32s(...children), dictionary, 0, 0, 0);
    return this.bytes([...new Uint8Array(head.buffer), ...new Uint8Array(tail.buffer)]);
  }

  /** A struct of one column. */
  root(schema: number, array: number, length: number, offset = 0): { readonly schema: number; readonly array: number } {
    return {
      schema: this.schema({ format: '+s', name: '', children: [schema] }),
      array: this.array({ length, offset, nullCount: 0, buffers: [0], children: [array] }),
    };
  }

  get image(): string {
    return this.#bytes.map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
  }
}

/** A guest that emits these structs at END_FINAL. */
export function emitting(
  data: CData,
  { schema, array }: { readonly schema: number; readonly array: number },
): Uint8Array<ArrayBuffer> {
  return guest({
    more: `(data (i32.const ${IMAGE_AT}) "${data.image}")`,
    body: `(if (i32.eq (local.get $event) (i32.const 4))
      (then (call $emit (i32.const 0) (i32.const ${schema}) (i32.const ${array})))) (i32.const 0)`,
  });
}
