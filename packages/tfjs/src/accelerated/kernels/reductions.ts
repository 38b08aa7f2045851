import { backend_util, type TensorInfo, util } from "@tensorflow/tfjs-core";
import { sizeOf } from "../../engine/sizes.ts";
import type { Heap } from "../heap.ts";
import { isFloat, type Kernel, type Kernels } from "./kernel.ts";

interface Axes {
  readonly axis: number | number[];
  readonly keepDims: boolean;
}

/** Sums in blocks, along any axes without a transpose; each run of neighbouring axes is one pass. */
const sum: Kernel<Axes> = (heap, { x }, { axis, keepDims }, stock) => {
  if (!isFloat(x)) return stock();
  return summed(heap, x!, axis, keepDims);
};

const mean: Kernel<Axes> = (heap, { x }, { axis, keepDims }, stock) => {
  if (!isFloat(x)) return stock();
  const total = summed(heap, x!, axis, keepDims);
  const count = sizeOf(x!.shape) / sizeOf(total.shape);
  const address = heap.address(total);
  const divisor = heap.scratch(4);
  heap.floats(divisor, 1)[0] = count;
  heap.kernels.div(address, divisor, address, 1, sizeOf(total.shape), 0, 1, 0, 0);
  return total;
};

function summed(heap: Heap, x: TensorInfo, axis: number | number[], keepDims: boolean): TensorInfo {
  const axes = util.parseAxisParam(axis, x.shape);
  const [shape] = backend_util.computeOutAndReduceShapes(x.shape, axes);
  const kept = keepDims ? backend_util.expandShapeToKeepDim(shape, axes) : shape;
  let sizes: number[] = [...x.shape];
  let from = x;
  for (const [first, end] of runsOf(axes).reverse()) {
    const outer = sizeOf(sizes.slice(0, first));
    const inner = sizeOf(sizes.slice(end));
    sizes = [...sizes.slice(0, first), ...sizes.slice(end)];
    const y = heap.output(sizes);
    heap.kernels.sum(heap.address(from), heap.address(y), outer, sizeOf(x.shape.slice(first, end)), inner);
    if (from !== x) heap.release(from);
    from = y;
  }
  return from === x ? heap.call("Identity", { x }) : { ...from, shape: kept };
}

/** Neighbouring axes together: [first, end) of each run, in order. */
function runsOf(axes: readonly number[]): [first: number, end: number][] {
  const runs: [number, number][] = [];
  for (const axis of axes.toSorted((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last?.[1] === axis) last[1]++;
    else runs.push([axis, axis + 1]);
  }
  return runs;
}

export const reductions: Kernels = { Mean: mean, Sum: sum };
