import type { TensorInfo } from "@tensorflow/tfjs-core";
import { commonShape, sizeOf } from "../../engine/sizes.ts";
import type { Heap } from "../heap.ts";
import { endingOf, type Fused } from "./activation.ts";
import { isFloat, type Kernel, type Kernels } from "./kernel.ts";

interface Transposes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** Products of matrices, with either operand transposed, in batches that broadcast. */
const product: Kernel<Transposes & Fused> = (heap, inputs, attrs, stock) => {
  const { a, b, bias } = inputs as { a: TensorInfo; b: TensorInfo; bias?: TensorInfo };
  if (!isFloat(a, b, bias)) return stock();
  const [m, k] = sizesOf(a, attrs.transposeA);
  const [inner, n] = sizesOf(b, attrs.transposeB);
  if (k !== inner) {
    throw new RangeError(`"b" expected ${k} rows to multiply a of shape [${a.shape.join(", ")}], got ${inner}`);
  }
  const batch = commonShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const ending = endingOf(heap, inputs, n, attrs);
  const y = heap.output([...batch, m, n]);
  const calls = callsOf(heap, a, b, y, batch, attrs, [m, k, n]);
  const [transA, transB] = [Number(attrs.transposeA), Number(attrs.transposeB)];
  const { gemm, gemmScratch } = heap.kernels;
  const scratch = heap.scratch(gemmScratch(transA, transB, calls[0]?.m ?? 0, n, k));
  for (const { m: rows, a: left, b: right, y: to } of calls) {
    gemm(transA, transB, rows, n, k, left, right, to, ending.bias, ending.activation, scratch);
  }
  return ending.then(y);
};

/** Rows and columns as the product takes them. */
function sizesOf({ shape }: TensorInfo, transposed: boolean): [rows: number, columns: number] {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
}

/** One product of two matrices, by their addresses. */
interface Call {
  readonly m: number;
  readonly a: number;
  readonly b: number;
  readonly y: number;
}

/** Matrices that share one b are rows of one matrix. */
function callsOf(
  heap: Heap,
  a: TensorInfo,
  b: TensorInfo,
  y: TensorInfo,
  batch: readonly number[],
  { transposeA }: Transposes,
  [m, k, n]: readonly [number, number, number],
): Call[] {
  const at = { a: heap.address(a), b: heap.address(b), y: heap.address(y) };
  const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const count = sizeOf(batch);
  if (sizeOf(batchB) === 1 && sizeOf(batchA) === count && !transposeA) return [{ m: m * count, ...at }];
  return Array.from({ length: count }, (_, i) => ({
    m,
    a: at.a + 4 * m * k * indexIn(batchA, batch, i),
    b: at.b + 4 * k * n * indexIn(batchB, batch, i),
    y: at.y + 4 * m * n * i,
  }));
}

/** The place in an array of `shape` of what is broadcast to place i of `common`. */
function indexIn(shape: readonly number[], common: readonly number[], i: number): number {
  let [index, step] = [0, 1];
  for (let axis = common.length - 1, own = shape.length - 1; own >= 0; axis--, own--) {
    const at = i % common[axis]!;
    i = (i - at) / common[axis]!;
    if (shape[own] !== 1) index += step * at;
    step *= shape[own]!;
  }
  return index;
}

export const products: Kernels = { BatchMatMul: product, _FusedMatMul: product };
