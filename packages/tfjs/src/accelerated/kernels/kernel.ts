import type { KernelFunc, TensorInfo } from "@tensorflow/tfjs-core";
import type { Heap } from "../heap.ts";

export type Inputs = Readonly<Record<string, TensorInfo>>;

/** tfjs's own kernel of that name, for what ours leaves to it. */
export type Stock = () => TensorInfo;

/** A kernel of ours. What it needs of `attrs` it says as `A`: tfjs's operations have checked them. */
export type Kernel<A = Readonly<Record<string, never>>> = (
  heap: Heap,
  inputs: Inputs,
  attrs: A,
  stock: Stock,
) => TensorInfo | TensorInfo[];

/** By tfjs's names. */
export type Kernels = Readonly<Record<string, Kernel<never>>>;

/** As tfjs calls it. */
export function asKernelFunc(kernel: Kernel<never>, heap: Heap, stock: KernelFunc | undefined): KernelFunc {
  return (call) => {
    const missing = (): never => {
      throw new Error("no kernel of tfjs's own to fall back to");
    };
    const theirs = (): TensorInfo => (stock ? (stock(call) as TensorInfo) : missing());
    return kernel(heap, call.inputs as Inputs, call.attrs as never, theirs);
  };
}

export function isFloat(...tensors: readonly (TensorInfo | undefined | null)[]): boolean {
  return tensors.every((tensor) => !tensor || tensor.dtype === "float32");
}
