/* Examples of the batch ABI in C: a filter, a flatMap, and an aggregate with SIMD.
 *
 *   clang --target=wasm32 -nostdlib -O3 -msimd128 -mbulk-memory -Wl,--no-entry -o functions.wasm functions.c
 */
#define MUSTER_IMPLEMENTATION
#include "../muster.h"
#include <wasm_simd128.h>

/* filter: the rows of a DOUBLE column that are above 250. */
MUSTER_FUNCTION(above) {
  if (event != MUSTER_BATCH) return 0;
  const struct ArrowArray *column = muster_column(array, 0);
  const double *x = MUSTER_VALUES(double, array, 0);
  double *kept = muster_alloc(array->length * sizeof *kept);
  int64_t rows = 0;
  for (int64_t row = 0; row < array->length; row++)
    if (muster_valid(column, row) && x[row] > 250.0) kept[rows++] = x[row];
  struct muster_batch *out = muster_new_batch(rows, 1);
  muster_set(out, 0, "x", "g", 0, 0, kept);
  muster_emit_batch(out);
  return 0;
}

/* flatMap: the words of a VARCHAR column, each with its length; counted, too. */
MUSTER_FUNCTION(words) {
  if (event != MUSTER_BATCH) return 0;
  const struct ArrowArray *column = muster_column(array, 0);
  int32_t bytes = 0, length;
  for (int64_t row = 0; row < array->length; row++) {
    muster_text(column, row, &length);
    bytes += length;
  }
  /* At most every second byte begins a word, and each row one more. */
  int64_t most = bytes / 2 + array->length;
  int32_t *offsets = muster_alloc((most + 1) * 4), *lengths = muster_alloc(most * 4), used = 0;
  char *text = muster_alloc(bytes);
  int64_t count = 0;
  offsets[0] = 0;
  for (int64_t row = 0; row < array->length; row++) {
    if (!muster_valid(column, row)) continue;
    const char *line = muster_text(column, row, &length);
    for (int32_t i = 0; i <= length; i++) {
      if (i < length && (unsigned char)line[i] > ' ') {
        text[used++] = line[i];
      } else if (used > offsets[count]) {
        lengths[count] = used - offsets[count];
        offsets[++count] = used;
      }
    }
  }
  struct muster_batch *out = muster_new_batch(count, 2);
  muster_set(out, 0, "word", "u", 0, offsets, text);
  muster_set(out, 1, "length", "i", 0, 0, lengths);
  muster_emit_batch(out);
  muster_count("words", (double)count);
  return 0;
}

/* aggregate: sum of squares of a DOUBLE column, and how many there are, in parts that are merged. */
static double sum;
static int64_t count;

static double squares(const double *x, int64_t rows) {
  v128_t a = wasm_f64x2_const_splat(0), b = a, c = a, d = a;
  int64_t i = 0;
  for (; i + 8 <= rows; i += 8) {
    v128_t p = wasm_v128_load(x + i), q = wasm_v128_load(x + i + 2), r = wasm_v128_load(x + i + 4), s = wasm_v128_load(x + i + 6);
    a = wasm_f64x2_add(a, wasm_f64x2_mul(p, p)), b = wasm_f64x2_add(b, wasm_f64x2_mul(q, q));
    c = wasm_f64x2_add(c, wasm_f64x2_mul(r, r)), d = wasm_f64x2_add(d, wasm_f64x2_mul(s, s));
  }
  v128_t all = wasm_f64x2_add(wasm_f64x2_add(a, b), wasm_f64x2_add(c, d));
  double total = wasm_f64x2_extract_lane(all, 0) + wasm_f64x2_extract_lane(all, 1);
  for (; i < rows; i++) total += x[i] * x[i];
  return total;
}

MUSTER_FUNCTION(sumsq) {
  const double *x;
  switch (event) {
  case MUSTER_OPEN:
    sum = 0, count = 0;
    return 0;
  case MUSTER_BATCH:
    /* What stands under a NULL counts for nothing: where there are NULLs, row by row. */
    x = MUSTER_VALUES(double, array, 0);
    if (!muster_column(array, 0)->buffers[0]) {
      sum += squares(x, array->length), count += array->length;
      return 0;
    }
    for (int64_t row = 0; row < array->length; row++)
      if (muster_valid(muster_column(array, 0), row)) sum += x[row] * x[row], count++;
    return 0;
  case MUSTER_MERGE:
    x = MUSTER_VALUES(double, array, 0);
    for (int64_t row = 0; row < array->length; row++) sum += x[row], count += MUSTER_VALUES(int64_t, array, 1)[row];
    return 0;
  case MUSTER_END_PARTIAL:
  case MUSTER_END_FINAL: {
    struct muster_batch *out = muster_new_batch(1, 2);
    muster_set(out, 0, "sum", "g", 0, 0, &sum);
    muster_set(out, 1, "count", "l", 0, 0, &count);
    muster_emit_batch(out);
    return 0;
  }
  }
  return 0;
}
