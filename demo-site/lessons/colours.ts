/** Colours of pictures: Okabe and Ito's for things that are told apart, and a ramp for amounts that also reads without colour. */

/** The coordinator's own slot first, then the tabs in turn. */
export const TAB_COLOURS = ['#7a8794', '#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#8a6fdf'] as const;

export type Rgb = readonly [red: number, green: number, blue: number];

/** Dark blue to pale yellow, darker is less: near viridis (Smith and van der Walt, 2015), which stays in order in grey. */
const RAMP: readonly Rgb[] = [
  [30, 16, 62],
  [59, 53, 120],
  [44, 96, 141],
  [34, 139, 141],
  [58, 178, 120],
  [148, 211, 70],
  [253, 231, 95],
];

/** `at` from 0 to 1; outside it is cut. */
export function ramp(at: number): Rgb {
  const scaled = Math.max(0, Math.min(1, at)) * (RAMP.length - 1);
  const i = Math.min(RAMP.length - 2, Math.floor(scaled));
  const part = scaled - i;
  const [from, to] = [RAMP[i], RAMP[i + 1]];
  if (from === undefined || to === undefined) return [0, 0, 0];
  const mix = (a: number, b: number): number => Math.round(a + (b - a) * part);
  return [mix(from[0], to[0]), mix(from[1], to[1]), mix(from[2], to[2])];
}

export function css([red, green, blue]: Rgb): string {
  return `rgb(${red} ${green} ${blue})`;
}
