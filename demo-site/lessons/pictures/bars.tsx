/** The largest of many, as bars that find their places anew whenever the amounts change. */
import { TAB_COLOURS } from '../colours.ts';

export interface Amount {
  readonly name: string;
  readonly value: number;
  /** Beside the bar; default: the value. */
  readonly words?: string;
}

/** The `most` largest, the largest first; equal ones by name. */
export function largest(amounts: readonly Amount[], most: number): readonly Amount[] {
  return [...amounts].sort((a, b) => b.value - a.value || (a.name < b.name ? -1 : 1)).slice(0, most);
}

const ROW = 30;

export function Bars({ amounts, most = 12, label }: { amounts: readonly Amount[]; most?: number; label: string }) {
  const shown = largest(amounts, most);
  const top = Math.max(...shown.map(({ value }) => value), Number.MIN_VALUE);
  const place = new Map(shown.map(({ name }, i) => [name, i]));
  // In a fixed order in the page, so that a bar that overtakes another one moves there.
  const inPage = [...shown].sort((a, b) => (a.name < b.name ? -1 : 1));
  return (
    <ol class="bars" aria-label={label} style={{ height: `${most * ROW}px` }} data-test="bars">
      {inPage.map(({ name, value, words }) => (
        <li key={name} style={{ transform: `translateY(${(place.get(name) ?? 0) * ROW}px)` }} data-name={name} data-value={value}>
          <span class="bar-name" title={name}>
            {name}
          </span>
          <span class="bar-track">
            <span class="bar-part" style={{ width: `${(100 * value) / top}%`, background: TAB_COLOURS[1] }} />
          </span>
          <span class="bar-words">{words ?? value}</span>
        </li>
      ))}
    </ol>
  );
}
