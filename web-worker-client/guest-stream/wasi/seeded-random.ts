/** SplitMix64 (Steele, Lea and Flood, 2014; https://prng.di.unimi.it/splitmix64.c) as a source of bytes, little endian. */
const GAMMA = 0x9e3779b97f4a7c15n;

export class SeededRandom {
  #state: bigint;
  /** Bytes of the last number that were not taken yet: how calls are cut changes nothing. */
  #rest = 0n;
  #left = 0;

  constructor(seed: bigint) {
    this.#state = BigInt.asUintN(64, seed);
  }

  u64(): bigint {
    this.#state = BigInt.asUintN(64, this.#state + GAMMA);
    let z = this.#state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  }

  fill(target: Uint8Array): void {
    for (let i = 0; i < target.length; i++) {
      if (this.#left === 0) {
        this.#rest = this.u64();
        this.#left = 8;
      }
      target[i] = Number(this.#rest & 255n);
      this.#rest >>= 8n;
      this.#left--;
    }
  }
}
