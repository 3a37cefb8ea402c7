/** Lays batches out in a guest's memory as Arrow C structs (B-30 to B-33). */
import type { Layout } from '../../shared/arrow/layout.ts';
import { layoutOfType } from '../../shared/arrow/layout.ts';
import type { WireColumn } from '../../shared/arrow/schema.ts';
import { parseSqlType, type SqlType } from '../../shared/arrow/types.ts';
import { ARRAY, formatOf, NULLABLE, SCHEMA } from './formats.ts';
import type { InputPiece } from './input-pieces.ts';

interface InputNode {
  /** Format and name, each with its NUL. */
  readonly format: Uint8Array;
  readonly name: Uint8Array;
  readonly flags: number;
  readonly children: readonly InputNode[];
}

/** The columns of an input, read once for all its batches. */
export interface InputSchema {
  readonly layouts: readonly Layout[];
  readonly root: InputNode;
}

const ALIGNMENT = 64;
const align = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
const terminated = (text: string): Uint8Array => new TextEncoder().encode(`${text}\0`);

function inputNode(name: string, type: SqlType, flags = NULLABLE): InputNode {
  return { format: terminated(formatOf(type)), name: terminated(name), flags, children: childNodes(type) };
}

function childNodes(type: SqlType): InputNode[] {
  switch (type.id) {
    case 'list':
    case 'array':
      return [inputNode('l', type.child)];
    case 'struct':
      return type.fields.map((f) => inputNode(f.name, f.type));
    case 'map': {
      const key = inputNode('key', type.key, 0);
      const value = inputNode('value', type.value);
      return [{ format: terminated('+s'), name: terminated('entries'), flags: 0, children: [key, value] }];
    }
    default:
      return [];
  }
}

export function inputSchema(columns: readonly WireColumn[]): InputSchema {
  const types = columns.map((c) => parseSqlType(c.wire));
  const children = columns.map((c, i) => inputNode(c.name, types[i] as SqlType));
  return {
    layouts: types.map(layoutOfType),
    root: { format: terminated('+s'), name: terminated(''), flags: 0, children },
  };
}

function schemaBytes(node: InputNode): number {
  const own = align(SCHEMA.bytes + 4 * node.children.length) + align(node.format.length + node.name.length);
  return node.children.reduce((sum, child) => sum + schemaBytes(child), own);
}

function pieceBytes(piece: InputPiece): number {
  let bytes = align(ARRAY.bytes + 4 * (piece.buffers.length + piece.children.length));
  for (const buffer of piece.buffers) bytes += align(buffer?.length ?? 0);
  return piece.children.reduce((sum, child) => sum + pieceBytes(child), bytes);
}

/** The batch as the root's piece. */
export const rootPiece = (rows: number, columns: readonly InputPiece[]): InputPiece => ({
  rows,
  nulls: 0,
  buffers: [null],
  children: columns,
});

/** Bytes that a batch takes, from an address that is a multiple of 64. */
export const inputBytes = (schema: InputSchema, batch: InputPiece): number => schemaBytes(schema.root) + pieceBytes(batch);

export class InputWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;

  /** `memory` must have inputBytes() bytes from `at` on. */
  constructor(memory: ArrayBuffer, at: number) {
    this.#bytes = new Uint8Array(memory);
    this.#view = new DataView(memory);
    this.#at = at;
  }

  /** Returns the addresses of the schema and the array. */
  write(schema: InputSchema, batch: InputPiece): readonly [schema: number, array: number] {
    return [this.#schema(schema.root), this.#array(batch)];
  }

  /** The place of `bytes` bytes, zeroed up to the next multiple of 64. */
  #take(bytes: number): number {
    const at = this.#at;
    this.#at = at + align(bytes);
    return at;
  }

  #schema(node: InputNode): number {
    const size = SCHEMA.bytes + 4 * node.children.length;
    const at = this.#take(size);
    const format = this.#take(node.format.length + node.name.length);
    this.#bytes.fill(0, at, this.#at);
    this.#bytes.set(node.format, format);
    this.#bytes.set(node.name, format + node.format.length);
    const view = this.#view;
    view.setUint32(at + SCHEMA.format, format, true);
    view.setUint32(at + SCHEMA.name, format + node.format.length, true);
    view.setUint32(at + SCHEMA.flags, node.flags, true);
    view.setUint32(at + SCHEMA.childCount, node.children.length, true);
    view.setUint32(at + SCHEMA.children, at + SCHEMA.bytes, true);
    node.children.forEach((child, i) => {
      view.setUint32(at + SCHEMA.bytes + 4 * i, this.#schema(child), true);
    });
    return at;
  }

  #array(piece: InputPiece): number {
    const buffers = piece.buffers.length;
    const at = this.#take(ARRAY.bytes + 4 * (buffers + piece.children.length));
    this.#bytes.fill(0, at, this.#at);
    const view = this.#view;
    view.setUint32(at + ARRAY.length, piece.rows, true);
    view.setUint32(at + ARRAY.nullCount, piece.nulls, true);
    view.setUint32(at + ARRAY.bufferCount, buffers, true);
    view.setUint32(at + ARRAY.childCount, piece.children.length, true);
    view.setUint32(at + ARRAY.buffers, at + ARRAY.bytes, true);
    view.setUint32(at + ARRAY.children, at + ARRAY.bytes + 4 * buffers, true);
    piece.buffers.forEach((buffer, i) => {
      view.setUint32(at + ARRAY.bytes + 4 * i, buffer === null ? 0 : this.#buffer(buffer), true);
    });
    piece.children.forEach((child, i) => {
      view.setUint32(at + ARRAY.bytes + 4 * (buffers + i), this.#array(child), true);
    });
    return at;
  }

  #buffer(buffer: Uint8Array): number {
    const at = this.#take(buffer.length);
    this.#bytes.set(buffer, at);
    this.#bytes.fill(0, at + buffer.length, this.#at);
    return at;
  }
}
