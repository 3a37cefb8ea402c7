/* Word count as a plain program: reads text, writes "word TAB count", a line a word, words in byte order. No SDK is needed.
 *
 *   clang --target=wasm32-wasi --sysroot=... -O3 -o word_count.wasm word_count_stream.c
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
  uint32_t hash, length;
  const char *word; /* NULL: free */
  uint64_t count;
};

static struct entry *table;
static size_t slots = 1 << 16, used;

static void out_of_memory(void) {
  fputs("out of memory\n", stderr);
  exit(1);
}

static const char *keep(const char *word, size_t length) {
  static char *block;
  static size_t left;
  if (length > left) {
    left = length > (1 << 20) ? length : 1 << 20;
    if (!(block = malloc(left))) out_of_memory();
  }
  char *at = memcpy(block, word, length);
  block += length;
  left -= length;
  return at;
}

static void grow(void) {
  struct entry *old = table;
  size_t before = slots;
  slots *= 2;
  if (!(table = calloc(slots, sizeof *table))) out_of_memory();
  for (size_t i = 0; i < before; i++) {
    if (!old[i].word) continue;
    size_t at = old[i].hash & (slots - 1);
    while (table[at].word) at = (at + 1) & (slots - 1);
    table[at] = old[i];
  }
  free(old);
}

static void add(const char *word, size_t length, uint32_t hash) {
  size_t at = hash & (slots - 1);
  for (; table[at].word; at = (at + 1) & (slots - 1)) {
    struct entry *e = &table[at];
    if (e->hash == hash && e->length == length && !memcmp(e->word, word, length)) {
      e->count++;
      return;
    }
  }
  table[at] = (struct entry){hash, (uint32_t)length, keep(word, length), 1};
  if (++used * 2 > slots) grow();
}

static int by_word(const void *a, const void *b) {
  const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;
  int order = memcmp(x->word, y->word, x->length < y->length ? x->length : y->length);
  return order ? order : (x->length > y->length) - (x->length < y->length);
}

static void print_all(void) {
  struct entry **order = malloc((used + 1) * sizeof *order);
  if (!order) out_of_memory();
  size_t n = 0;
  for (size_t i = 0; i < slots; i++)
    if (table[i].word) order[n++] = &table[i];
  qsort(order, n, sizeof *order, by_word);
  for (size_t i = 0; i < n; i++) {
    fwrite(order[i]->word, 1, order[i]->length, stdout);
    printf("\t%llu\n", (unsigned long long)order[i]->count);
  }
}

int main(void) {
  size_t room = 1 << 18, kept = 0, got;
  char *text = malloc(room);
  if (!text || !(table = calloc(slots, sizeof *table))) out_of_memory();
  while ((got = fread(text + kept, 1, room - kept, stdin)) > 0) {
    size_t end = kept + got, start = 0;
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < end; i++) {
      unsigned char c = (unsigned char)text[i];
      if (c > ' ') {
        hash = (hash ^ c) * 16777619u; /* FNV-1a */
        continue;
      }
      if (i > start) add(text + start, i - start, hash);
      start = i + 1;
      hash = 2166136261u;
    }
    /* A word may go on in the next block. */
    kept = end - start;
    memmove(text, text + start, kept);
    if (kept == room && !(text = realloc(text, room *= 2))) out_of_memory();
  }
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < kept; i++) hash = (hash ^ (unsigned char)text[i]) * 16777619u;
  if (kept > 0) add(text, kept, hash);
  print_all();
  return ferror(stdin) || ferror(stdout) || fflush(stdout);
}
