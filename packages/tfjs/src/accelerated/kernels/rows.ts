import { type DataType, type TensorInfo, util } from "@tensorflow/tfjs-core";
import { sizeOf } from "../../engine/sizes.ts";
import { isFloat, type Kernel, type Kernels } from "./kernel.ts";

/** Ids out of range are left out. */
const segmentSum: Kernel<{ numSegments: number }> = (heap, { x, segmentIds }, { numSegments }) => {
  const [count = 1, ...rest] = x!.shape;
  const y = heap.output([numSegments, ...rest], x!.dtype);
  const width = sizeOf(rest);
  const [from, ids, to] = [x!, segmentIds!, y].map((tensor) => heap.address(tensor)) as [number, number, number];
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

/** Rows by their ids, NaN where there is none of that id; tfjs's own mixes up batches. */
const gather: Kernel<{ axis: number; batchDims: number }> = (heap, inputs, { axis, batchDims }, stock) => {
  const { x, indices } = inputs as { x: TensorInfo; indices: TensorInfo };
  if (x.dtype === "bool" || indices.dtype !== "int32") return stock();
  const [along] = util.parseAxisParam(axis, x.shape) as [number];
  const y = heap.output(
    [...x.shape.slice(0, along), ...indices.shape.slice(batchDims), ...x.shape.slice(along + 1)],
    x.dtype,
  );
  const batch = sizeOf(x.shape.slice(0, batchDims));
  const outer = sizeOf(x.shape.slice(batchDims, along));
  const [size, inner] = [x.shape[along]!, sizeOf(x.shape.slice(along + 1))];
  const count = sizeOf(indices.shape.slice(batchDims));
  const [table, ids, to] = [x, indices, y].map((tensor) => heap.address(tensor)) as [number, number, number];
  for (let i = 0; i < batch * outer; i++) {
    const own = ids + 4 * count * Math.floor(i / outer);
    heap.kernels.gather(table + 4 * size * inner * i, own, to + 4 * count * inner * i, count, size, inner);
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
  const [ids, values] = [heap.words(heap.address(indices!), count), heap.valuesOf(y)];
  values.fill(offValue);
  ids.forEach((id, row) => void (id >= 0 && id < depth && (values[row * depth + id] = onValue)));
  return y;
};

export const rows: Kernels = { GatherV2: gather, OneHot: oneHot, UnsortedSegmentSum: segmentSum };
