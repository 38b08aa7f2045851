/* usage: limit spin|copy <folder>
 *
 * What the machine does at most with vectors of 128 bits, in the bench's protocol: the multiplications and additions of a
 * case with everything in registers, or the bytes of a case copied. x = x f + g twelve times side by side, as in the
 * WebAssembly loop.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef float v4 __attribute__((vector_size(16)));

enum { CHAINS = 12, LANES = 4 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec * 1e-6;
}

/* Whether the compiler makes one instruction or two of it is decided by its flags. */
static float spin(long turns) {
  v4 f = {0.5f, 0.5f, 0.5f, 0.5f}, g = f, x[CHAINS];
  for (int i = 0; i < CHAINS; i++) x[i] = f * (float)(1 + i);
  /* Unknown from here on: chains that are equal would be computed once. */
  __asm__ volatile("" : "+m"(f), "+m"(g), "+m"(x));
  v4 a = x[0], b = x[1], c = x[2], d = x[3], e = x[4], h = x[5], i = x[6], j = x[7], k = x[8], l = x[9], m = x[10],
     n = x[11];
  v4 factor = f, term = g;
  for (long t = 0; t < turns; t++) {
    a = a * factor + term, b = b * factor + term, c = c * factor + term, d = d * factor + term;
    e = e * factor + term, h = h * factor + term, i = i * factor + term, j = j * factor + term;
    k = k * factor + term, l = l * factor + term, m = m * factor + term, n = n * factor + term;
  }
  v4 sum = a + b + c + d + e + h + i + j + k + l + m + n;
  return sum[0];
}

static double field(const char *line, const char *name) {
  char key[32];
  snprintf(key, sizeof key, "\"%s\":", name);
  const char *at = strstr(line, key);
  return at ? strtod(at + strlen(key), NULL) : 0;
}

static char *source, *target;
static size_t held;

static float move(size_t bytes) {
  memcpy(target, source, bytes);
  __asm__ volatile("" ::: "memory");
  return target[bytes / 2];
}

static void hold(size_t bytes) {
  if (bytes <= held) return;
  source = realloc(source, bytes), target = realloc(target, bytes), held = bytes;
  memset(source, 1, bytes), memset(target, 2, bytes);
}

int main(int argc, char **argv) {
  int copies = argc > 1 && strcmp(argv[1], "copy") == 0;
  char line[4096];
  printf("{\"ready\": {\"compiler\": \"gcc %s\"}}\n", __VERSION__);
  fflush(stdout);
  while (fgets(line, sizeof line, stdin)) {
    long steps = field(line, "steps");
    long turns = field(line, "flops") / (CHAINS * LANES * 2) + 0.5;
    size_t bytes = field(line, "bytes") / 2;
    float value = 0;
    if (copies) hold(bytes);
    double started = now();
    for (long i = 0; i < steps; i++) value += copies ? move(bytes) : spin(turns > 0 ? turns : 1);
    printf("{\"msPerStep\": %.9g, \"value\": %.9g}\n", (now() - started) / steps, value);
    fflush(stdout);
  }
  return 0;
}
