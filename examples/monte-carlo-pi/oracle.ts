/** The same darts, thrown by one process. */
import type { Pi, SIZES } from './job.ts';

const U64 = (1n << 64n) - 1n;

/** SplitMix64, as the SDK's Random has it. */
function* uniform(seed: bigint): Generator<number, never> {
  let state = seed;
  for (;;) {
    state = (state + 0x9e3779b97f4a7c15n) & U64;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & U64;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & U64;
    yield Number((z ^ (z >> 31n)) >> 11n) / 2 ** 53;
  }
}

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
