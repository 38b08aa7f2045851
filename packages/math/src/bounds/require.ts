import { kindOf, requireKind } from "../arguments.ts";
import { formatShape, requireNdArray } from "../nd-array.ts";
import type { NdArray } from "../nd-array.ts";

/** @throws TypeError, RangeError naming the argument unless it is a positive safe integer. */
export function requireCount(name: string, value: number, least = 1): void {
  requireKind(name, value, "Number");
  if (!Number.isSafeInteger(value) || value < least) {
    throw new RangeError(`"${name}" expected an integer of at least ${least}, got ${value}`);
  }
}

/** @throws TypeError, RangeError naming the argument unless it is a positive finite number. */
export function requirePositive(name: string, value: number): void {
  requireKind(name, value, "Number");
  if (!(value > 0 && value < Infinity))
    throw new RangeError(`"${name}" expected a positive finite number, got ${value}`);
}

/** @throws TypeError naming the argument unless it can be called, asynchronous or not. */
export function requireFunction(name: string, value: unknown): void {
  if (typeof value !== "function") throw new TypeError(`"${name}" expected a function, got ${kindOf(value)}`);
}

/** @throws TypeError naming the argument unless it is an array of any kind: something with a length. */
export function requireList(name: string, value: ArrayLike<number>): void {
  const length: unknown = typeof value === "object" && value !== null ? value.length : undefined;
  if (typeof length !== "number") throw new TypeError(`"${name}" expected an array of numbers, got ${kindOf(value)}`);
}

/** @throws RangeError naming the argument unless it is one of the words. */
export function requireOneOf(name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) throw new RangeError(`"${name}" expected ${allowed.join(" or ")}, got ${value}`);
}

/** @throws TypeError unless `x` is an NdArray; RangeError unless it has the shape, where `undefined` is any size. */
export function requireShape(name: string, x: NdArray, shape: readonly (number | undefined)[]): void {
  requireNdArray(name, x);
  const fits =
    x.shape.length === shape.length && shape.every((dim, axis) => dim === undefined || dim === x.shape[axis]);
  if (fits) return;
  const expected = shape.map((dim) => dim ?? "any").join(", ");
  throw new RangeError(`"${name}" expected shape [${expected}], got ${formatShape(x.shape)}`);
}

/** @throws RangeError naming the first element that is not finite. */
export function requireFinite(name: string, data: ArrayLike<number>): void {
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) throw new RangeError(`"${name}" expected finite numbers, got ${data[i]} at ${i}`);
  }
}
