import type { Program } from "@isthmus/graph";

/**
 * Ids of nodes whose values are made of the program's inputs without any state: data, as it was given or prepared. What training
 * has made has few zeros, or changes how many; data may be mostly zero in every batch.
 */
export function findData({ nodes }: Program): ReadonlySet<number> {
  const data = new Set<number>();
  const trained = new Set<number>();
  for (const { id, op, inputs } of nodes) {
    if (op === "state" || inputs.some((input) => trained.has(input))) trained.add(id);
    else if (op === "input" || inputs.some((input) => data.has(input))) data.add(id);
  }
  return data;
}
