/** Words, and in which documents each of them stands. */
const SHOWN = 14;
const ROW = 20;
const WIDTH = 640;
const LEFT = 130;

export type Posting = readonly [word: string, docs: readonly number[]];

/** The first words that begin so, by name. */
export function lookUp(index: readonly Posting[], prefix: string, most: number): readonly Posting[] {
  return index
    .filter(([word]) => word.startsWith(prefix))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, most);
}

export function Postings({ index, documents, prefix }: { index: readonly Posting[]; documents: number; prefix: string }) {
  const shown = lookUp(index, prefix, SHOWN);
  const wide = (WIDTH - LEFT) / documents;
  return (
    <svg
      viewBox={`0 0 ${WIDTH} ${SHOWN * ROW + 4}`}
      class="chart postings"
      role="img"
      aria-label="Words by documents"
      data-test="postings"
    >
      {shown.map(([word, docs], row) => (
        <g key={word} data-name={word} data-value={docs.join(' ')}>
          <text x={LEFT - 10} y={row * ROW + 15} text-anchor="end">
            {word}
          </text>
          <rect x={LEFT} y={row * ROW + 3} width={WIDTH - LEFT} height={ROW - 5} class="empty-docs" />
          {docs.map((doc) => (
            <rect key={doc} x={LEFT + doc * wide} y={row * ROW + 3} width={Math.max(1, wide * 0.85)} height={ROW - 5} class="doc">
              <title>{`${word} is in document ${doc}`}</title>
            </rect>
          ))}
        </g>
      ))}
      {shown.length === 0 && index.length > 0 && (
        <text x={LEFT} y={ROW}>
          no word begins so
        </text>
      )}
    </svg>
  );
}
