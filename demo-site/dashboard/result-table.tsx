/** Rows with their types: numbers to the right, text to the left, NULL told apart from the word. */
import type { ComponentChildren } from 'preact';
import type { Cell, ResultHead } from '../../client/index.ts';
import { formatCount } from '../ui/format.ts';

const NUMERIC = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL)/;
const SHOWN_CHARS = 400;

export function isNumeric(type: string): boolean {
  return NUMERIC.test(type) && !type.endsWith(']');
}

export function cellText(cell: Cell): string {
  if (cell === null) return 'NULL';
  const text = typeof cell === 'object' ? JSON.stringify(cell) : String(cell);
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
}

/** `more`: where all rows are to be had, if these are the first. */
export function ResultTable({ result, more: elsewhere }: { result: ResultHead; more: ComponentChildren }) {
  const { columns, rows, more } = result;
  const classes = columns.map(({ type }) => (isNumeric(type) ? 'number' : 'text'));
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard. */}
      <section class="table-scroll" tabIndex={0} aria-label="Result rows">
        <table class="result" data-test="result">
          <thead>
            <tr>
              {columns.map(({ name, type }, i) => (
                <th key={i} class={classes[i]} scope="col">
                  {name}
                  <span class="type">{type}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, r) => (
              <tr key={r}>
                {row.map((cell, i) => (
                  <td key={i} class={cell === null ? `${classes[i]} null` : classes[i]}>
                    {cellText(cell)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {rows.length === 0 && <p class="empty">No rows.</p>}
      {more && (
        <p class="help" data-test="all-rows">
          The first {formatCount(rows.length)} rows are shown. All of them: {elsewhere}
        </p>
      )}
    </>
  );
}
