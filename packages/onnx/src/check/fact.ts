import { elementCount } from "@isthmus/graph";
import { dataTypes, typeName } from "../data-types.ts";
import { bytesOf } from "../lazy-bytes.ts";
import type { OnnxDim, WrittenTensor } from "../messages.ts";

/** What is known of a value before any run; what is not known is undefined. */
export interface Fact {
  /** A code of TensorProto.DataType. */
  readonly type: number | undefined;
  readonly shape: readonly OnnxDim[] | undefined;
  /** The elements of a short vector or scalar of integers, such as a shape that another node reads. */
  readonly values?: readonly OnnxDim[] | undefined;
}

/** Longer vectors are no shapes. */
const MOST_VALUES = 64;

/** Of a tensor whose length was checked. */
export function factOf({ elementType, dims, data, external }: WrittenTensor): Fact {
  const type = dataTypes[elementType];
  const count = elementCount(dims);
  const isShort = type?.kind === "integer" && dims.length <= 1 && count <= MOST_VALUES && !external;
  if (!isShort) return { type: elementType, shape: dims };
  const { buffer, byteOffset, byteLength } = bytesOf(data);
  const view = new DataView(buffer, byteOffset, byteLength);
  const values = Array.from({ length: count }, (_, i) => type.read(view, i * type.bytes));
  return { type: elementType, shape: dims, values };
}

/** Whether two sizes may be the same: names stand for any size, null for an unknown one. */
export function mayEqual(one: OnnxDim, other: OnnxDim): boolean {
  return typeof one !== "number" || typeof other !== "number" || one === other;
}

/** A size that both are, as exactly as either says it. */
export function merged(one: OnnxDim, other: OnnxDim): OnnxDim {
  if (one === null || typeof other === "number") return other;
  return one;
}

export function typeText(code: number | undefined): string {
  return code === undefined ? "unknown" : typeName(code);
}

export function shapeText(shape: readonly OnnxDim[] | undefined): string {
  return shape ? `[${shape.map((dim) => dim ?? "?").join(", ")}]` : "unknown";
}
