import { dataTypes, typeName, UINT8 } from "../data-types.ts";
import { type Flow, shapeOf, type Value } from "./flow.ts";
import { type Known, reshapeKnown } from "./known.ts";
import type { NodeReader } from "./node-reader.ts";
import { rounded } from "./rounding.ts";
import type { Translations } from "./translations.ts";

/** Most binary digits that a rounded number is found by: 8 hold every quantised byte. */
const DIGITS = 8;

/** A scale or a zero point: one for all, or one for each element of an axis. */
function alongAxis(read: NodeReader, input: number, rank: number): Known {
  const known = read.known(input);
  if (known.data.length === 1) return reshapeKnown(known, []);
  const axis = read.axis(read.int("axis", 1), rank);
  if (known.shape.length !== 1) read.refuse("has scales per block, which are not read here");
  return reshapeKnown(known, new Array<number>(rank - axis).fill(1).with(0, known.data.length));
}

/** (x - zero point) scale. */
function dequantizeLinear(read: NodeReader): Flow {
  const x = read.value(0);
  const rank = shapeOf(x).length;
  const { build } = read;
  const scale = alongAxis(read, 1, rank);
  const zero = read.given[2] && alongAxis(read, 2, rank);
  const isZero = !zero || Array.from(zero.data).every((value) => value === 0);
  const centred = isZero
    ? read.elementwise((q) => q, { values: [x] })
    : read.elementwise((q, z) => build.sub(q!, z!), { values: [x, zero] });
  return read.elementwise((q, s) => build.mul(q!, s!), { values: [centred, scale] });
}

/** x / scale rounded to the nearest integer, ties to the even one, plus the zero point, within the type's range. */
function quantizeLinear(read: NodeReader): Flow {
  const x = read.flow(0);
  const rank = shapeOf(x).length;
  const { build } = read;
  const scale = alongAxis(read, 1, rank);
  const zero = read.given[2] && alongAxis(read, 2, rank);
  const elementType = zero?.elementType ?? UINT8;
  const { low, high } = rangeOf(read, elementType);
  const zeros: Value = zero ?? reshapeKnown({ ...scale, data: [0] }, []);
  const steps = read.elementwise((a, s) => build.div(a!, s!), { values: [x, scale] });
  const quantised = read.elementwise(
    (a, z) => {
      const atLeast = build.maximum(a!, build.sub(build.scalar(low), z!));
      const within = build.minimum(atLeast, build.sub(build.scalar(high), z!));
      return build.add(rounded(build, within, DIGITS), z!);
    },
    { values: [steps, zeros] },
  );
  return { ...quantised, elementType };
}

function rangeOf(read: NodeReader, elementType: number): { readonly low: number; readonly high: number } {
  const type = dataTypes[elementType];
  if (type?.name === "uint8") return { low: 0, high: 255 };
  if (type?.name === "int8") return { low: -128, high: 127 };
  return read.refuse(`quantises to ${typeName(elementType)}; known: uint8, int8`);
}

export const quantisation: Translations = {
  DequantizeLinear: dequantizeLinear,
  QuantizeLinear: quantizeLinear,
};
