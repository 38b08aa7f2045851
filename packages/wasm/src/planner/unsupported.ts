import type { Node } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";

/** For people: the node's own name, or its operation and number. */
export function labelOf(node: Node): string {
  return node.name ?? `${node.op}#${node.id}`;
}

/** What to throw at an operation, or a form of one, that the kernels lack. */
export function unsupported(node: Node, reason: string): IsthmusError {
  return new IsthmusError(
    "ENGINE_OPERATION",
    `the wasm engine cannot run "${labelOf(node)}": ${reason}; write it with other operations or run it on the reference engine`,
    { engine: "wasm", operation: node.op, node: labelOf(node) },
  );
}
