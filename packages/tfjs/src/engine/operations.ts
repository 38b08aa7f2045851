import { type JsonObject, type Node, operations } from "@isthmus/graph";
import type { NdArray } from "@isthmus/math";
import type { Value } from "./device.ts";
import * as images from "./images.ts";
import type { KernelOps } from "./kernel-ops.ts";
import { type Sizes, sizeOf } from "./sizes.ts";

/** A node about to be computed. */
interface Task {
  readonly attributes: JsonObject;
  /** Of the result, with the batch's size. */
  readonly shape: Sizes;
  /** Of the last input where that holds ids. */
  readonly ids: NdArray | undefined;
}

type Lowering = (ops: KernelOps, inputs: readonly Value[], task: Task) => Value;

/** Operations of the same name on one, two or three arrays. */
const elementwise = [
  ...["neg", "abs", "sign", "exp", "expm1", "log", "log1p", "sqrt", "square", "sigmoid", "tanh", "softplus", "relu"],
  ...["stopGradient", "erf", "round", "add", "sub", "mul", "div", "maximum", "minimum", "greater", "equal", "select"],
] as const;

const byName = (name: string): Lowering => {
  return (ops, inputs) => (ops[name as keyof KernelOps] as (...values: readonly Value[]) => Value)(...inputs);
};

/** Operations whose attributes are a method's options. */
const withOptions =
  (name: "sum" | "max" | "slice"): Lowering =>
  (ops, [x], { attributes }) =>
    ops[name](x!, attributes as never);

const one =
  (f: (ops: KernelOps, x: Value, attributes: JsonObject) => Value): Lowering =>
  (ops, [x], { attributes }) =>
    f(ops, x!, attributes);
const two =
  (f: (ops: KernelOps, a: Value, b: Value, attributes: JsonObject) => Value): Lowering =>
  (ops, [a, b], { attributes }) =>
    f(ops, a!, b!, attributes);

function indices(ops: KernelOps, { ids }: Task, shape: Sizes): Value {
  return ops.device.upload(ids!.data, shape, "int32");
}

const gather: Lowering = (ops, [table], task) => {
  const x = table!;
  const chosen = indices(ops, task, [task.ids!.data.length]);
  const rows = ops.device.call("GatherV2", { x, indices: chosen }, { axis: 0, batchDims: 0 });
  return ops.reshape(rows, task.shape);
};

const scatterAdd: Lowering = (ops, [values], task) => {
  const count = task.ids!.data.length;
  const updates = ops.reshape(values!, [count, sizeOf(values!.shape) / count]);
  return ops.device.call("ScatterNd", { indices: indices(ops, task, [count, 1]), updates }, { shape: [...task.shape] });
};

/** By comparison: the kernel of WebAssembly writes integers where float32 is asked for. */
const oneHot: Lowering = (ops, _, { ids, attributes, shape }) => {
  const classes = attributes["classes"] as number;
  const row = ops.cached(`classes ${classes}`, () =>
    ops.device.upload(
      Array.from({ length: classes }, (__, i) => i),
      [1, classes],
    ),
  );
  return ops.reshape(ops.equal(ops.device.upload(ids!.data, [ids!.data.length, 1]), row), shape);
};

/** How each primitive of the graph is made of kernels, by its name. Composites are expanded. */
const lowerings: ReadonlyMap<string, Lowering> = new Map<string, Lowering>([
  ...elementwise.map((name) => [name, byName(name)] as const),
  ["round", (ops, [x]) => ops.device.call("Round", { x: x! })],
  ["step", (ops, [x]) => ops.greater(x!, ops.scalar(0))],
  ["straightThrough", (_, [value]) => value!],
  ["sum", withOptions("sum")],
  ["max", withOptions("max")],
  ["slice", withOptions("slice")],
  ["concat", (ops, inputs, { attributes }) => ops.concat(inputs, attributes["axis"] as number)],
  ["pad", pad],
  ["matmul", (ops, [a, b], { attributes }) => ops.matmul(a!, b!, attributes as never)],
  ["reshape", (ops, [x], { shape }) => ops.reshape(x!, shape)],
  ["broadcastTo", (ops, [x], { shape }) => ops.broadcastTo(x!, shape)],
  ["transpose", (ops, [x], { attributes }) => ops.transpose(x!, attributes["permutation"] as readonly number[])],
  ["gather", gather],
  ["scatterAdd", scatterAdd],
  ["oneHot", oneHot],
  ["cast", (ops, _, { ids, shape }) => ops.device.upload(ids!.data, shape)],
  ["conv2d", two(images.conv2d)],
  ["conv2dInputGrad", two(images.conv2dInputGrad)],
  ["conv2dFilterGrad", two(images.conv2dFilterGrad)],
  ["depthwiseConv2d", two(images.depthwiseConv2d)],
  ["depthwiseConv2dInputGrad", two(images.depthwiseConv2dInputGrad)],
  ["depthwiseConv2dFilterGrad", two(images.depthwiseConv2dFilterGrad)],
  ["maxPool2d", one(images.maxPool2d)],
  ["maxPool2dGrad", two(images.maxPool2dGrad)],
  ["maxPool2dPick", two(images.maxPool2dPick)],
  ["avgPool2d", one(images.avgPool2d)],
  ["avgPool2dGrad", one(images.avgPool2dGrad)],
]);

function pad(ops: KernelOps, [x]: readonly Value[], { attributes }: Task): Value {
  const { axis, before, after } = attributes as { axis: number; before: number; after: number };
  return ops.resize(
    x!,
    x!.shape.map((_, i) => (i === axis ? ([before, after] as const) : ([0, 0] as const))),
  );
}

/** How an operation is computed, or `undefined` where the graph has it and this table has not. */
export function loweringOf({ op }: Pick<Node, "op">): Lowering | undefined {
  const found = lowerings.get(op);
  if (found) return found;
  const operation = operations.get(op);
  if (operation?.tier !== "composite") return undefined;
  return (ops, inputs, { attributes }) => operation.expand(ops, inputs, attributes);
}
