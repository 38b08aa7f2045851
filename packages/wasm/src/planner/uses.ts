import type { Program } from "@isthmus/graph";

/** How often each node's value is asked for: by other nodes, as an output, as an update, as the guard. */
export function countUses(program: Program): readonly number[] {
  const uses = program.nodes.map(() => 0);
  for (const node of program.nodes) for (const id of node.inputs) uses[id]!++;
  for (const id of [...Object.values(program.outputs), ...Object.values(program.updates)]) uses[id]!++;
  if (program.guard !== undefined) uses[program.guard]!++;
  return uses;
}
