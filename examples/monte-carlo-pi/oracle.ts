/** The same darts, thrown by one process. */
import type { Pi, SIZES } from './job.ts';
import { uniform } from './uniform.ts';

export function monteCarloPiOracle({ seeds, darts }: typeof SIZES): Pi {
  let inside = 0;
  for (let seed = 0; seed < seeds; seed++) {
    const random = uniform(BigInt(seed));
    for (let i = 0; i < darts; i++) {
      const x = random.next().value;
      const y = random.next().value;
      if (x * x + y * y < 1) inside++;
    }
  }
  return { inside, pi: (4 * inside) / (seeds * darts) };
}
