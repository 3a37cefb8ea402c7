/* Looks for a nonce so that SHA-256 (FIPS 180-4) of text and nonce begins with so many zero bits. Input: first BIGINT, last BIGINT (not
 * included). Parameters, in the order of their names: bits (at most 32), text (at most 35 bytes). Output: nonce BIGINT, the first of each
 * range that has one.
 *
 *   clang --target=wasm32 -nostdlib -O3 -msimd128 -mbulk-memory -Wl,--no-entry -o search.wasm guest.c
 */
#define MUSTER_IMPLEMENTATION
#include "../../guest/c/muster.h"

static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint8_t block[64];
static int32_t prefix, bits;

static inline uint32_t rotr(uint32_t x, int n) { return x >> n | x << (32 - n); }

/* The first 32 bits of the digest of the first `length` bytes of `block`, at most 55. */
static uint32_t first_word(int length) {
  uint32_t w[64], a = 0x6a09e667, b = 0xbb67ae85, c = 0x3c6ef372, d = 0xa54ff53a, e = 0x510e527f, f = 0x9b05688c, g = 0x1f83d9ab, h = 0x5be0cd19;
  __builtin_memset(block + length, 0, (size_t)(64 - length));
  block[length] = 0x80, block[62] = (uint8_t)(length * 8 >> 8), block[63] = (uint8_t)(length * 8);
  for (int i = 0; i < 16; i++)
    w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
  for (int i = 16; i < 64; i++)
    w[i] = w[i - 16] + (rotr(w[i - 15], 7) ^ rotr(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] +
           (rotr(w[i - 2], 17) ^ rotr(w[i - 2], 19) ^ w[i - 2] >> 10);
  for (int i = 0; i < 64; i++) {
    uint32_t t1 = h + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i];
    uint32_t t2 = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
  }
  return 0x6a09e667 + a;
}

/* Writes the number behind the text; the length of both. */
static int with_nonce(int64_t nonce) {
  int digits = 1;
  for (int64_t n = nonce; n >= 10; n /= 10) digits++;
  for (int at = prefix + digits; at > prefix; nonce /= 10) block[--at] = (uint8_t)('0' + nonce % 10);
  return prefix + digits;
}

MUSTER_FUNCTION(search) {
  if (event == MUSTER_OPEN) {
    bits = (int32_t)MUSTER_VALUES(double, array, 0)[0];
    const char *text = muster_text(muster_column(array, 1), 0, &prefix);
    if (prefix > 35) muster_error("the text is longer than 35 bytes");
    __builtin_memcpy(block, text, (size_t)prefix);
  }
  if (event != MUSTER_BATCH) return 0;
  const int64_t *first = MUSTER_VALUES(int64_t, array, 0), *last = MUSTER_VALUES(int64_t, array, 1);
  int64_t *found = muster_alloc((size_t)array->length * sizeof *found), rows = 0;
  for (int64_t row = 0; row < array->length; row++)
    for (int64_t nonce = first[row]; nonce < last[row]; nonce++) {
      uint32_t word = first_word(with_nonce(nonce));
      if ((word ? __builtin_clz(word) : 32) < bits) continue;
      found[rows++] = nonce;
      break;
    }
  struct muster_batch *out = muster_new_batch(rows, 1);
  muster_set(out, 0, "nonce", "l", 0, 0, found);
  muster_emit_batch(out);
  return 0;
}
