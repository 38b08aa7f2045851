import { elementCount, type GraphBuilder, type Node } from "@isthmus/graph";
import { type Flow, flow, sequence, shapeOf } from "./flow.ts";
import type { NodeReader } from "./node-reader.ts";
import { reshaped } from "./shapes.ts";
import { take } from "./take.ts";
import type { Translation, Translations } from "./translations.ts";

/** A reduction of x that keeps the reduced axes with size 1. */
type Reduction = (build: GraphBuilder, x: Node, axes: readonly number[], read: NodeReader) => Node;

const kept = (axes: readonly number[]) => ({ axes, keepDims: true });

/** The axes are an attribute before this operator set and an input from then on. */
const reduction =
  (reduce: Reduction): Translation =>
  (read) => {
    const x = read.flow(0);
    const shape = shapeOf(x);
    const named = read.intsOrInput("axes", 1);
    if ((named === undefined || named.length === 0) && read.int("noop_with_empty_axes", 0) !== 0) return x;
    const axes = named?.length ? read.axes(named, shape.length) : sequence(shape.length);
    const node = axes.length
      ? reduce(
          read.build,
          x.node,
          axes.map((axis) => x.order[axis]!),
          read,
        )
      : x.node;
    const whole: Flow = { ...x, node };
    if (read.int("keepdims", 1) !== 0) return whole;
    return reshaped(
      read,
      whole,
      shape.filter((_, axis) => !axes.includes(axis)),
    );
  };

const sum: Reduction = (build, x, axes) => build.sum(x, kept(axes));
const max: Reduction = (build, x, axes) => build.max(x, kept(axes));

/** With the largest taken out first, so that nothing overflows. */
const logSumExp: Reduction = (build, x, axes) => {
  const largest = build.max(x, kept(axes));
  return build.add(largest, build.log(build.sum(build.exp(build.sub(x, largest)), kept(axes))));
};

/** Element by element: the graph has no products along an axis. */
const product: Reduction = (build, x, axes, read) =>
  axes.reduce((partial, axis) => {
    const size = partial.shape[axis];
    if (typeof size !== "number" || size > 256) return read.refuse(`multiplies ${size} numbers along an axis`);
    return sequence(size)
      .map((i) => take(build, partial, axis, [i])!)
      .reduce((a, b) => build.mul(a, b));
  }, x);

/** Along one axis; before operator set 13 over it and all behind it together. */
const alongAxis =
  (name: "softmax" | "logSoftmax"): Translation =>
  (read) => {
    const x = read.flow(0);
    const shape = shapeOf(x);
    const axis = read.axis(read.int("axis", read.version < 13 ? 1 : -1), shape.length);
    if (read.version >= 13 || axis === shape.length - 1) return along(read, x, axis, name);
    const tail = shape.slice(axis);
    if (tail.includes("batch")) read.refuse("normalises over the batch and other axes");
    const joined = [...shape.slice(0, axis), elementCount(tail)];
    const row = reshaped(read, x, joined) as Flow;
    return reshaped(read, along(read, row, axis, name), shape);
  };

function along(read: NodeReader, value: Flow, axis: number, name: "softmax" | "logSoftmax"): Flow {
  const { build } = read;
  if (value.folded) return along(read, flow(read.plain(value), value.elementType), axis, name);
  const last = value.order.length - 1;
  if (value.order[axis] === last) return { ...value, node: build[name](value.node) };
  const order = value.order.map((place) => (place > value.order[axis]! ? place - 1 : place)).with(axis, last);
  return { ...value, node: build[name](read.arranged(value, order)), order };
}

export const reductions: Translations = {
  LogSoftmax: alongAxis("logSoftmax"),
  Softmax: alongAxis("softmax"),
  ReduceL1: reduction((build, x, axes) => build.sum(build.abs(x), kept(axes))),
  ReduceL2: reduction((build, x, axes) => build.sqrt(build.sum(build.square(x), kept(axes)))),
  ReduceLogSum: reduction((build, x, axes) => build.log(build.sum(x, kept(axes)))),
  ReduceLogSumExp: reduction(logSumExp),
  ReduceMax: reduction(max),
  ReduceMean: reduction((build, x, axes) => build.mean(x, kept(axes))),
  ReduceMin: reduction((build, x, axes) => build.neg(build.max(build.neg(x), kept(axes)))),
  ReduceProd: reduction(product),
  ReduceSum: reduction(sum),
  ReduceSumSquare: reduction((build, x, axes) => build.sum(build.square(x), kept(axes))),
};
