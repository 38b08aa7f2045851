import type { Json, JsonObject } from "./ir.ts";
import { isFixedShape, isShape } from "./shape.ts";

/** What an attribute may hold: the right kind of value (else `TypeError`), and within range (else `RangeError`). */
interface Rule {
  readonly expected: string;
  isKind(value: Json | undefined): boolean;
  fits(value: Json): boolean;
}

const isArray = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);
const isText = (value: Json | undefined): boolean => typeof value === "string";
const isAxis = (value: Json | undefined): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isNumber = (value: Json | undefined): boolean => typeof value === "number";

/** Largest size, stride, dilation or padding of a window: sums and products of these stay whole numbers of 32 bits in kernels. */
const MOST = 2 ** 20;
/** What a pair of sizes must be. */
export const PAIR: string = `two integers from 1 to ${MOST}`;

export function isPair(value: unknown): boolean {
  return isFixedShape(value) && value.length === 2 && value.every((size) => size <= MOST);
}

const always = (): boolean => true;

/** What an attribute must hold. */
export type AttributeKind =
  | "text"
  | "name"
  | "boolean"
  | "number"
  | "numbers"
  | "size"
  | "count"
  | "dtype"
  | "shape"
  | "fixedShape"
  | "axes"
  | "permutation"
  | "pair"
  | "pads";

const rules: Readonly<Record<AttributeKind, Rule>> = {
  text: { expected: "a string", isKind: isText, fits: always },
  name: { expected: "a string other than __proto__", isKind: isText, fits: (value) => isName(value as string) },
  boolean: { expected: "true or false", isKind: (value) => typeof value === "boolean", fits: always },
  number: { expected: "a finite number", isKind: (value) => typeof value === "number", fits: Number.isFinite },
  numbers: { expected: "finite numbers", isKind: isArray, fits: (value) => (value as Json[]).every(Number.isFinite) },
  size: { expected: "a positive integer", isKind: isNumber, fits: (value) => isAxis(value) && value > 0 },
  count: { expected: "an integer that is not negative", isKind: isNumber, fits: isAxis },
  dtype: {
    expected: "f32, i32 or u8",
    isKind: isText,
    fits: (value) => ["f32", "i32", "u8"].includes(value as string),
  },
  shape: { expected: 'at most 8 positive integers or "batch"', isKind: isArray, fits: isShape },
  fixedShape: { expected: "at most 8 positive integers", isKind: isArray, fits: isFixedShape },
  axes: {
    expected: "distinct axes in ascending order",
    isKind: isArray,
    fits: (value) => isAscending(value as Json[]),
  },
  permutation: { expected: "axes", isKind: isArray, fits: (value) => (value as Json[]).every(isAxis) },
  pair: { expected: PAIR, isKind: isArray, fits: isPair },
  pads: {
    expected: `four integers from 0 to ${MOST} (top, bottom, left, right)`,
    isKind: isArray,
    fits: (value) => (value as Json[]).length === 4 && (value as Json[]).every((pad) => isAxis(pad) && pad <= MOST),
  },
};

function isAscending(axes: readonly Json[]): boolean {
  return axes.length > 0 && axes.every((axis, i) => isAxis(axis) && (i === 0 || axis > (axes[i - 1] as number)));
}

/** Whether a record can hold `name` as a key of its own in every way of writing it. */
export function isName(name: string): boolean {
  return name !== "__proto__";
}

/** Checks that there are exactly the attributes that `operation` declares, each holding what it must. */
export function requireAttributes(
  operation: string,
  declared: Readonly<Record<string, AttributeKind>>,
  attributes: JsonObject,
): void {
  for (const key of Object.keys(attributes)) {
    if (!Object.hasOwn(declared, key)) throw new TypeError(`${operation}: has no attribute "${key}"`);
  }
  for (const [key, kind] of Object.entries(declared)) {
    const value = Object.hasOwn(attributes, key) ? attributes[key] : undefined;
    const rule = rules[kind];
    if (rule.isKind(value) && rule.fits(value as Json)) continue;
    const Mistake = rule.isKind(value) ? RangeError : TypeError;
    throw new Mistake(`${operation}: "${key}" expected ${rule.expected}, got ${brief(value)}`);
  }
}

/** A value in a few words, whatever it is: safe for text that came from outside. */
export function brief(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value);
  if (Array.isArray(value)) {
    const isShort = value.length <= 8 && value.every((item) => typeof item !== "object");
    return isShort ? `[${value.map(brief).join(", ")}]` : `an array of ${value.length}`;
  }
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
