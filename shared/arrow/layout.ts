/**
 * Which buffers a column of a wire type has in an Arrow record batch. Every column has one node (length, null count) and a
 * validity buffer, then by kind:
 * - `bool`: bits; `fixed`: `width` bytes a row;
 * - `utf8`, `binary`: int32 offsets (rows + 1), bytes;
 * - `list`: int32 offsets, then the child; a MAP is a list of a two-field struct (`map: true`);
 * - `fixedList`: the child with `size` rows per row; `struct`: the children.
 */
import { invariant } from '../assert.ts';
import { parseSqlType, type SqlType, UnsupportedTypeError } from './types.ts';

export type Layout =
  | { readonly kind: 'bool' }
  | { readonly kind: 'fixed'; readonly width: number }
  | { readonly kind: 'utf8' }
  | { readonly kind: 'binary' }
  | { readonly kind: 'list'; readonly map: boolean; readonly child: Layout }
  | { readonly kind: 'fixedList'; readonly size: number; readonly child: Layout }
  | { readonly kind: 'struct'; readonly children: readonly Layout[] };

const WIDTHS: Readonly<Record<string, number>> = {
  TINYINT: 1,
  UTINYINT: 1,
  SMALLINT: 2,
  USMALLINT: 2,
  INTEGER: 4,
  UINTEGER: 4,
  FLOAT: 4,
  DATE: 4,
  BIGINT: 8,
  UBIGINT: 8,
  DOUBLE: 8,
  TIME: 8,
  TIME_NS: 8,
  TIMESTAMP: 8,
  TIMESTAMP_NS: 8,
  'TIMESTAMP WITH TIME ZONE': 8,
  // Months and days as int32, then nanoseconds as int64.
  INTERVAL: 16,
};

export function layoutOfType(type: SqlType): Layout {
  switch (type.id) {
    case 'scalar': {
      if (type.name === 'BOOLEAN') return { kind: 'bool' };
      if (type.name === 'VARCHAR') return { kind: 'utf8' };
      if (type.name === 'BLOB') return { kind: 'binary' };
      const width = WIDTHS[type.name];
      if (width === undefined) throw new UnsupportedTypeError(type.name);
      return { kind: 'fixed', width };
    }
    case 'decimal':
      return { kind: 'fixed', width: 16 };
    case 'list':
      return { kind: 'list', map: false, child: layoutOfType(type.child) };
    case 'array':
      return { kind: 'fixedList', size: type.size, child: layoutOfType(type.child) };
    case 'struct':
      return { kind: 'struct', children: type.fields.map((f) => layoutOfType(f.type)) };
    case 'map':
      return {
        kind: 'list',
        map: true,
        child: { kind: 'struct', children: [layoutOfType(type.key), layoutOfType(type.value)] },
      };
    case 'enum':
      throw new UnsupportedTypeError('ENUM');
  }
}

/** Layout of a wire type (wireTypeOf). Throws UnsupportedTypeError for a type that is not one. */
export function layoutOf(wire: string): Layout {
  return layoutOfType(parseSqlType(wire));
}

/** Nodes and buffers that a column takes in a record batch, itself and its children. */
export function layoutCounts(layout: Layout): { readonly nodes: number; readonly buffers: number } {
  switch (layout.kind) {
    case 'bool':
    case 'fixed':
      return { nodes: 1, buffers: 2 };
    case 'utf8':
    case 'binary':
      return { nodes: 1, buffers: 3 };
    case 'list': {
      const child = layoutCounts(layout.child);
      return { nodes: 1 + child.nodes, buffers: 2 + child.buffers };
    }
    case 'fixedList': {
      const child = layoutCounts(layout.child);
      return { nodes: 1 + child.nodes, buffers: 1 + child.buffers };
    }
    case 'struct': {
      invariant(layout.children.length > 0, 'a struct without fields');
      let nodes = 1;
      let buffers = 1;
      for (const child of layout.children) {
        const counts = layoutCounts(child);
        nodes += counts.nodes;
        buffers += counts.buffers;
      }
      return { nodes, buffers };
    }
  }
}
