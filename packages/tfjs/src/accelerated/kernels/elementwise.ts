import type { Binary, KernelExports, Unary } from "@isthmus/kernels";
import { broadcastPair, sizeOf } from "../../engine/sizes.ts";
import { isFloat, type Kernel, type Kernels } from "./kernel.ts";

type Of<F> = { [K in keyof KernelExports]: KernelExports[K] extends F ? K : never }[keyof KernelExports];

function unary(name: Of<Unary>): Kernel {
  return (heap, { x }, _, stock) => {
    if (!isFloat(x)) return stock();
    const y = heap.output(x!.shape);
    heap.kernels[name](heap.address(x!), heap.address(y), sizeOf(y.shape));
    return y;
  };
}

/** Element by element; operands that stretch along more than one run of axes are tfjs's. */
function binary(name: Of<Binary>): Kernel {
  return (heap, { a, b }, _, stock) => {
    if (!isFloat(a, b)) return stock();
    const { left, right, common } = broadcastPair(a!.shape, b!.shape);
    if (left.length > 2) return stock();
    const y = heap.output(common);
    if (sizeOf(common) === 0) return y;
    const rows = left.map((size, axis) => Math.max(size, right[axis]!));
    const inner = rows.at(-1) ?? 1;
    const outer = rows.length > 1 ? rows[0]! : 1;
    const from = [strides(left, inner), strides(right, inner)].flat() as [number, number, number, number];
    heap.kernels[name](heap.address(a!), heap.address(b!), heap.address(y), outer, inner, ...from);
    return y;
  };
}

/** Of an operand with at most two axes: from row to row, and along one. */
function strides(sizes: readonly number[], inner: number): [outer: number, inner: number] {
  const own = sizes.at(-1) ?? 1;
  const along = own === inner && own > 1 ? 1 : 0;
  const isRepeated = sizes.length < 2 || sizes[0] === 1;
  return [isRepeated ? 0 : own, along];
}

export const elementwise: Kernels = {
  Erf: unary("erf"),
  Exp: unary("exp"),
  Expm1: unary("expm1"),
  Log: unary("log"),
  Log1p: unary("log1p"),
  Maximum: binary("maximum"),
  Minimum: binary("minimum"),
  Softplus: unary("softplus"),
  Sqrt: unary("sqrt"),
  Tanh: unary("tanh"),
};
