/** In which documents each word stands. */

/** Input: doc, line. Output: word, doc. */
export function words({ doc, line }) {
  return [...new Set(line.split(' '))].filter((word) => word !== '').map((word) => ({ word, doc }));
}

/** By word. Output: docs, ascending. */
export const postings = {
  zero: () => new Set(),
  add: (docs, { doc }) => docs.add(doc),
  merge: (docs, others) => {
    for (const doc of others) docs.add(doc);
    return docs;
  },
  finish: (docs) => ({ docs: [...docs].sort((a, b) => a - b) }),
};
