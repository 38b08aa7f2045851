import type { TensorType } from "../ir.ts";

/** The type itself when it is float32; a `TypeError` naming operation and argument otherwise. */
export function requireFloat(operation: string, argument: string, type: TensorType): TensorType {
  if (type.dtype !== "f32") {
    throw new TypeError(`${operation}: "${argument}" expected f32, got ${type.dtype}; cast it first`);
  }
  return { shape: type.shape, dtype: "f32" };
}
