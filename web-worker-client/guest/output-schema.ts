/** Reads the ArrowSchema that a guest emits with (B-34). */
import type { WireColumn } from '../../shared/arrow/schema.ts';
import { formatSqlType, parseSqlType, type SqlType, sameSqlType, UnsupportedTypeError } from '../../shared/arrow/types.ts';
import { authorError } from '../../shared/guest/guest-error.ts';
import { type Format, parseFormat, SCHEMA } from './formats.ts';
import { emitError, type GuestView } from './guest-view.ts';

export const EMIT_LIMITS = { depth: 16, nodes: 8192, formatBytes: 64, nameBytes: 1024 } as const;

export interface OutputNode {
  readonly name: string;
  /** For people: `column "x"`, `column "x", child 0`. */
  readonly where: string;
  /** Of what is stored: with a dictionary, its values. */
  readonly type: SqlType;
  /** Of what lies in the memory: with a dictionary, the indices. */
  readonly format: Format;
  readonly children: readonly OutputNode[];
  readonly dictionary: OutputNode | undefined;
}

const INDEX_TYPES = new Set(['TINYINT', 'UTINYINT', 'SMALLINT', 'USMALLINT', 'INTEGER', 'UINTEGER', 'BIGINT', 'UBIGINT']);

class SchemaReader {
  readonly #view: GuestView;
  #nodes = 0;

  constructor(view: GuestView) {
    this.#view = view;
  }

  root(at: number): readonly OutputNode[] {
    this.#node(at, 'the schema');
    const format = this.#view.text(this.#view.u32(at + SCHEMA.format), EMIT_LIMITS.formatBytes, 'the format of the schema');
    if (format !== '+s') throw emitError(`the schema must be a struct (+s), it is ${JSON.stringify(format)}`);
    const columns = this.#children(at, 'the schema', 1);
    if (columns.length === 0) throw emitError('the schema has no column');
    return columns;
  }

  /** Counts a node, and checks that its struct is in the memory. */
  #node(at: number, where: string): void {
    if (++this.#nodes > EMIT_LIMITS.nodes) throw emitError(`the schema has more than ${EMIT_LIMITS.nodes} nodes`);
    this.#view.check(at, SCHEMA.bytes, `${where}: its ArrowSchema`);
  }

  #children(at: number, where: string, depth: number): OutputNode[] {
    if (depth > EMIT_LIMITS.depth) throw emitError(`${where} is nested deeper than ${EMIT_LIMITS.depth} levels`);
    const count = this.#view.count(at + SCHEMA.childCount, `${where}: n_children`);
    if (count > EMIT_LIMITS.nodes) throw emitError(`${where} has ${count} children, ${EMIT_LIMITS.nodes} are the most`);
    if (count === 0) return [];
    const list = this.#view.u32(at + SCHEMA.children);
    this.#view.check(list, 4 * count, `${where}: its list of children`);
    return Array.from({ length: count }, (_, i) => this.#read(this.#view.u32(list + 4 * i), where, i, depth));
  }

  #read(at: number, parent: string, index: number, depth: number): OutputNode {
    const unnamed = `${parent === 'the schema' ? 'column' : `${parent}, child`} ${index}`;
    this.#node(at, unnamed);
    const format = this.#view.text(this.#view.u32(at + SCHEMA.format), EMIT_LIMITS.formatBytes, `${unnamed}: its format`);
    const namedAt = this.#view.u32(at + SCHEMA.name);
    const name = namedAt === 0 ? '' : this.#view.text(namedAt, EMIT_LIMITS.nameBytes, `${unnamed}: its name`);
    const where = parent === 'the schema' ? `column ${JSON.stringify(name)}` : unnamed;
    const children = this.#children(at, where, depth + 1);
    const parsed = parseFormat(format, children, where);
    const dictionaryAt = this.#view.u32(at + SCHEMA.dictionary);
    if (dictionaryAt === 0) return { name, where, type: parsed.type, format: parsed, children, dictionary: undefined };
    return this.#encoded(name, where, parsed, this.#read(dictionaryAt, `${where}, dictionary`, 0, depth + 1));
  }

  #encoded(name: string, where: string, indices: Format, dictionary: OutputNode): OutputNode {
    const { type } = indices;
    if (type.id !== 'scalar' || !INDEX_TYPES.has(type.name))
      throw emitError(`${where} has a dictionary, but no integers as indices`);
    const { kind } = dictionary.format.storage;
    const flat = kind === 'bool' || kind === 'fixed' || kind === 'utf8' || kind === 'binary';
    if (!flat || dictionary.dictionary !== undefined) {
      throw emitError(`${where} has a dictionary of nested values`, 'Emit the values themselves.');
    }
    return { name, where, type: dictionary.type, format: indices, children: [], dictionary };
  }
}

/** The columns of an emitted schema. Throws GuestError. */
export function readOutputSchema(view: GuestView, at: number): readonly OutputNode[] {
  return new SchemaReader(view).root(at);
}

/** Names and wire types, checked to be types that Muster moves. Throws GuestError. */
export function columnsOf(nodes: readonly OutputNode[]): WireColumn[] {
  return nodes.map((node) => {
    const wire = formatSqlType(node.type);
    try {
      parseSqlType(wire);
    } catch (error) {
      if (error instanceof UnsupportedTypeError) throw emitError(`${node.where} has a type that Muster does not move: ${wire}`);
      throw error;
    }
    return { name: node.name, wire };
  });
}

/** Throws GuestError unless the columns have the types that were declared for this port; names don't matter. */
export function checkDeclared(port: number, found: readonly WireColumn[], declared: readonly WireColumn[]): void {
  const hint = 'Declare the columns that the function emits, or emit the declared ones.';
  if (found.length !== declared.length) {
    const message = `the function emits ${found.length} columns to port ${port}, ${declared.length} are declared`;
    throw authorError('guest-output-type', message, hint);
  }
  declared.forEach((column, i) => {
    const wire = found[i]?.wire ?? '';
    if (sameSqlType(wire, column.wire)) return;
    const message = `the function emits ${JSON.stringify(found[i]?.name)} to port ${port} as ${wire}; declared is ${column.name} ${column.wire}`;
    throw authorError('guest-output-type', message, hint);
  });
}
