import type { Node, Primitive } from "../../src/index.ts";
import { type NdArray, ndArrayOps as nd } from "@isthmus/math";
import type { Bounded } from "./error-bound.ts";

/** Unit roundoff of float32. */
const u = 2 ** -24;
const tiny = 2 ** -126;

const picks: ReadonlySet<string> = new Set(["maxPool2d", "maxPool2dGrad", "maxPool2dPick"]);

/**
 * Convolutions and pools are linear in each operand, with coefficients of one sign where operands have one: the operation on
 * magnitudes bounds what operands' errors become, and the sum of its terms' magnitudes.
 */
export function boundImage(operation: Primitive, node: Node, value: NdArray, inputs: readonly Bounded[]): Bounded {
  const on = (parts: readonly NdArray[]) => operation.reference(parts, node, { batch: value.shape[0]! });
  if (picks.has(node.op)) return boundPick(on, node, value, inputs);
  const largest = inputs.map((x) => nd.add(nd.abs(x.value), x.error));
  const terms = on(largest);
  const carried = nd.sub(terms, on(inputs.map((x) => nd.abs(x.value))));
  // No sum has more terms than the operands have elements, and a product of two operands is rounded before it is added.
  const k = Math.max(...inputs.map((x) => x.value.data.length)) + 2;
  return { value, error: nd.add(nd.add(carried, nd.mul(terms, nd.scalar(k * u))), nd.scalar(k * tiny)) };
}

/** Which element is picked must not depend on errors, so that x is exact; what is picked brings its error along. */
function boundPick(
  on: (parts: readonly NdArray[]) => NdArray,
  node: Node,
  value: NdArray,
  inputs: readonly Bounded[],
): Bounded {
  const [x, other] = inputs as [Bounded, Bounded | undefined];
  if (x.error.data.some((error) => error > 0)) throw new Error("a test must pick by exact values");
  if (node.op === "maxPool2d") return { value, error: nd.sub(value, value) };
  const carried = on([x.value, other!.error]);
  if (node.op === "maxPool2dPick") return { value, error: carried };
  // Windows overlap: as many terms as a window has elements, at most.
  const [rows, columns] = node.attributes["window"] as [number, number];
  const terms = on([x.value, nd.add(nd.abs(other!.value), other!.error)]);
  return { value, error: nd.add(carried, nd.mul(terms, nd.scalar(rows * columns * u))) };
}
