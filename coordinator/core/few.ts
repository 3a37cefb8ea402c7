/**
 * A map for what as a rule has one entry, and there are a million of: JavaScript's own takes some 200 bytes even when it is empty. As
 * that one it keeps the order in which keys came.
 */
export class Few<K extends object, V> {
  #key: K | undefined;
  #value: V | undefined;
  /** All entries, once there was more than one. */
  #more: Map<K, V> | undefined;

  get size(): number {
    if (this.#more) return this.#more.size;
    return this.#key === undefined ? 0 : 1;
  }

  has(key: K): boolean {
    return this.#more ? this.#more.has(key) : this.#key === key;
  }

  get(key: K): V | undefined {
    if (this.#more) return this.#more.get(key);
    return this.#key === key ? this.#value : undefined;
  }

  set(key: K, value: V): this {
    if (this.#more) {
      this.#more.set(key, value);
    } else if (this.#key === undefined || this.#key === key) {
      this.#key = key;
      this.#value = value;
    } else {
      this.#more = new Map([[this.#key, this.#value as V]]);
      this.#more.set(key, value);
      this.#key = undefined;
      this.#value = undefined;
    }
    return this;
  }

  delete(key: K): boolean {
    if (this.#more) return this.#more.delete(key);
    if (this.#key !== key) return false;
    this.#key = undefined;
    this.#value = undefined;
    return true;
  }

  *keys(): Generator<K> {
    if (this.#more) yield* this.#more.keys();
    else if (this.#key !== undefined) yield this.#key;
  }

  *[Symbol.iterator](): Generator<[K, V]> {
    if (this.#more) yield* this.#more;
    else if (this.#key !== undefined) yield [this.#key, this.#value as V];
  }
}

/** As `[...list, item]`. An array that is pushed to for the first time takes room for seventeen. */
export function appended<T>(list: readonly T[], item: T): T[] {
  return list.length === 0 ? [item] : [...list, item];
}
