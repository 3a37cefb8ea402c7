/** The numbers that the guest draws: SplitMix64 (Steele et al., 2014), as the SDK's Random has it. */
const U64 = (1n << 64n) - 1n;

/** Uniform in [0, 1). */
export function* uniform(seed: bigint): Generator<number, never> {
  let state = seed;
  for (;;) {
    state = (state + 0x9e3779b97f4a7c15n) & U64;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & U64;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & U64;
    yield Number((z ^ (z >> 31n)) >> 11n) / 2 ** 53;
  }
}
