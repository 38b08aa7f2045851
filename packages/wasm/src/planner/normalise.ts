import { type Node, operationNamed, operations, type Program } from "@isthmus/graph";
import { findFusedUpdates, fusedNodes } from "./fused-updates.ts";
import { lowerings } from "./lowerings.ts";
import { keep, rewrite, type Rule } from "./rewrite.ts";
import { unsupported } from "./unsupported.ts";

/**
 * The program in the planner's normal form: no operation that only matters to differentiation, results and guard in
 * float32, composites without a kernel expanded to primitives.
 *
 * @throws IsthmusError `ENGINE_OPERATION` for an operation this engine has no kernel for.
 */
export function normalise(program: Program): Program {
  for (const node of program.nodes) requireKnown(node);
  const simple = rewrite(program, simplify);
  const fused = fusedNodes(findFusedUpdates(simple));
  return rewrite(simple, (build, node, inputs) => {
    const operation = operationNamed(node.op);
    if (operation.tier !== "composite" || node.op in lowerings || fused.has(node.id)) return keep(build, node, inputs);
    return build.broadcastTo(operation.expand(build, inputs, node.attributes), node.shape);
  });
}

const vanishing: ReadonlySet<string> = new Set(["stopGradient", "straightThrough"]);

function requireKnown(node: Node): void {
  if (node.op in lowerings || vanishing.has(node.op) || operations.get(node.op)?.tier === "composite") return;
  throw unsupported(node, `there is no kernel for "${node.op}"`);
}

/** Drops what has no effect on values and moves casts of bytes before what kernels do to floats only. */
const simplify: Rule = (build, node, inputs) => {
  const [x] = inputs;
  if (vanishing.has(node.op)) return x!;
  if (node.op === "cast") return build.cast(x!);
  const moves = node.op === "broadcastTo" || node.op === "transpose";
  return keep(build, node, moves && x!.dtype === "u8" ? [build.cast(x!)] : inputs);
};
