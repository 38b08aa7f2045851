import type { GraphBuilder } from "./builder.ts";
import type { Node } from "./ir.ts";
import type { Cotangents } from "./operation.ts";
import { operationNamed } from "./operations/index.ts";
import { formatShape, sameShape } from "./shape.ts";

/**
 * Vector-Jacobian product by reverse accumulation: for each of `inputs`, the sum over `outputs` of
 * `cotangent^T d output / d input`, as nodes of the same graph, so that `vjp` can be applied to its own result.
 * Inputs may be intermediate values; a derivative includes the paths through other inputs.
 *
 * @param cotangents one per output, of its shape; a scalar loss takes `[build.scalar(1)]`.
 * @returns one node per input, of its shape (zeros where no path leads there).
 */
export function vjp(
  build: GraphBuilder,
  outputs: readonly Node[],
  inputs: readonly Node[],
  cotangents: readonly Node[],
): Node[] {
  checkCotangents(outputs, cotangents);
  const last = Math.max(-1, ...outputs.map((node) => node.id));
  const dependent = descendants(build, inputs, last);
  const sums = new Map<number, Node>();
  const accumulate = (node: Node, part: Node | undefined) => {
    if (!part || !dependent.has(node.id)) return;
    const sum = sums.get(node.id);
    sums.set(node.id, sum ? build.add(sum, part) : part);
  };
  outputs.forEach((node, index) => accumulate(node, cotangents[index]));
  for (let id = last; id >= 0; id--) {
    const cotangent = sums.get(id);
    if (!cotangent) continue;
    const node = build.nodes[id] as Node;
    const sources = build.inputsOf(node);
    if (!sources.some((source) => dependent.has(source.id))) continue;
    derivative(build, node, sources, cotangent).forEach((part, index) => accumulate(sources[index] as Node, part));
  }
  return inputs.map((input) => build.broadcastTo(sums.get(input.id) ?? build.scalar(0), input.shape));
}

function checkCotangents(outputs: readonly Node[], cotangents: readonly Node[]): void {
  if (outputs.length !== cotangents.length) {
    throw new RangeError(`vjp: "cotangents" expected ${outputs.length}, one per output, got ${cotangents.length}`);
  }
  outputs.forEach((output, index) => {
    const shape = (cotangents[index] as Node).shape;
    if (!sameShape(shape, output.shape)) {
      throw new RangeError(`vjp: cotangent ${index} expected ${formatShape(output.shape)}, got ${formatShape(shape)}`);
    }
  });
}

/** Ids up to `last` that depend on one of `sources`, the sources included. */
function descendants(build: GraphBuilder, sources: readonly Node[], last: number): Set<number> {
  const found = new Set(sources.map((node) => node.id));
  for (let id = 0; id <= last; id++) {
    if ((build.nodes[id] as Node).inputs.some((input) => found.has(input))) found.add(id);
  }
  return found;
}

function derivative(build: GraphBuilder, node: Node, inputs: readonly Node[], cotangent: Node): Cotangents {
  const operation = operationNamed(node.op);
  if (operation.tier === "leaf") return [];
  if (operation.derivative) return operation.derivative(build, node, inputs, cotangent);
  if (operation.tier === "primitive") return [];
  const expanded = operation.expand(build, inputs, node.attributes);
  return vjp(build, [expanded], inputs, [build.broadcastTo(cotangent, expanded.shape)]);
}
