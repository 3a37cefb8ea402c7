/** Connected components with one walk through the graph. */
import type { Components } from './job.ts';

export function connectedComponentsOracle(links: readonly (readonly [a: string, b: string])[]): Components {
  const neighbours = new Map<string, string[]>();
  for (const [a, b] of links) {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const)
      neighbours.set(from, [...(neighbours.get(from) ?? []), to]);
  }
  const found = new Map<string, string>();
  const nodes = [...neighbours.keys()].sort();
  for (const first of nodes) {
    const open = found.has(first) ? [] : [first];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (found.has(node)) continue;
      found.set(node, first);
      open.push(...(neighbours.get(node) ?? []));
    }
  }
  return nodes.map((node) => [node, found.get(node) ?? ''] as const);
}
