import type { Buffer } from "./plan.ts";

/**
 * A value as it lies in a buffer: one element stride per axis, 0 where it repeats. Reshaping, broadcasting and
 * transposing make views, not copies, so a view shows every element of its buffer. A kernel that cannot read one gets
 * it copied (`PlanBuilder.dense`).
 */
export interface View {
  readonly buffer: Buffer;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

function rowMajor(shape: readonly number[]): number[] {
  const strides: number[] = [];
  shape.reduceRight((stride, dim, axis) => {
    strides[axis] = stride;
    return stride * dim;
  }, 1);
  return strides;
}

export function denseView(buffer: Buffer, shape: readonly number[]): View {
  return { buffer, shape, strides: rowMajor(shape) };
}

/** Whether the elements lie in row-major order without gaps; strides of axes of size 1 do not matter. */
export function isDense({ shape, strides }: View): boolean {
  const wanted = rowMajor(shape);
  return shape.every((dim, axis) => dim === 1 || strides[axis] === wanted[axis]);
}

/** Whether all elements are one, repeated. */
export function isOneNumber({ shape, strides }: View): boolean {
  return shape.every((dim, axis) => dim === 1 || strides[axis] === 0);
}

/** Stretches `view` to `shape`, to which it broadcasts. */
export function broadcastView(view: View, shape: readonly number[]): View {
  const missing = shape.length - view.shape.length;
  const strides = shape.map((dim, axis) => (view.shape[axis - missing] === dim ? view.strides[axis - missing]! : 0));
  return { buffer: view.buffer, shape, strides };
}

export function transposeView({ buffer, shape, strides }: View, permutation: readonly number[]): View {
  return {
    buffer,
    shape: permutation.map((axis) => shape[axis]!),
    strides: permutation.map((axis) => strides[axis]!),
  };
}

/** The elements under another shape without moving them; `undefined` when strides cannot say that. */
export function reshapeView(view: View, shape: readonly number[]): View | undefined {
  if (isDense(view)) return denseView(view.buffer, shape);
  const used = view.shape.map((dim, axis) => ({ dim, stride: view.strides[axis]! })).filter(({ dim }) => dim !== 1);
  if (used.every(({ stride }) => stride === 0)) return { buffer: view.buffer, shape, strides: shape.map(() => 0) };
  const wanted = shape.filter((dim) => dim !== 1);
  if (wanted.length !== used.length || wanted.some((dim, axis) => dim !== used[axis]!.dim)) return undefined;
  let next = 0;
  return { buffer: view.buffer, shape, strides: shape.map((dim) => (dim === 1 ? 0 : used[next++]!.stride)) };
}

/** Nested loops over operands of one shape: sizes, outermost first, and each operand's strides. */
export interface Loops {
  readonly dims: readonly number[];
  readonly strides: readonly (readonly number[])[];
}

/** The fewest nested loops that walk `operands`, all of one shape, in row-major order. */
export function collapse(operands: readonly View[]): Loops {
  const dims: number[] = [];
  const strides: number[][] = operands.map(() => []);
  for (const [axis, dim] of operands[0]!.shape.entries()) {
    if (dim === 1) continue;
    const last = dims.length - 1;
    const merges = last >= 0 && operands.every((view, i) => strides[i]![last] === view.strides[axis]! * dim);
    if (merges) dims[last]! *= dim;
    else dims.push(dim);
    for (const [i, view] of operands.entries()) strides[i]![merges ? last : last + 1] = view.strides[axis]!;
  }
  return { dims, strides };
}

/** Two loops, the inner one over elements side by side or one element repeated; what elementwise kernels take. */
export interface Rows {
  readonly outer: number;
  readonly inner: number;
  /** Per operand. */
  readonly strides: readonly { readonly outer: number; readonly inner: number }[];
}

/** The loops as rows; `undefined` when there are more than two or an inner stride is neither 0 nor 1. */
export function asRows(operands: readonly View[]): Rows | undefined {
  const { dims, strides } = collapse(operands);
  if (dims.length > 2 || strides.some((own) => (own.at(-1) ?? 0) > 1)) return undefined;
  const [outer, inner] = [1, 1, ...dims].slice(-2) as [number, number];
  return {
    outer,
    inner,
    strides: strides.map((own) => {
      const [outerStride, innerStride] = [0, 0, ...own].slice(-2) as [number, number];
      return { outer: outerStride, inner: innerStride };
    }),
  };
}
