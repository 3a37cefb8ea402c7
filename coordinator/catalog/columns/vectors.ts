/**
 * Raw access to native DuckDB's vectors. The views are over the engine's own memory: valid only while the data chunk lives, and
 * never written. node-api's vector classes are passed by because they make an object per value.
 */
import bindings from '@duckdb/node-bindings';
import type { EngineVector } from './node.ts';

/** The first `bytes` bytes of a vector's data. */
export function vectorData(vector: EngineVector, bytes: number): Uint8Array {
  return bindings.vector_get_data(vector, bytes);
}

/** Validity bitmap of the first `count` values; undefined: all valid. */
export function vectorValidity(vector: EngineVector, count: number): Uint8Array | undefined {
  const bytes: Uint8Array | null = bindings.vector_get_validity(vector, ((count + 63) >> 6) * 8);
  return bytes ?? undefined;
}

export function listChild(vector: EngineVector): EngineVector {
  return bindings.list_vector_get_child(vector);
}

export function arrayChild(vector: EngineVector): EngineVector {
  return bindings.array_vector_get_child(vector);
}

export function structChild(vector: EngineVector, index: number): EngineVector {
  return bindings.struct_vector_get_child(vector, index);
}

/** `bytes` bytes behind the pointer that lies at `offset` of `data`. */
export function behindPointer(data: Uint8Array, offset: number, bytes: number): Uint8Array {
  return bindings.get_data_from_pointer(data.buffer as ArrayBuffer, data.byteOffset + offset, bytes);
}
