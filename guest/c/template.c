/* A Muster guest in C: change square, add functions beside it. README.md says how to compile and use it. */
#define MUSTER_IMPLEMENTATION
#include "muster.h"

MUSTER_FUNCTION(square) {
  if (event != MUSTER_BATCH) return 0;
  int64_t rows = array->length;
  const double *x = MUSTER_VALUES(double, array, 0);
  double *squares = muster_alloc(rows * sizeof *squares);
  for (int64_t row = 0; row < rows; row++) squares[row] = x[row] * x[row];

  struct muster_batch *out = muster_new_batch(rows, 2);
  muster_pass(out, 0, schema, array, 0);
  muster_set(out, 1, "square", "g", muster_column(array, 0)->buffers[0], 0, squares);
  muster_emit_batch(out);
  return 0;
}
