/** Counts the words of its partition. Input: line. Output: word, n, in the order in which words were first seen. */
export function* wordCount(rows) {
  const counts = new Map();
  for (const { line } of rows) {
    if (line === null) continue;
    for (const word of line.split(' ')) if (word !== '') counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  for (const [word, n] of counts) yield { word, n };
}
