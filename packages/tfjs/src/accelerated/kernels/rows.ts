import { backend_util, type DataType, type Tensor, type TensorInfo, util } from "@tensorflow/tfjs-core";
import { sizeOf } from "../../engine/sizes.ts";
import { isFloat, type Kernel, type Kernels } from "./kernel.ts";

/** Ids out of range are left out. */
const segmentSum: Kernel<{ numSegments: number }> = (heap, { x, segmentIds }, { numSegments }) => {
  const [count = 1, ...rest] = x!.shape;
  const y = heap.output([numSegments, ...rest], x!.dtype);
  const width = sizeOf(rest);
  const [from, ids, to] = heap.addresses(x!, segmentIds!, y);
  if (isFloat(x)) heap.kernels.scatterAdd(from, ids, to, count, numSegments, width);
  else addWords(heap.words(from, count * width), heap.words(ids, count), heap.words(to, numSegments * width), width);
  return y;
};

function addWords(x: Int32Array, ids: Int32Array, y: Int32Array, width: number): void {
  y.fill(0);
  ids.forEach((id, row) => {
    if (id < 0 || id * width >= y.length) return;
    for (let i = 0; i < width; i++) y[id * width + i]! += x[row * width + i]!;
  });
}

/** Rows by their ids; tfjs's own mixes up batches. Throws RangeError for an id out of range, as tfjs's. */
const gather: Kernel<{ axis: number; batchDims: number }> = (heap, inputs, { axis, batchDims }, stock) => {
  const { x, indices } = inputs as { x: TensorInfo; indices: TensorInfo };
  if (x.dtype === "bool" || indices.dtype !== "int32") return stock();
  const [along] = util.parseAxisParam(axis, x.shape) as [number];
  const { segment_util } = backend_util;
  const shapes = segment_util.collectGatherOpShapeInfo(x as Tensor, indices as Tensor, along, batchDims);
  const { batchSize, outerSize, dimSize, sliceSize, outputShape } = shapes;
  const y = heap.output(outputShape, x.dtype);
  const all = sizeOf(indices.shape);
  const [table, ids, to] = heap.addresses(x, indices, y);
  const wrong = heap.words(ids, all).find((id) => id < 0 || id >= dimSize);
  if (wrong !== undefined) {
    heap.release(y);
    throw new RangeError(`GatherV2: the index value ${wrong} is not in [0, ${dimSize - 1}]`);
  }
  const count = all / batchSize;
  for (let i = 0; i < batchSize * outerSize; i++) {
    const own = ids + 4 * count * Math.floor(i / outerSize);
    const [from, result] = [table + 4 * dimSize * sliceSize * i, to + 4 * count * sliceSize * i];
    heap.kernels.gather(from, own, result, count, dimSize, sliceSize);
  }
  return y;
};

interface Classes {
  readonly dtype: DataType;
  readonly depth: number;
  readonly onValue: number;
  readonly offValue: number;
}

/** tfjs's own writes the bits of integers where float32 is asked for. */
const oneHot: Kernel<Classes> = (heap, { indices }, { dtype, depth, onValue, offValue }, stock) => {
  if (dtype !== "float32") return stock();
  const y = heap.output([...indices!.shape, depth]);
  const count = sizeOf(indices!.shape);
  const ids = heap.words(heap.address(indices!), count);
  const [values] = heap.views(y);
  values.fill(offValue);
  ids.forEach((id, row) => void (id >= 0 && id < depth && (values[row * depth + id] = onValue)));
  return y;
};

export const rows: Kernels = { GatherV2: gather, OneHot: oneHot, UnsortedSegmentSum: segmentSum };
