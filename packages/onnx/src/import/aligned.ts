import type { GraphBuilder } from "@isthmus/graph";
import type { OnnxNode } from "../messages.ts";
import { flow, plain, shapeOf, type Value } from "./flow.ts";
import { reshapeKnown } from "./known.ts";
import { refusal } from "./node-reader.ts";

type Given = readonly (Value | undefined)[];

/**
 * What a node is given as operator sets from 7 on have it: before, the attribute `axis` could say along which axes of the
 * first operand the second one lies, such as a bias along the channels. It gets axes of size 1 behind its own.
 */
export function aligned(node: OnnxNode, given: Given, build: GraphBuilder): Given {
  const { broadcast, axis } = node.attributes;
  const [first, second, ...others] = given;
  if (broadcast?.value !== 1 || axis?.type !== "int" || !first || !second) return given;
  const [rank, own] = [shapeOf(first).length, shapeOf(second).length];
  const behind = rank - own - (axis.value < 0 ? axis.value + rank : axis.value);
  if (!(behind >= 0 && behind <= rank - own)) {
    throw refusal(node, `lays ${own} axes along ${rank} from axis ${axis.value} on`);
  }
  return [first, widened(second, behind, build), ...others];
}

function widened(value: Value, count: number, build: GraphBuilder): Value {
  const ones = new Array<number>(count).fill(1);
  if (value.kind === "known") return reshapeKnown(value, [...value.shape, ...ones]);
  return flow(build.reshape(plain(build, value), [...shapeOf(value), ...ones]), value.elementType);
}
