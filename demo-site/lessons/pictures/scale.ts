/** From amounts to places, and round marks on an axis. */
export interface Scale {
  (value: number): number;
  readonly domain: readonly [number, number];
}

/** A domain of one point lies in the middle. */
export function scale(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const [d0, d1] = domain;
  const [r0, r1] = range;
  const at = (value: number): number => (d1 === d0 ? (r0 + r1) / 2 : r0 + ((value - d0) / (d1 - d0)) * (r1 - r0));
  return Object.assign(at, { domain });
}

/** At most about `count` marks at 1, 2 or 5 times a power of ten, within the domain. */
export function ticks([from, to]: readonly [number, number], count: number): readonly number[] {
  const span = to - from;
  if (!(span > 0)) return [from];
  const power = 10 ** Math.floor(Math.log10(span / count));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => span / n <= count * (1 + 1e-9)) ?? 10 * power;
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}
