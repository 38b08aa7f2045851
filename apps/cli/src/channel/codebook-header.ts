/** A codebook as C: tables and the nearest point, for whoever has no float64, no heap and no library. */
import { type Codebook, dimensions } from "@isthmus/channel";
import { rowsOf } from "./codebook-rows.ts";

const Q15_ONE = 32_768;
const Q15_MOST = 32_767;

/**
 * A C99 header: `<name>_points` in float, `<name>_q15` with `<NAME>_Q15_SCALE` (a point is q15 * scale / 32768), `<name>_labels`, and
 * `<name>_nearest`, which is the decision of a maximum-likelihood receiver.
 */
export function codebookHeader(book: Codebook, file: string): string {
  const name = identifier(file);
  const upper = name.toUpperCase();
  const rows = rowsOf(book);
  const columns = dimensions(book);
  const scale = (rows.flat().reduce((most, x) => Math.max(most, Math.abs(x)), 0) * Q15_ONE) / Q15_MOST;
  const q15 = rows.map((row) => row.map((x) => Math.round((x / scale) * Q15_ONE)));
  const uses = book.complex ? `${book.n} complex uses, re and im side by side` : `${book.n} real uses`;
  return `/* ${comment(book.name)}: ${book.size} messages in ${uses}. Written by isthmus. */
#ifndef ${upper}_H
#define ${upper}_H

#include <stdint.h>

#define ${upper}_MESSAGES ${book.size}
#define ${upper}_DIMENSIONS ${columns}
/* A point is ${name}_q15 * ${upper}_Q15_SCALE / 32768. */
#define ${upper}_Q15_SCALE ${float(scale)}

static const float ${name}_points[${upper}_MESSAGES][${upper}_DIMENSIONS] = {
${table(rows.map((row) => row.map(float)))}
};

static const int16_t ${name}_q15[${upper}_MESSAGES][${upper}_DIMENSIONS] = {
${table(q15)}
};

/* The bits that each message stands for. */
static const uint32_t ${name}_labels[${upper}_MESSAGES] = {
${table([Array.from(book.labels, (label) => `${label}u`)])}
};

/* The message whose point is nearest to what was received: the most likely one under Gaussian noise. */
static inline int ${name}_nearest(const float received[${upper}_DIMENSIONS]) {
  int best = 0;
  float least = 0.0f;
  for (int m = 0; m < ${upper}_MESSAGES; m++) {
    float distance = 0.0f;
    for (int i = 0; i < ${upper}_DIMENSIONS; i++) {
      const float d = received[i] - ${name}_points[m][i];
      distance += d * d;
    }
    if (m == 0 || distance < least) {
      least = distance;
      best = m;
    }
  }
  return best;
}

#endif
`;
}

/** Nine digits tell every float32 apart. */
function float(value: number): string {
  const text = Math.fround(value).toPrecision(9);
  return `${text.includes(".") || text.includes("e") ? text : `${text}.0`}f`;
}

function table(rows: readonly (readonly (string | number)[])[]): string {
  if (rows.length === 1) return `  ${rows[0]!.join(", ")}`;
  return rows.map((row) => `  {${row.join(", ")}}`).join(",\n");
}

function identifier(file: string): string {
  const name = file.replaceAll(/\W/g, "_");
  return /^[A-Za-z]/.test(name) ? name : `codebook_${name}`;
}

function comment(text: string): string {
  return text.replaceAll("*/", "* /");
}
