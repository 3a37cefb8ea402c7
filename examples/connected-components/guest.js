/** One round of connected components: over each link, the smaller label of both ends. Input: a, b. Output: node, label. */
export function* spreadLabels(rows, { params }) {
  const labels = new Map(params.nodes.map((node, i) => [node, params.labels[i]]));
  const least = new Map();
  const lower = (node, label) => {
    if (label < (least.get(node) ?? labels.get(node))) least.set(node, label);
  };
  for (const { a, b } of rows) {
    lower(a, labels.get(b));
    lower(b, labels.get(a));
  }
  for (const [node, label] of least) yield { node, label };
}
