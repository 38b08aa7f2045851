import { IsthmusError } from "@isthmus/math";
import type { Dataset } from "./dataset.ts";
import { type ArrayDescription, type ArrayType, DESCRIPTION_VERSION, type MissingPolicy } from "./description.ts";
import type { NpyArray, NpyValues } from "./npy.ts";
import { standardised, type Standardisation, statistics } from "./standardisation.ts";

/** An array as NPY and IDX files hold it, items along its first dimension. */
export type ItemArray = Pick<NpyArray, "type" | "shape" | "values">;

export interface DescribeArrayOptions {
  /** Items to fit on: the training part. Default: all. */
  readonly trainItems?: ArrayLike<number>;
  /** Default: `"range"`. Bytes are always divided by 255. */
  readonly standardise?: Standardisation;
  /** Default: `"refuse"`. */
  readonly missing?: MissingPolicy;
  readonly source?: ArrayDescription["source"];
}

/**
 * Fits the description of an array of items of two or more dimensions: one offset and one scale for all elements. Items of
 * two dimensions become images of one channel.
 *
 * @throws IsthmusError `DATA_ARRAY` when there is no item or no element.
 */
export function describeArray(name: string, array: ItemArray, options: DescribeArrayOptions = {}): ArrayDescription {
  const { standardise = "range", missing = "refuse", source = {} } = options;
  const [items = 0, ...stored] = array.shape;
  const size = product(stored);
  if (items === 0 || size === 0) throw new IsthmusError("DATA_ARRAY", `${name}: no items`, { name });
  const trainItems = Array.from(options.trainItems ?? Array.from({ length: items }, (_, item) => item));
  const units =
    array.type === "u8" ? { offset: 0, scale: 255 } : fitted(name, numbersOf(array, trainItems), standardise);
  const { fill, ...item } = { fill: 0, ...units };
  return {
    version: DESCRIPTION_VERSION,
    item: { kind: "array", stored, shape: stored.length === 2 ? [...stored, 1] : stored, ...item },
    reading: { missing, ...(missing === "mean" && { fills: [fill] }) },
    writing: { type: array.type },
    source,
  };
}

function fitted(name: string, values: Float64Array, standardise: Standardisation) {
  const found = statistics(values);
  if (found.count === 0) throw new IsthmusError("DATA_ARRAY", `${name}: no value in the training part`, { name });
  return { ...standardised(found, standardise), fill: found.mean };
}

function numbersOf({ shape: [, ...stored], values }: ItemArray, items: readonly number[]): Float64Array {
  const size = product(stored);
  const out = new Float64Array(items.length * size);
  items.forEach((item, to) => {
    for (let i = 0; i < size; i++) out[to * size + i] = Number(values[item * size + i]);
  });
  return out;
}

/**
 * An array as a data set.
 *
 * @throws IsthmusError `DATA_ARRAY` for items of another shape, or, naming item and element, a value that is infinite or
 * too large for float32, or missing (NaN) where that is refused.
 */
export function arrayDataset(description: ArrayDescription, array: ItemArray, name: string): Dataset {
  const { item, reading } = description;
  const [items = 0, ...stored] = array.shape;
  if (String(stored) !== String(item.stored)) {
    const [expected, got] = [item.stored, stored].map((shape) => `[${shape.join(", ")}]`);
    throw new IsthmusError("DATA_ARRAY", `${name}: expected items of shape ${expected}, got ${got}`, { name });
  }
  const bytes = array.values instanceof Uint8Array && item.offset === 0 && item.scale === 255;
  const values = bytes ? (array.values as Uint8Array) : scaled(array.values, item, reading.fills?.[0], name);
  return {
    name,
    items,
    shape: item.shape,
    values,
    scale: bytes ? 1 / 255 : 1,
    description,
    provenance: { source: `${name}, ${items} items` },
  };
}

function scaled(
  values: NpyValues,
  { offset, scale, stored }: ArrayDescription["item"],
  fill: number | undefined,
  name: string,
): Float32Array {
  const out = new Float32Array(values.length);
  for (let at = 0; at < values.length; at++) {
    const given = Number(values[at]);
    const value = Number.isNaN(given) && fill !== undefined ? fill : given;
    const feature = Math.fround(scale === 0 && Number.isFinite(value) ? 0 : (value - offset) / scale);
    if (!Number.isFinite(feature)) {
      const [item, element] = [Math.floor(at / product(stored)) + 1, (at % product(stored)) + 1];
      const what = Number.isNaN(given) ? "the value is missing" : `${given} is no number of float32`;
      throw new IsthmusError("DATA_ARRAY", `${name}: item ${item}, element ${element}: ${what}`, {
        name,
        item,
        element,
      });
    }
    out[at] = feature;
  }
  return out;
}

/** The array without the items that lack a value (NaN). */
export function dropMissingItems(array: ItemArray): ItemArray {
  const [items = 0, ...stored] = array.shape;
  if (!(array.values instanceof Float32Array || array.values instanceof Float64Array)) return array;
  const { values } = array;
  const size = product(stored);
  const part = (item: number) => values.subarray(item * size, (item + 1) * size);
  const whole = Array.from({ length: items }, (_, item) => item).filter((item) => !part(item).some(Number.isNaN));
  return whole.length === items ? array : selectItems(array, whole);
}

/** The items `items` in their order, copied. */
export function selectItems(array: ItemArray, items: ArrayLike<number>): ItemArray {
  const [, ...stored] = array.shape;
  const size = product(stored);
  const order = Array.from(items);
  const out = new (array.values.constructor as new (length: number) => NpyValues)(order.length * size);
  order.forEach((item, to) => out.set(array.values.subarray(item * size, (item + 1) * size) as never, to * size));
  return { type: array.type, shape: [order.length, ...stored], values: out };
}

/** Network numbers, [items, ...shape], back in the file's units, type and shape. */
export function arrayOf({ item, writing }: ArrayDescription, values: Float32Array): Pick<NpyArray, "shape" | "values"> {
  const { offset, scale } = item;
  return {
    shape: [values.length / product(item.stored), ...item.stored],
    values: typedArray(writing.type, values.length, (at) => offset + scale * values[at]!),
  };
}

const INTEGERS = {
  u8: { kind: Uint8Array, low: 0, high: 2 ** 8 - 1 },
  i8: { kind: Int8Array, low: -(2 ** 7), high: 2 ** 7 - 1 },
  u16: { kind: Uint16Array, low: 0, high: 2 ** 16 - 1 },
  i16: { kind: Int16Array, low: -(2 ** 15), high: 2 ** 15 - 1 },
  u32: { kind: Uint32Array, low: 0, high: 2 ** 32 - 1 },
  i32: { kind: Int32Array, low: -(2 ** 31), high: 2 ** 31 - 1 },
} as const;

/** Numbers as an array of `type`; rounded and kept within its limits where it holds whole numbers only. */
export function typedArray(type: ArrayType, length: number, value: (at: number) => number): NpyValues {
  if (type === "f32") return Float32Array.from({ length }, (_, at) => value(at));
  if (type === "f64") return Float64Array.from({ length }, (_, at) => value(at));
  if (type === "u64") return BigUint64Array.from({ length }, (_, at) => wide(value(at), 0n, 2n ** 64n - 1n));
  if (type === "i64") return BigInt64Array.from({ length }, (_, at) => wide(value(at), -(2n ** 63n), 2n ** 63n - 1n));
  const { kind, low, high } = INTEGERS[type];
  const out = new kind(length);
  for (let at = 0; at < length; at++) out[at] = Math.min(high, Math.max(low, Math.round(value(at))));
  return out;
}

function wide(value: number, low: bigint, high: bigint): bigint {
  const whole = BigInt(Math.round(Number.isFinite(value) ? value : 0));
  return whole < low ? low : whole > high ? high : whole;
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}
