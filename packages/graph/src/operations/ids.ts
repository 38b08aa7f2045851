import type { NdArray } from "@isthmus/math";
import type { Node, TensorType } from "../ir.ts";
import type { Primitive } from "../operation.ts";
import { elementCount, formatShape } from "../shape.ts";
import { requireFloat } from "./require.ts";

function requireIds(operation: string, { shape, dtype }: TensorType): TensorType {
  if (dtype !== "i32") throw new TypeError(`${operation}: "ids" expected i32, got ${dtype}`);
  return { shape, dtype };
}

/** Ids as integers in [0, count); engines check them at their door, this is for who calls the interpreter. */
function checkedIds(operation: string, { data }: NdArray, count: number): Float64Array {
  const wrong = data.find((id) => !(Number.isInteger(id) && id >= 0 && id < count));
  if (wrong === undefined) return data;
  throw new RangeError(`${operation}: "ids" expected integers in [0, ${count}), got ${wrong}`);
}

/** Rows of a table [n, d] by ids in [0, n) of any shape: [...ids, d]. An id out of range is refused when it is fed. */
export const gather: Primitive = {
  name: "gather",
  version: 1,
  tier: "primitive",
  operands: ["table", "ids"],
  attributes: {},
  infer: ([table, ids]) => {
    const { shape } = requireFloat("gather", "table", table as TensorType);
    if (shape.length !== 2 || shape.includes("batch")) {
      throw new RangeError(`gather: "table" expected two fixed sizes, got ${formatShape(shape)}`);
    }
    return { shape: [...requireIds("gather", ids as TensorType).shape, shape[1]!], dtype: "f32" };
  },
  derivative: (build, node, inputs, g) => {
    const [table, ids] = inputs as readonly [Node, Node];
    return [build.scatterAdd(build.broadcastTo(g, node.shape), ids, table.shape[0] as number), undefined];
  },
  reference: ([table, ids]) => {
    const [n, d] = (table as NdArray).shape as [number, number];
    const chosen = checkedIds("gather", ids as NdArray, n);
    const data = new Float64Array(chosen.length * d);
    chosen.forEach((id, i) => data.set((table as NdArray).data.subarray(id * d, (id + 1) * d), i * d));
    return { shape: [...(ids as NdArray).shape, d], data };
  },
};

/** Adds rows [...ids, d] into zeros [rows, d], each to the row of its id in [0, rows). Attributes: `rows`. */
export const scatterAdd: Primitive = {
  name: "scatterAdd",
  version: 1,
  tier: "primitive",
  operands: ["values", "ids"],
  attributes: { rows: "size" },
  infer: ([values, ids], attributes) => {
    const { shape } = requireFloat("scatterAdd", "values", values as TensorType);
    const leading = requireIds("scatterAdd", ids as TensorType).shape;
    const width = shape.at(-1);
    if (
      shape.length !== leading.length + 1 ||
      leading.some((dim, axis) => dim !== shape[axis]) ||
      typeof width !== "number"
    ) {
      const expected = `[${[...leading, "a fixed size"].join(", ")}]`;
      throw new RangeError(`scatterAdd: "values" expected ${expected}, got ${formatShape(shape)}`);
    }
    return { shape: [attributes["rows"] as number, width], dtype: "f32" };
  },
  derivative: (build, node, inputs, g) => [
    build.gather(build.broadcastTo(g, node.shape), inputs[1] as Node),
    undefined,
  ],
  reference: ([values, ids], { shape }) => {
    const [rows, d] = shape as readonly [number, number];
    const data = new Float64Array(elementCount(shape));
    checkedIds("scatterAdd", ids as NdArray, rows).forEach((id, i) => {
      for (let j = 0; j < d; j++) data[id * d + j]! += (values as NdArray).data[i * d + j]!;
    });
    return { shape: [rows, d], data };
  },
};

/** 1 at the place of each id in [0, classes), else 0: [...ids, classes]. Attributes: `classes`. */
export const oneHot: Primitive = {
  name: "oneHot",
  version: 1,
  tier: "primitive",
  operands: ["ids"],
  attributes: { classes: "size" },
  infer: ([ids], attributes) => ({
    shape: [...requireIds("oneHot", ids as TensorType).shape, attributes["classes"] as number],
    dtype: "f32",
  }),
  derivative: () => [undefined],
  reference: ([ids], { attributes }) => {
    const classes = attributes["classes"] as number;
    const chosen = checkedIds("oneHot", ids as NdArray, classes);
    const data = new Float64Array(chosen.length * classes);
    chosen.forEach((id, i) => void (data[i * classes + id] = 1));
    return { shape: [...(ids as NdArray).shape, classes], data };
  },
};
