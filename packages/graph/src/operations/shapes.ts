import {
  broadcastTo as broadcastNd,
  type NdArray,
  reshape as reshapeNd,
  transpose as transposeNd,
} from "@isthmus/math";
import type { JsonObject, Node, Shape, TensorType } from "../ir.ts";
import type { Primitive } from "../operation.ts";
import { batchRank, broadcastShapes, concreteShape, elementCount, formatShape, sameShape } from "../shape.ts";

const shapeOf = (attributes: JsonObject) => attributes["shape"] as unknown as Shape;

/** The same values in another shape; the batch stays the batch. Attributes: `shape`. */
export const reshape: Primitive = {
  name: "reshape",
  version: 1,
  tier: "primitive",
  operands: ["x"],
  attributes: { shape: "shape" },
  infer: ([x], attributes) => {
    const from = (x as TensorType).shape;
    const shape = shapeOf(attributes);
    if (batchRank(from) !== batchRank(shape) || elementCount(from) !== elementCount(shape)) {
      throw new RangeError(`reshape: ${formatShape(from)} does not fit "shape" ${formatShape(shape)}`);
    }
    return { shape, dtype: (x as TensorType).dtype };
  },
  derivative: (build, node, inputs, g) => [build.reshape(build.broadcastTo(g, node.shape), (inputs[0] as Node).shape)],
  reference: ([x], node, { batch }) => reshapeNd(x as NdArray, concreteShape(node.shape, batch)),
};

/** Stretches axes of size 1 as NumPy does. Attributes: `shape`. */
export const broadcastTo: Primitive = {
  name: "broadcastTo",
  version: 1,
  tier: "primitive",
  operands: ["x"],
  attributes: { shape: "shape" },
  infer: ([x], attributes) => {
    const from = (x as TensorType).shape;
    const shape = shapeOf(attributes);
    if (!sameShape(broadcastShapes("broadcastTo", from, shape), shape)) {
      throw new RangeError(`broadcastTo: ${formatShape(from)} does not broadcast to "shape" ${formatShape(shape)}`);
    }
    return { shape, dtype: (x as TensorType).dtype };
  },
  derivative: (build, node, inputs, g) => [build.unbroadcast(g, node.shape, (inputs[0] as Node).shape)],
  reference: ([x], node, { batch }) => broadcastNd(x as NdArray, concreteShape(node.shape, batch)),
};

const permutationOf = (attributes: JsonObject) => attributes["permutation"] as readonly number[];

/** Axes in another order: axis `i` of the result is axis `permutation[i]` of `x`. Attributes: `permutation`. */
export const transpose: Primitive = {
  name: "transpose",
  version: 1,
  tier: "primitive",
  operands: ["x"],
  attributes: { permutation: "permutation" },
  infer: ([x], attributes) => {
    const { shape, dtype } = x as TensorType;
    const permutation = permutationOf(attributes);
    const sorted = [...permutation].sort((a, b) => a - b);
    if (sorted.length !== shape.length || sorted.some((axis, index) => axis !== index)) {
      throw new RangeError(
        `transpose: "permutation" expected each axis of ${formatShape(shape)} once, got ${formatShape(permutation)}`,
      );
    }
    return { shape: permutation.map((axis) => shape[axis] as Shape[number]), dtype };
  },
  derivative: (build, node, _inputs, g) => {
    const permutation = permutationOf(node.attributes);
    const inverse = permutation.map((_, axis) => permutation.indexOf(axis));
    return [build.transpose(build.broadcastTo(g, node.shape), inverse)];
  },
  reference: ([x], node) => transposeNd(x as NdArray, permutationOf(node.attributes)),
};
