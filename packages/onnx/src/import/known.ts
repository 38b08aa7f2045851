import { type Dim, elementCount } from "@isthmus/graph";
import { dataTypes, FLOAT } from "../data-types.ts";
import { invalid } from "../invalid.ts";
import type { Tensor } from "../messages.ts";

/** A value of the file that no run changes: a weight, a shape, an axis. */
export interface Known {
  readonly kind: "known";
  /** Where it came from: an initialiser, or the value that a node of the file makes. */
  readonly name: string;
  /** A code of `dataTypes`. */
  readonly elementType: number;
  /** Unlike a graph's, an axis may be empty. */
  readonly shape: readonly number[];
  /** Row-major. Only a shape that was read off a value holds `"batch"`. */
  readonly data: ArrayLike<Dim>;
}

/** Most elements of a known value that is more than what it is made of: bounds memory on hostile files. */
export const MADE_LIMIT: number = 2 ** 22;

/**
 * A tensor of the file as numbers.
 *
 * @throws IsthmusError `ONNX_INVALID` data of another length than the shape says, or data that are still in another file
 */
export function knownTensor(name: string, { elementType, dims, data, external }: Tensor): Known {
  const fail = (what: string): never => {
    throw invalid(`tensor "${name}" ${what}`, { initialiser: name });
  };
  if (external) return fail(`has its data in another file, "${external.location}"; read the model with its folder`);
  const type = dataTypes[elementType] ?? fail(`is of type ${elementType}, which is no number`);
  if (data.length !== elementCount(dims) * type.bytes) {
    fail(`of shape [${dims.join(", ")}] in ${type.name} holds ${data.length} bytes`);
  }
  return { kind: "known", name, elementType, shape: dims, data: numbersIn(elementType, data) };
}

/** Of float32 the very bytes, where they are aligned as an array wants them. */
function numbersIn(elementType: number, bytes: Uint8Array): Float32Array | Float64Array {
  const type = dataTypes[elementType]!;
  if (elementType === FLOAT) {
    const { buffer, byteOffset, byteLength } = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
    return new Float32Array(buffer, byteOffset, byteLength / 4);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers = new (type.kind === "float" && type.bytes < 8 ? Float32Array : Float64Array)(
    bytes.length / type.bytes,
  );
  for (let i = 0; i < numbers.length; i++) numbers[i] = type.read(view, i * type.bytes);
  return numbers;
}

/** Whether the values are integers or truths: then they are never weights. */
export function isWhole(elementType: number): boolean {
  return dataTypes[elementType]?.kind !== "float";
}

/** An array of the kind that holds these values. */
function emptyLike({ data }: Known, length: number): Dim[] | Float32Array | Float64Array {
  if (data instanceof Float32Array) return new Float32Array(length);
  return data instanceof Float64Array ? new Float64Array(length) : new Array<Dim>(length);
}

/** The elements of an array in which a step along axis `i` of `shape` is `strides[i]`, row-major. */
function strided(known: Known, shape: readonly number[], strides: readonly number[]): Known {
  const count = elementCount(shape);
  const data = emptyLike(known, count);
  const index = shape.map(() => 0);
  let place = 0;
  for (let i = 0; i < count; i++) {
    data[i] = known.data[place]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      place -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return { ...known, shape, data };
}

function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

/** Whether one of the values is the size of the batch. */
export function hasBatch({ data }: Known): boolean {
  return Array.isArray(data) && data.includes("batch");
}

export function reshapeKnown(known: Known, shape: readonly number[]): Known {
  return { ...known, shape };
}

/** Axis `i` of the result is axis `permutation[i]` of `known`. */
export function transposeKnown(known: Known, permutation: readonly number[]): Known {
  if (permutation.every((axis, i) => axis === i)) return known;
  const strides = stridesOf(known.shape);
  const shape = permutation.map((axis) => known.shape[axis]!);
  return strided(
    known,
    shape,
    permutation.map((axis) => strides[axis]!),
  );
}

/** The elements with these indices along an axis. */
export function takeKnown(known: Known, axis: number, indices: readonly number[]): Known {
  const outer = elementCount(known.shape.slice(0, axis));
  const inner = elementCount(known.shape.slice(axis + 1));
  const size = known.shape[axis]!;
  const shape = known.shape.with(axis, indices.length);
  const data = emptyLike(known, elementCount(shape));
  let at = 0;
  for (let o = 0; o < outer; o++) {
    for (const index of indices)
      for (let i = 0; i < inner; i++) data[at++] = known.data[(o * size + index) * inner + i]!;
  }
  return { ...known, shape, data };
}

/** Stretches axes of size 1, as NumPy does; `shape` is what `known` broadcasts to. */
export function expandKnown(known: Known, shape: readonly number[]): Known {
  const added = shape.length - known.shape.length;
  const strides = stridesOf(known.shape);
  const steps = shape.map((_, axis) => (known.shape[axis - added] === 1 ? 0 : (strides[axis - added] ?? 0)));
  return strided(known, shape, steps);
}

/** Arrays of equal shape but for `axis`, one after the other. */
export function concatKnown(parts: readonly [Known, ...Known[]], axis: number): Known {
  const [first] = parts;
  const outer = elementCount(first.shape.slice(0, axis));
  const shape = first.shape.with(
    axis,
    parts.reduce((sum, part) => sum + part.shape[axis]!, 0),
  );
  const isAlike = parts.every(({ data }) => data.constructor === first.data.constructor);
  const data = isAlike ? emptyLike(first, elementCount(shape)) : new Array<Dim>(elementCount(shape));
  let at = 0;
  for (let o = 0; o < outer; o++) {
    for (const part of parts) {
      const length = part.data.length / outer;
      for (let i = 0; i < length; i++) data[at++] = part.data[o * length + i]!;
    }
  }
  return { ...first, shape, data };
}
