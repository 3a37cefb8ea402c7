/* muster-batch/1 for C: columns in the module's own memory. No C library is needed. Rules: ../SPEC.md
 *
 * #define MUSTER_IMPLEMENTATION before including it in one file. A function of the module is
 *
 *   MUSTER_FUNCTION(name) { ... return 0; }      // gets: event, schema, array
 *
 * Input belongs to the host and is valid during the call; output may point into it. Memory from muster_alloc is free again when the
 * function is called the next time, but for what was allocated before the last muster_keep().
 */
#ifndef MUSTER_H
#define MUSTER_H
#include <stddef.h>
#include <stdint.h>

/* The Arrow C data interface (https://arrow.apache.org/docs/format/CDataInterface.html) in 32-bit memory. */
struct ArrowSchema {
  const char *format, *name, *metadata;
  int64_t flags, n_children;
  struct ArrowSchema **children, *dictionary;
  void (*release)(struct ArrowSchema *);
  void *private_data;
};
struct ArrowArray {
  int64_t length, null_count, offset, n_buffers, n_children;
  const void **buffers;
  struct ArrowArray **children, *dictionary;
  void (*release)(struct ArrowArray *);
  void *private_data;
};
_Static_assert(sizeof(struct ArrowSchema) == 48 && sizeof(struct ArrowArray) == 64, "compile with --target=wasm32");

enum muster_event { MUSTER_OPEN, MUSTER_BATCH, MUSTER_MERGE, MUSTER_END_PARTIAL, MUSTER_END_FINAL, MUSTER_SIDE = 16 };
enum muster_level { MUSTER_DEBUG, MUSTER_INFO, MUSTER_WARN, MUSTER_ERROR };

#define MUSTER_IMPORT(NAME) __attribute__((import_module("muster1"), import_name(#NAME)))
/* Hands rows out; schema NULL: as the last time on this port. Everything is copied before it returns. */
MUSTER_IMPORT(emit) void muster_emit(uint32_t port, const struct ArrowSchema *schema, const struct ArrowArray *array);
MUSTER_IMPORT(log) void muster_log(uint32_t level, const char *text, uint32_t length);
MUSTER_IMPORT(fail) _Noreturn void muster_fail(const char *text, uint32_t length);
MUSTER_IMPORT(progress) void muster_progress(double fraction);
/* Adds to the job's accumulator of this name: best once a batch. */
MUSTER_IMPORT(add) void muster_add(const char *name, uint32_t length, double amount);

#define MUSTER_EXPORT(NAME) __attribute__((export_name(#NAME), used))
#define MUSTER_ARGUMENTS int32_t event, const struct ArrowSchema *schema, const struct ArrowArray *array
#define MUSTER_FUNCTION(NAME)                                                     \
  static int32_t muster_do_##NAME(MUSTER_ARGUMENTS);                              \
  MUSTER_EXPORT(muster1_##NAME) int32_t muster1_##NAME(MUSTER_ARGUMENTS) {        \
    muster_reset();                                                               \
    return muster_do_##NAME(event, schema, array);                                \
  }                                                                               \
  static int32_t muster_do_##NAME(int32_t event __attribute__((unused)),          \
                                  const struct ArrowSchema *schema __attribute__((unused)), \
                                  const struct ArrowArray *array __attribute__((unused)))

void *muster_alloc(size_t bytes); /* aligned to 64; fails the task when there is no memory */
void muster_keep(void);           /* all that was allocated so far stays */
void muster_reset(void);          /* the rest goes; done before each call */

static inline size_t muster_length(const char *text) {
  size_t n = 0;
  while (text[n]) n++;
  return n;
}
static inline _Noreturn void muster_error(const char *text) { muster_fail(text, (uint32_t)muster_length(text)); }
static inline void muster_count(const char *name, double amount) { muster_add(name, (uint32_t)muster_length(name), amount); }

/* Input: column i of a batch, its values, and whether a row has one. */
#define MUSTER_VALUES(TYPE, array, i) ((const TYPE *)(array)->children[i]->buffers[1])
static inline const struct ArrowArray *muster_column(const struct ArrowArray *array, int i) { return array->children[i]; }
static inline int muster_valid(const struct ArrowArray *column, int64_t row) {
  const uint8_t *bits = column->buffers[0];
  return !bits || (bits[row >> 3] >> (row & 7) & 1);
}
static inline const char *muster_text(const struct ArrowArray *column, int64_t row, int32_t *length) {
  const int32_t *offsets = column->buffers[1];
  *length = offsets[row + 1] - offsets[row];
  return (const char *)column->buffers[2] + offsets[row];
}

/* Output: a batch with room for `columns`, then each column by its format ("g" double, "l" int64, "i" int32, "u" text, ...). */
struct muster_batch {
  struct ArrowSchema schema;
  struct ArrowArray array;
  const void *no_validity;
};
static inline struct muster_batch *muster_new_batch(int64_t rows, int columns) {
  struct muster_batch *b = muster_alloc(sizeof *b);
  b->no_validity = 0;
  b->schema = (struct ArrowSchema){"+s", "", 0, 0, columns, muster_alloc(4 * (size_t)columns), 0, 0, 0};
  b->array = (struct ArrowArray){rows, 0, 0, 1, columns, &b->no_validity, muster_alloc(4 * (size_t)columns), 0, 0, 0};
  return b;
}
/* `validity` NULL: no row is NULL. `offsets` for text and bytes only, else NULL. */
static inline void muster_set(struct muster_batch *b, int i, const char *name, const char *format, const uint8_t *validity,
                              const int32_t *offsets, const void *values) {
  struct ArrowSchema *s = b->schema.children[i] = muster_alloc(sizeof *s);
  struct ArrowArray *a = b->array.children[i] = muster_alloc(sizeof *a + 12);
  const void **buffers = (const void **)(a + 1);
  buffers[0] = validity, buffers[1] = offsets ? (const void *)offsets : values, buffers[2] = values;
  *s = (struct ArrowSchema){format, name, 0, 2, 0, 0, 0, 0, 0};
  *a = (struct ArrowArray){b->array.length, validity ? -1 : 0, 0, offsets ? 3 : 2, 0, buffers, 0, 0, 0, 0};
}
/* Hands an input column on as it is. */
static inline void muster_pass(struct muster_batch *b, int i, const struct ArrowSchema *schema, const struct ArrowArray *array,
                               int column) {
  b->schema.children[i] = schema->children[column], b->array.children[i] = array->children[column];
}
static inline void muster_emit_batch(const struct muster_batch *b) { muster_emit(0, &b->schema, &b->array); }

#ifdef MUSTER_IMPLEMENTATION
MUSTER_EXPORT(muster1_abi) int32_t muster1_abi(void) { return 1; }
extern unsigned char __heap_base;
static size_t muster_top, muster_kept;
static size_t muster_start(void) { return ((size_t)&__heap_base + 63) & ~(size_t)63; }
static void *muster_take(size_t bytes) {
  if (!muster_top) muster_top = muster_kept = muster_start();
  uint64_t end = ((uint64_t)muster_top + bytes + 63) & ~63ull, pages = (end + 65535) >> 16;
  size_t have = __builtin_wasm_memory_size(0);
  if (pages > 65535 || (pages > have && __builtin_wasm_memory_grow(0, (size_t)pages - have) == (size_t)-1)) return 0;
  void *at = (void *)muster_top;
  muster_top = (size_t)end;
  return at;
}
void *muster_alloc(size_t bytes) {
  void *at = muster_take(bytes);
  if (!at) muster_error("out of memory");
  return at;
}
void muster_keep(void) { muster_kept = muster_top; }
void muster_reset(void) { muster_top = muster_kept; }
/* The host asks for room between calls, and it stays. */
MUSTER_EXPORT(muster1_alloc) void *muster1_alloc(uint32_t bytes) {
  muster_reset();
  void *at = muster_take(bytes);
  muster_keep();
  return at;
}
#endif
#endif
