import { describeOnnx, type OnnxDescription } from "./describe.ts";
import { outputTolerance, type OutputValues, type Tolerance } from "./parity.ts";

/**
 * Of rounding in between: what float16 and int8 computations are off by is noise of 42 dB and less, 0.8 % of the output's root
 * mean square, and 5 % are six standard deviations of it.
 */
const ROUNDING = 0.05;

/**
 * What an output of that type may be off by when it should have these values. Where a runtime computes in less than float32, it
 * rounds otherwise than others do: by `isthmus.precision`. The product of a weight of int8 without a bias is computed in bytes by
 * an optimising onnxruntime.
 */
export function fileTolerance(
  dtype: string,
  values: ArrayLike<number>,
  { metadata, nodes }: OnnxDescription,
): Tolerance {
  const { absolute, relative } = outputTolerance(dtype);
  const precision = metadata["isthmus.precision"] ?? "float32";
  const isBytes = precision === "int8-weights" && Object.hasOwn(nodes, "MatMul");
  if (!isBytes && precision !== "float16-compute" && precision !== "int8") return { absolute, relative };
  let energy = 0;
  for (let i = 0; i < values.length; i++) energy += values[i]! ** 2;
  return { absolute: Math.max(absolute, ROUNDING * Math.sqrt(energy / values.length)), relative };
}

/** What each output of a file may be off by in a runtime, by what is expected of it and the precision that the file computes in. */
export function fileTolerances(bytes: Uint8Array, expected: OutputValues): Record<string, Tolerance> {
  const described = describeOnnx(bytes);
  const known = described.outputs.filter(({ name }) => Object.hasOwn(expected, name));
  return Object.fromEntries(known.map(({ name, dtype }) => [name, fileTolerance(dtype, expected[name]!, described)]));
}
