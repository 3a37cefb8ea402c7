/** The darts of the example about pi: the same ones that the tabs throw, so that the picture shows what was counted. */
const U64 = (1n << 64n) - 1n;

/** Uniform in [0, 1): SplitMix64 (Steele et al., 2014) as the guest has it. */
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
