import type { FactorIndices } from "../../src/index.ts";

/** Each combination of values `repeats` times, the last factor fastest: as a table, and as rows. */
export function grid(counts: readonly number[], repeats = 1): { factors: FactorIndices; rows: number[][] } {
  let once: number[][] = [[]];
  for (const count of counts)
    once = once.flatMap((row) => Array.from({ length: count }, (_, value) => [...row, value]));
  const rows = Array.from({ length: repeats }, () => once).flat();
  return { factors: { counts, indices: Int32Array.from(rows.flat()) }, rows };
}
