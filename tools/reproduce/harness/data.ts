import type { Dataset } from "@isthmus/data";
import { expected } from "../../lib/process.mjs";

export interface DataFacts {
  readonly name: string;
  readonly items: number;
  readonly sha256: string | null;
  /** Of all values, in [0, 1]. */
  readonly mean: number;
  readonly note: string | null;
}

/** @throws an expected error for anything but the real digits */
export function requireMnist({ name, provenance }: Pick<Dataset, "name" | "provenance">): void {
  if (name === "mnist") return;
  const why = provenance.note ? ` (${provenance.note})` : "";
  throw expected(`this needs MNIST, and only ${name} could be had${why}; name its folder with --data-dir`);
}

/** What a reader needs to know whether it was the same data. */
export function dataFacts({ name, items, values, scale, provenance }: Dataset): DataFacts {
  let sum = 0;
  let ones = 0;
  for (const value of values) {
    sum += value;
    if (value === 1) ones++;
  }
  const notes = provenance.note ? [provenance.note] : [];
  // The published files of MNIST hold the value 1 in about 0.05 % of the pixels.
  if (name === "mnist" && ones === 0) notes.push("the pixel value 1 is stored as 0");
  const note = notes.length > 0 ? notes.join("; ") : null;
  return { name, items, sha256: provenance.sha256 ?? null, mean: (sum * scale) / values.length, note };
}
