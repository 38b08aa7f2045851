import { type NdArray, ndArrayOps } from "@isthmus/math";
import type { Dim, JsonObject, Node, Shape, TensorType } from "../ir.ts";
import type { Primitive } from "../operation.ts";
import { elementCount, formatShape } from "../shape.ts";
import { requireFloat } from "./require.ts";

/** The fixed size of `x` along `axis`. A batch cannot be cut or grown, since shapes hold no sums. */
function sizeAlong(operation: string, argument: string, shape: Shape, axis: number): number {
  const size = shape[axis];
  if (size === undefined)
    throw new RangeError(`${operation}: "axis" expected one of ${formatShape(shape)}, got ${axis}`);
  if (size === "batch")
    throw new RangeError(
      `${operation}: "${argument}" expected a fixed size along axis ${axis}, got ${formatShape(shape)}`,
    );
  return size;
}

const resized = (shape: Shape, axis: number, size: Dim): Shape => shape.map((dim, i) => (i === axis ? size : dim));
const integer = (attributes: JsonObject, key: string) => attributes[key] as number;

/** `x` as rows of `[n along the axis and everything inside]`. */
function rowsOf(
  { shape, data }: NdArray,
  axis: number,
): { readonly count: number; readonly length: number; readonly row: (index: number) => Float64Array } {
  const length = elementCount(shape.slice(axis));
  return { count: data.length / length, length, row: (index) => data.subarray(index * length, (index + 1) * length) };
}

/** Arrays one after the other along an axis. Inputs: one or more. Attributes: `axis`. */
export const concat: Primitive = {
  name: "concat",
  version: 1,
  tier: "primitive",
  operands: ["xs"],
  variadic: true,
  attributes: { axis: "count" },
  infer: (inputs, attributes) => {
    const axis = integer(attributes, "axis");
    const [first] = inputs as readonly [TensorType];
    let total = 0;
    for (const [index, x] of inputs.entries()) {
      const { shape } = requireFloat("concat", `xs[${index}]`, x);
      total += sizeAlong("concat", `xs[${index}]`, shape, axis);
      const fits = shape.length === first.shape.length && shape.every((dim, i) => i === axis || dim === first.shape[i]);
      if (!fits) {
        const expected = `${formatShape(first.shape)} but for axis ${axis}`;
        throw new RangeError(`concat: "xs[${index}]" expected ${expected}, got ${formatShape(shape)}`);
      }
    }
    return { shape: resized(first.shape, axis, total), dtype: "f32" };
  },
  derivative: (build, node, inputs, cotangent) => {
    const axis = integer(node.attributes, "axis");
    const g = build.broadcastTo(cotangent, node.shape);
    let begin = 0;
    return inputs.map(({ shape }) => {
      const size = shape[axis] as number;
      begin += size;
      return build.slice(g, { axis, begin: begin - size, end: begin });
    });
  },
  reference: (inputs, node) => ndArrayOps.concat(inputs, integer(node.attributes, "axis")),
};

/** Elements `begin` to `end` (not included) along an axis. Attributes: `axis`, `begin`, `end`. */
export const slice: Primitive = {
  name: "slice",
  version: 1,
  tier: "primitive",
  operands: ["x"],
  attributes: { axis: "count", begin: "count", end: "count" },
  infer: ([x], attributes) => {
    const { shape } = requireFloat("slice", "x", x as TensorType);
    const [axis, begin, end] = ["axis", "begin", "end"].map((key) => integer(attributes, key)) as [
      number,
      number,
      number,
    ];
    const size = sizeAlong("slice", "x", shape, axis);
    if (begin >= end || end > size) {
      throw new RangeError(`slice: "begin" and "end" expected 0 <= begin < end <= ${size}, got ${begin} and ${end}`);
    }
    return { shape: resized(shape, axis, end - begin), dtype: "f32" };
  },
  derivative: (build, node, inputs, cotangent) => {
    const { axis, begin, end } = node.attributes as { axis: number; begin: number; end: number };
    const size = (inputs[0] as Node).shape[axis] as number;
    const g = build.broadcastTo(cotangent, node.shape);
    return [build.pad(g, { axis, before: begin, after: size - end })];
  },
  reference: ([x], node) =>
    ndArrayOps.slice(x as NdArray, node.attributes as { axis: number; begin: number; end: number }),
};

/** Zeros `before` and `after` along an axis. Attributes: `axis`, `before`, `after`. */
export const pad: Primitive = {
  name: "pad",
  version: 1,
  tier: "primitive",
  operands: ["x"],
  attributes: { axis: "count", before: "count", after: "count" },
  infer: ([x], attributes) => {
    const { shape } = requireFloat("pad", "x", x as TensorType);
    const axis = integer(attributes, "axis");
    const size = sizeAlong("pad", "x", shape, axis);
    return {
      shape: resized(shape, axis, size + integer(attributes, "before") + integer(attributes, "after")),
      dtype: "f32",
    };
  },
  derivative: (build, node, inputs, cotangent) => {
    const { axis, before } = node.attributes as { axis: number; before: number };
    const size = (inputs[0] as Node).shape[axis] as number;
    const g = build.broadcastTo(cotangent, node.shape);
    return [build.slice(g, { axis, begin: before, end: before + size })];
  },
  reference: ([x], node) => {
    const { axis, before, after } = node.attributes as { axis: number; before: number; after: number };
    const { shape } = x as NdArray;
    const inner = elementCount(shape.slice(axis + 1));
    const { count, length, row } = rowsOf(x as NdArray, axis);
    const padded = length + (before + after) * inner;
    const data = new Float64Array(count * padded);
    for (let i = 0; i < count; i++) data.set(row(i), i * padded + before * inner);
    return { shape: resized(shape, axis, (shape[axis] as number) + before + after) as number[], data };
  },
};
