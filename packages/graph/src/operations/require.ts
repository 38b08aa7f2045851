import type { Shape, TensorType } from "../ir.ts";
import { formatShape, sameShape } from "../shape.ts";

/** The type itself when it is float32; a `TypeError` naming operation and argument otherwise. */
export function requireFloat(operation: string, argument: string, type: TensorType): TensorType {
  if (type.dtype !== "f32") {
    throw new TypeError(`${operation}: "${argument}" expected f32, got ${type.dtype}; cast it first`);
  }
  return { shape: type.shape, dtype: "f32" };
}

/** Float32 of the first argument's shape, which the others must have, too. */
export function inferSame(operation: string, named: Readonly<Record<string, TensorType>>): TensorType {
  const [first] = Object.values(named) as [TensorType];
  for (const [argument, type] of Object.entries(named)) requireShape(operation, argument, type, first.shape);
  return { shape: first.shape, dtype: "f32" };
}

/** A `TypeError` unless the type is float32, a `RangeError` unless it has `shape`. */
export function requireShape(operation: string, argument: string, type: TensorType, shape: Shape): void {
  if (sameShape(requireFloat(operation, argument, type).shape, shape)) return;
  throw new RangeError(`${operation}: "${argument}" expected ${formatShape(shape)}, got ${formatShape(type.shape)}`);
}

/** Float32 with a last axis. */
export function requireRow(operation: string, argument: string, type: TensorType): TensorType {
  const { shape } = requireFloat(operation, argument, type);
  if (shape.length === 0)
    throw new RangeError(`${operation}: "${argument}" expected at least rank 1, got ${formatShape(shape)}`);
  return { shape, dtype: "f32" };
}
