/** How values of a type look to a script, and how they get there. */
import type { SqlType } from '../../shared/arrow/types.ts';

export type ValueKind =
  | { readonly kind: 'same' | 'big' | 'float' | 'blob' }
  | { readonly kind: 'list'; readonly item: ValueKind }
  | { readonly kind: 'map'; readonly key: ValueKind; readonly item: ValueKind }
  | { readonly kind: 'struct'; readonly fields: readonly (readonly [name: string, kind: ValueKind])[] }
  /** The column's bytes are the elements of a typed array. */
  | { readonly kind: 'typed'; readonly array: string };

const TYPED: Readonly<Record<string, string>> = {
  TINYINT: 'Int8Array',
  UTINYINT: 'Uint8Array',
  SMALLINT: 'Int16Array',
  USMALLINT: 'Uint16Array',
  INTEGER: 'Int32Array',
  UINTEGER: 'Uint32Array',
  BIGINT: 'BigInt64Array',
  UBIGINT: 'BigUint64Array',
  FLOAT: 'Float32Array',
  DOUBLE: 'Float64Array',
};

const BIG: ReadonlySet<string> = new Set(['BIGINT', 'UBIGINT', 'HUGEINT', 'UHUGEINT']);

/** Within nested values. */
function nestedKind(type: SqlType): ValueKind {
  switch (type.id) {
    case 'scalar':
      if (BIG.has(type.name)) return { kind: 'big' };
      if (type.name === 'FLOAT' || type.name === 'DOUBLE') return { kind: 'float' };
      return { kind: type.name === 'BLOB' ? 'blob' : 'same' };
    case 'list':
    case 'array':
      return { kind: 'list', item: nestedKind(type.child) };
    case 'map':
      return { kind: 'map', key: nestedKind(type.key), item: nestedKind(type.value) };
    case 'struct':
      return { kind: 'struct', fields: type.fields.map((field) => [field.name, nestedKind(field.type)] as const) };
    default:
      return { kind: 'same' };
  }
}

/** Of a column. */
export function columnKind(type: SqlType): ValueKind {
  const array = type.id === 'scalar' ? TYPED[type.name] : undefined;
  return array === undefined ? nestedKind(type) : { kind: 'typed', array };
}
