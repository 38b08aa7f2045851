import type { Program } from "@isthmus/graph";

/**
 * What makes zeros of a value, so that they are worth counting in every batch: `data` is as it was given or prepared, and may be mostly
 * zero; `relu` made zeros of what was negative, some half of it, and of what came back there as a gradient.
 */
export type MakerOfZeros = "data" | "relu";

/** What only moves values about. */
const moves: ReadonlySet<string> = new Set(["reshape", "transpose"]);

/** What makes zeros where relu's argument is negative. */
const ofRelu: ReadonlySet<string> = new Set(["relu", "reluGrad"]);

/** By id: nodes whose values are made of the program's inputs without any state, and those that relu or its gradient has made. What else training makes is not looked at. */
export function findCountable({ nodes }: Program): ReadonlyMap<number, MakerOfZeros> {
  const makers = new Map<number, MakerOfZeros>();
  const trained = new Set<number>();
  for (const { id, op, inputs } of nodes) {
    if (op === "state" || inputs.some((input) => trained.has(input))) {
      trained.add(id);
      if (ofRelu.has(op) || (moves.has(op) && makers.has(inputs[0]!))) makers.set(id, "relu");
    } else if (op === "input" || inputs.some((input) => makers.has(input))) makers.set(id, "data");
  }
  return makers;
}
