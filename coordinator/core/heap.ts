/** A binary min-heap on `at`, over a plain array; ties come out in no particular but a repeatable order. */
export function heapPush<T extends { readonly at: number }>(heap: T[], item: T): void {
  let i = heap.length;
  heap.push(item);
  while (i > 0) {
    const parent = (i - 1) >> 1;
    const above = heap[parent] as T;
    if (above.at <= item.at) break;
    heap[i] = above;
    i = parent;
  }
  heap[i] = item;
}

export function heapPop<T extends { readonly at: number }>(heap: T[]): T | undefined {
  const top = heap[0];
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return top;
  let i = 0;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && (heap[child + 1] as T).at < (heap[child] as T).at) child++;
    const below = heap[child] as T;
    if (below.at >= last.at) break;
    heap[i] = below;
    i = child;
  }
  heap[i] = last;
  return top;
}
