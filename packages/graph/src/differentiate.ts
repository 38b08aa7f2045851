import type { GraphBuilder } from "./builder.ts";
import type { Node } from "./ir.ts";
import type { Composite, Cotangents } from "./operation.ts";
import { operationNamed } from "./operations/index.ts";
import { formatShape, sameShape } from "./shape.ts";

/**
 * Vector-Jacobian product by reverse accumulation: for each of `inputs`, the sum over `outputs` of
 * `cotangent^T d output / d input`, as nodes of the same graph, so that `vjp` can be applied to its own result.
 * Inputs may be intermediate values; a derivative includes the paths through other inputs.
 *
 * @param cotangents one per output, of its shape; a scalar loss takes `[build.scalar(1)]`.
 * @returns one node per input, of its shape (zeros where no path leads there).
 * @throws TypeError a node of another builder; RangeError cotangents that do not fit the outputs
 */
export function vjp(
  build: GraphBuilder,
  outputs: readonly Node[],
  inputs: readonly Node[],
  cotangents: readonly Node[],
): Node[] {
  outputs.forEach((node, index) => build.requireOwn("vjp", `outputs[${index}]`, node));
  inputs.forEach((node, index) => build.requireOwn("vjp", `inputs[${index}]`, node));
  checkCotangents(build, outputs, cotangents);
  const sums = pullBack(build, outputs, inputs, cotangents, new Set());
  return inputs.map((input) => build.broadcastTo(sums.get(input.id) ?? build.scalar(0), input.shape));
}

function checkCotangents(build: GraphBuilder, outputs: readonly Node[], cotangents: readonly Node[]): void {
  if (outputs.length !== cotangents.length) {
    throw new RangeError(`vjp: "cotangents" expected ${outputs.length}, one per output, got ${cotangents.length}`);
  }
  outputs.forEach((output, index) => {
    const cotangent = cotangents[index] as Node;
    build.requireOwn("vjp", `cotangents[${index}]`, cotangent);
    if (!sameShape(cotangent.shape, output.shape)) {
      const expected = formatShape(output.shape);
      throw new RangeError(`vjp: "cotangents[${index}]" expected ${expected}, got ${formatShape(cotangent.shape)}`);
    }
  });
}

/**
 * Cotangents by node id: of `sources` and of what lies between them and the outputs. They broadcast to their nodes'
 * shapes. Nothing is pulled back through the nodes in `stops`.
 */
function pullBack(
  build: GraphBuilder,
  outputs: readonly Node[],
  sources: readonly Node[],
  cotangents: readonly Node[],
  stops: ReadonlySet<number>,
): ReadonlyMap<number, Node> {
  const last = Math.max(-1, ...outputs.map((node) => node.id));
  const dependent = descendants(build, sources, last);
  const sums = new Map<number, Node>();
  const accumulate = (node: Node, part: Node | undefined) => {
    if (!part || !dependent.has(node.id)) return;
    const sum = sums.get(node.id);
    sums.set(node.id, sum ? build.add(sum, part) : part);
  };
  outputs.forEach((node, index) => accumulate(node, cotangents[index]));
  for (let id = last; id >= 0; id--) {
    const cotangent = sums.get(id);
    if (!cotangent || stops.has(id)) continue;
    const node = build.nodes[id] as Node;
    const inputs = build.inputsOf(node);
    if (!inputs.some((input) => dependent.has(input.id))) continue;
    derivative(build, node, inputs, cotangent).forEach((part, index) => accumulate(inputs[index] as Node, part));
  }
  return sums;
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
  return expandedDerivative(build, operation as Composite, node, inputs, cotangent);
}

/**
 * The partial derivatives of a composite's expansion. An input may be made from another one, or stand twice: what goes
 * through it further back is the caller's, so the walk stops at the inputs and each gets its cotangent once.
 */
function expandedDerivative(
  build: GraphBuilder,
  operation: Composite,
  node: Node,
  inputs: readonly Node[],
  cotangent: Node,
): Cotangents {
  const expanded = build.broadcastTo(operation.expand(build, inputs, node.attributes), node.shape);
  const sums = pullBack(build, [expanded], inputs, [cotangent], new Set(node.inputs));
  return inputs.map((input, index) => (inputs.indexOf(input) === index ? sums.get(input.id) : undefined));
}
