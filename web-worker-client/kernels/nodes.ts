/** Columns as the kernel sees them: the nodes of a record batch, one after the other, parents before children. */
import type { Layout } from '../../shared/arrow/layout.ts';

export interface SplitNode {
  readonly kind: 'bool' | 'fixed' | 'bytes' | 'list' | 'array' | 'struct';
  /** fixed: bytes of a value; array: elements of one. */
  readonly width: number;
  /** Index of the node it is a part of, -1 for a column. */
  readonly parent: number;
}

export interface NodePlan {
  readonly nodes: readonly SplitNode[];
  /** Index of each column's own node. */
  readonly columns: readonly number[];
}

export function nodesOf(layouts: readonly Layout[]): NodePlan {
  const nodes: SplitNode[] = [];
  const columns = layouts.map((layout) => addNode(nodes, layout, -1));
  return { nodes, columns };
}

function addNode(nodes: SplitNode[], layout: Layout, parent: number): number {
  const index = nodes.length;
  switch (layout.kind) {
    case 'bool':
      nodes.push({ kind: 'bool', width: 0, parent });
      break;
    case 'fixed':
      nodes.push({ kind: 'fixed', width: layout.width, parent });
      break;
    case 'utf8':
    case 'binary':
      nodes.push({ kind: 'bytes', width: 0, parent });
      break;
    case 'list':
      nodes.push({ kind: 'list', width: 0, parent });
      addNode(nodes, layout.child, index);
      break;
    case 'fixedList':
      nodes.push({ kind: 'array', width: layout.size, parent });
      addNode(nodes, layout.child, index);
      break;
    case 'struct':
      nodes.push({ kind: 'struct', width: 0, parent });
      for (const child of layout.children) addNode(nodes, child, index);
      break;
  }
  return index;
}

export const hasOffsets = (node: SplitNode): boolean => node.kind === 'bytes' || node.kind === 'list';
