/**
 * A map that is read from its oldest entry on. JavaScript's own keeps the places of deleted entries until it is laid out anew, so that
 * finding the first of a long queue costs as much as was taken from it before; here it costs nothing.
 */
interface Node<K, V> {
  readonly key: K;
  readonly value: V;
  before: Node<K, V> | undefined;
  after: Node<K, V> | undefined;
  isGone: boolean;
}

export class OldestFirst<K, V> {
  readonly #nodes = new Map<K, Node<K, V>>();
  #first: Node<K, V> | undefined;
  #last: Node<K, V> | undefined;

  get size(): number {
    return this.#nodes.size;
  }

  has(key: K): boolean {
    return this.#nodes.has(key);
  }

  /** A new key goes to the end; a known one stays where it is. */
  set(key: K, value: V): void {
    if (this.#nodes.has(key)) return;
    const node: Node<K, V> = { key, value, before: this.#last, after: undefined, isGone: false };
    if (this.#last) this.#last.after = node;
    else this.#first = node;
    this.#last = node;
    this.#nodes.set(key, node);
  }

  delete(key: K): boolean {
    const node = this.#nodes.get(key);
    if (!node) return false;
    this.#nodes.delete(key);
    node.isGone = true;
    if (node.before) node.before.after = node.after;
    else this.#first = node.after;
    if (node.after) node.after.before = node.before;
    else this.#last = node.before;
    return true;
  }

  oldest(): V | undefined {
    return this.#first?.value;
  }

  /** Oldest first. What is deleted meanwhile is passed over; what is added comes last. */
  *values(): Generator<V> {
    for (let node = this.#first; node; node = nextOf(node)) yield node.value;
  }

  *keys(): Generator<K> {
    for (let node = this.#first; node; node = nextOf(node)) yield node.key;
  }
}

/** A node that is gone still knows what followed it, which may be gone as well. */
function nextOf<K, V>(node: Node<K, V>): Node<K, V> | undefined {
  let next = node.after;
  while (next?.isGone) next = next.after;
  return next;
}

/** A queue: a set that is read from its oldest member on. */
export class OldestFirstSet<T> {
  readonly #members = new OldestFirst<T, T>();

  get size(): number {
    return this.#members.size;
  }

  has(member: T): boolean {
    return this.#members.has(member);
  }

  add(member: T): this {
    this.#members.set(member, member);
    return this;
  }

  delete(member: T): boolean {
    return this.#members.delete(member);
  }

  [Symbol.iterator](): Generator<T> {
    return this.#members.values();
  }
}
