import type { KernelFunc, TensorInfo } from "@tensorflow/tfjs-core";
import type { Heap } from "../heap.ts";

export type Inputs = Readonly<Record<string, TensorInfo>>;

/** tfjs's own kernel of that name, for what ours leaves to it. */
type Stock = () => TensorInfo;

/** A kernel of ours. What it needs of `attrs` it says as `A`: tfjs's operations have checked them. */
export type Kernel<A = Readonly<Record<string, never>>> = (
  heap: Heap,
  inputs: Inputs,
  attrs: A,
  stock: Stock,
) => TensorInfo | TensorInfo[];

/** By tfjs's names. */
export type Kernels = Readonly<Record<string, Kernel<never>>>;

/** As tfjs calls it. `stock`: of names that tfjs has; those that it has not ask for none. */
export function asKernelFunc(kernel: Kernel<never>, heap: Heap, stock: KernelFunc | undefined): KernelFunc {
  return (call) => kernel(heap, call.inputs as Inputs, call.attrs as never, () => stock!(call) as TensorInfo);
}

export function isFloat(...tensors: readonly (TensorInfo | undefined | null)[]): boolean {
  return tensors.every((tensor) => !tensor || tensor.dtype === "float32");
}
