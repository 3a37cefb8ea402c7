/** The darts of the example about pi: the same ones that the tabs throw, so that the picture shows what was counted. */
import { uniform } from '../../../examples/monte-carlo-pi/uniform.ts';

export interface Dart {
  readonly x: number;
  readonly y: number;
  readonly inside: boolean;
}

/** The first `count` of one seed. */
export function darts(seed: number, count: number): readonly Dart[] {
  const random = uniform(BigInt(seed));
  return Array.from({ length: count }, () => {
    const x = random.next().value;
    const y = random.next().value;
    return { x, y, inside: x * x + y * y < 1 };
  });
}
