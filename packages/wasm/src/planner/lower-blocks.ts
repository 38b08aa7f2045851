import type { JsonObject } from "@isthmus/graph";
import type { Lowering } from "./plan-builder.ts";
import { sizeOf } from "./view.ts";

const integer = (attributes: JsonObject, key: string): number => attributes[key] as number;

/** Elements inside one step along `axis`. */
const insideOf = (shape: readonly number[], axis: number): number => sizeOf(shape.slice(axis + 1));

/** Each operand's blocks go to their place in the result's rows: a call per operand. */
export const lowerConcat: Lowering = (plan, node, operands) => {
  const axis = integer(node.attributes, "axis");
  const y = plan.result(node);
  const row = insideOf(y.shape, axis - 1);
  const count = sizeOf(y.shape) / row;
  let offset = 0;
  for (const operand of operands) {
    const x = plan.dense(operand);
    const length = sizeOf(x.shape) / count;
    plan.call("copyBlocks", [x.buffer, y.buffer, count, length, length, row, 0, offset], { output: y.buffer });
    offset += length;
  }
  return y;
};

export const lowerSlice: Lowering = (plan, node, [operand]) => {
  const axis = integer(node.attributes, "axis");
  const x = plan.dense(operand!);
  const y = plan.result(node);
  const [row, inside] = [insideOf(x.shape, axis - 1), insideOf(x.shape, axis)];
  const count = sizeOf(x.shape) / row;
  const length = sizeOf(y.shape) / count;
  const begin = integer(node.attributes, "begin") * inside;
  plan.call("copyBlocks", [x.buffer, y.buffer, count, length, row, length, begin, 0], { output: y.buffer });
  return y;
};

export const lowerPad: Lowering = (plan, node, [operand]) => {
  const axis = integer(node.attributes, "axis");
  const x = plan.dense(operand!);
  const y = plan.result(node);
  const [length, inside] = [insideOf(x.shape, axis - 1), insideOf(x.shape, axis)];
  const [before, after] = [integer(node.attributes, "before") * inside, integer(node.attributes, "after") * inside];
  plan.call("pad", [x.buffer, y.buffer, sizeOf(x.shape) / length, length, before, after], { output: y.buffer });
  return y;
};
