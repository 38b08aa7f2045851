import type { Dim, GraphBuilder, Node, Shape } from "@isthmus/graph";
import { dataTypes } from "../data-types.ts";
import type { Known } from "./known.ts";

/**
 * A value of the file that a run computes. The graph may hold it with its axes in another order than the file: channels
 * last where the file has them first. So a transpose costs nothing until somebody needs an order that is not there.
 */
export interface Flow {
  readonly kind: "flow";
  readonly node: Node;
  /** Axis `i` of the file's value is axis `order[i]` of the node. */
  readonly order: readonly number[];
  /** A code of `dataTypes`: what the file holds it for. Truths and small integers are float32 in the graph. */
  readonly elementType: number;
  /** Where the node's last axis holds several axes of the file's in another order than the file. */
  readonly folded?: Folded;
}

/** Axes of the file's value that became one: their sizes, and in which order the node has them. */
interface Folded {
  readonly sizes: readonly number[];
  readonly permutation: readonly number[];
}

export type Value = Known | Flow;

export const sequence = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

export function isSequence(numbers: readonly number[]): boolean {
  return numbers.every((number, i) => number === i);
}

/** The permutation that undoes this one. */
export function inverse(permutation: readonly number[]): number[] {
  return permutation.map((_, axis) => permutation.indexOf(axis));
}

/** A node whose axes are the file's. */
export function flow(node: Node, elementType: number): Flow {
  return { kind: "flow", node, order: sequence(node.shape.length), elementType };
}

/** As the file has it. */
export function shapeOf(value: Value): Shape {
  return value.kind === "known" ? value.shape : value.order.map((axis) => value.node.shape[axis] as Dim);
}

/** Whether elements of this type are float32 without a loss: floats, truths, integers of up to 16 bits. */
export function isSmall(elementType: number): boolean {
  const type = dataTypes[elementType];
  return type?.kind !== "integer" || type.bytes <= 2;
}

/** The node with the file's axis `i` at `order[i]`; a transpose only where more than one axis of size 1 moves. */
export function arranged(build: GraphBuilder, value: Flow, order: readonly number[]): Node {
  const { node, order: from } = unfolded(build, value);
  const permutation = inverse(order).map((axis) => from[axis]!);
  if (isSequence(permutation)) return node;
  const long = permutation.filter((axis) => node.shape[axis] !== 1);
  const isKept = long.every((axis, i) => i === 0 || axis > long[i - 1]!);
  if (!isKept) return build.transpose(node, permutation);
  return build.reshape(
    node,
    permutation.map((axis) => node.shape[axis] as Dim),
  );
}

/** The node with the file's own axes. */
export function plain(build: GraphBuilder, value: Flow): Node {
  return arranged(build, value, sequence(value.order.length));
}

/** The same with the axes that were folded into the last one as the file has them. */
export function unfolded(build: GraphBuilder, value: Flow): Flow {
  const { node, folded } = value;
  if (!folded) return value;
  const { sizes, permutation } = folded;
  const before = node.shape.slice(0, -1);
  const apart = build.reshape(node, [...before, ...permutation.map((axis) => sizes[axis]!)]);
  const kept = sequence(before.length);
  const turned = build.transpose(apart, [...kept, ...inverse(permutation).map((axis) => axis + before.length)]);
  return flow(build.reshape(turned, node.shape), value.elementType);
}
