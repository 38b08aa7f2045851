import { type NdArray, roundHalfEven } from "@isthmus/math";
import type { JsonObject, Node, TensorType } from "../ir.ts";
import type { Primitive } from "../operation.ts";
import { requireFloat } from "./require.ts";

const numbers = (attributes: JsonObject, key: string): readonly number[] => attributes[key] as readonly number[];
const number = (attributes: JsonObject, key: string): number => attributes[key] as number;

/**
 * The int8 that stand for x: clamp(round(x / scale) + zero, -128, 127), halves to the even integer. What is NaN has none.
 * Attributes: `scale` > 0, `zero` in [-128, 127]. Constant to differentiation.
 */
export const quantise: Primitive = {
  name: "quantise",
  version: 1,
  tier: "primitive",
  operands: ["x"],
  attributes: { scale: "number", zero: "number" },
  infer: ([x], attributes) => {
    if (!(number(attributes, "scale") > 0)) {
      throw new RangeError(`quantise: "scale" expected a number above 0, got ${number(attributes, "scale")}`);
    }
    requireIntegers("quantise", "zero", [number(attributes, "zero")], -128, 127);
    return requireFloat("quantise", "x", x as TensorType);
  },
  derivative: () => [undefined],
  reference: ([x], { attributes }) => {
    const { shape, data } = x as NdArray;
    const [scale, zero] = [number(attributes, "scale"), number(attributes, "zero")];
    return { shape, data: data.map((value) => clamp(roundHalfEven(value / scale) + zero, -128, 127)) };
  },
};

/**
 * A sum of products of integers, [..., channels], as the int8 or int32 of what follows: with s = sum + biases[channel] and
 * m = (s < 0 ? negatives : multipliers)[channel], clamp(zero + floor((s m + 2^(k - 1)) / 2^k), low, high), k = shifts[channel], and then
 * table[q + 128] where there is a table. All of it exact; see `docs/integer.md`.
 *
 * Attributes: `biases` in [-2^30, 2^30], `multipliers` and `negatives` in [0, 2^31), `shifts` in [17, 62], one for each channel; `zero`,
 * `low` <= `high`; `table`, 256 int8 or none. Constant to differentiation.
 */
export const requantise: Primitive = {
  name: "requantise",
  version: 1,
  tier: "primitive",
  operands: ["sum"],
  attributes: {
    ...{ biases: "numbers", multipliers: "numbers", negatives: "numbers", shifts: "numbers" },
    ...{ zero: "number", low: "number", high: "number", table: "numbers" },
  },
  infer: ([sum], attributes) => {
    const type = requireFloat("requantise", "sum", sum as TensorType);
    const channels = type.shape.at(-1);
    for (const key of ["biases", "multipliers", "negatives", "shifts"] as const) {
      const { length } = numbers(attributes, key);
      if (length !== channels) throw new RangeError(`requantise: "${key}" expected ${channels} numbers, got ${length}`);
    }
    checkChannels(attributes);
    checkResult(attributes);
    return type;
  },
  derivative: () => [undefined],
  reference: ([sum], node) => requantised(sum as NdArray, node),
};

function checkChannels(attributes: JsonObject): void {
  requireIntegers("requantise", "biases", numbers(attributes, "biases"), -(2 ** 30), 2 ** 30);
  requireIntegers("requantise", "multipliers", numbers(attributes, "multipliers"), 0, 2 ** 31 - 1);
  requireIntegers("requantise", "negatives", numbers(attributes, "negatives"), 0, 2 ** 31 - 1);
  requireIntegers("requantise", "shifts", numbers(attributes, "shifts"), 17, 62);
}

function checkResult(attributes: JsonObject): void {
  const table = numbers(attributes, "table");
  const [least, most] = table.length > 0 ? [-128, 127] : [-(2 ** 31), 2 ** 31 - 1];
  for (const key of ["zero", "low", "high"]) {
    requireIntegers("requantise", key, [number(attributes, key)], least!, most!);
  }
  const [low, high] = [number(attributes, "low"), number(attributes, "high")];
  if (low > high) throw new RangeError(`requantise: "low" expected at most "high", ${high}, got ${low}`);
  if (table.length !== 0 && table.length !== 256) {
    throw new RangeError(`requantise: "table" expected 256 numbers or none, got ${table.length}`);
  }
  requireIntegers("requantise", "table", table, -128, 127);
}

/** In big integers, whose `>>` rounds down: the formula as it stands. */
function requantised({ shape, data }: NdArray, { attributes }: Node): NdArray {
  const [biases, shifts] = [numbers(attributes, "biases"), numbers(attributes, "shifts")];
  const [multipliers, negatives] = [numbers(attributes, "multipliers"), numbers(attributes, "negatives")];
  const table = numbers(attributes, "table");
  const bounds = [number(attributes, "low"), number(attributes, "high")] as const;
  const one = (products: number, index: number): number => {
    const c = index % biases.length;
    const s = products + biases[c]!;
    const k = BigInt(shifts[c]!);
    const m = BigInt((s < 0 ? negatives : multipliers)[c]!);
    const rounded = (BigInt(s) * m + (1n << (k - 1n))) >> k;
    const q = clamp(Number(rounded) + number(attributes, "zero"), ...bounds);
    return table.length > 0 ? table[q + 128]! : q;
  };
  return { shape, data: data.map(one) };
}

function requireIntegers(operation: string, key: string, values: readonly number[], least: number, most: number): void {
  const wrong = values.find((value) => !Number.isInteger(value) || value < least || value > most);
  if (wrong === undefined) return;
  throw new RangeError(`${operation}: "${key}" expected integers in [${least}, ${most}], got ${wrong}`);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
