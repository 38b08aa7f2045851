/** `float32`: as trained. The others are what `reducePrecision` makes of that. */
export type Precision = "float32" | "float16" | "float16-compute" | "int8-weights" | "int8";

export const precisions: readonly Precision[] = ["float32", "float16", "float16-compute", "int8-weights", "int8"];

/** The smallest and the largest number that a value takes. */
export interface ActivationRange {
  readonly min: number;
  readonly max: number;
}

/** By the names that values have in the file. */
export type ActivationRanges = Readonly<Record<string, ActivationRange>>;

export interface PrecisionOptions {
  /**
   * What the file holds and computes in. Inputs and outputs stay as they are. Default: `float32`.
   *
   * - `float16`: weights are stored as halves and cast to float32; half the size.
   * - `float16-compute`: products, activations and what moves elements are halves too; sums, exponentials, logarithms and
   *   quotients stay float32.
   * - `int8-weights`: weights of products are stored as bytes with a scale for each output; a quarter of the size, computed
   *   in float32.
   * - `int8`: what products read is rounded to bytes as well, so that a runtime may compute in integers. Needs `ranges`.
   */
  readonly precision?: Precision;
  /**
   * Of the weights in `int8` and `int8-weights`. 7 keeps the sums of two products within 16 bits, which x86 hosts with
   * AVX2 but without VNNI need where they compute in integers. Default: 7 in `int8`, 8 in `int8-weights`.
   */
  readonly weightBits?: 7 | 8;
  /** Of `int8`: around 0, as TensorRT wants them, or from the smallest to the largest number. Default: `int8`. */
  readonly activations?: "int8" | "uint8";
  /** Of `int8`: what the inputs of products are between; of `calibrate`. */
  readonly ranges?: ActivationRanges;
}

/** @throws RangeError an option that is none, or that the precision does not have */
export function checkPrecision(options: PrecisionOptions): Precision {
  const { precision = "float32", weightBits, activations, ranges } = options;
  requireOneOf("precision", precision, precisions);
  if (weightBits !== undefined) requireOneOf("weightBits", weightBits, [7, 8]);
  if (activations !== undefined) requireOneOf("activations", activations, ["int8", "uint8"]);
  const isBytes = precision === "int8" || precision === "int8-weights";
  const misplaced = [
    ...(weightBits !== undefined && !isBytes ? ["weightBits"] : []),
    ...(activations !== undefined && precision !== "int8" ? ["activations"] : []),
    ...(ranges !== undefined && precision !== "int8" ? ["ranges"] : []),
  ];
  if (misplaced.length > 0) throw new RangeError(`"${misplaced[0]}" expected none for the precision ${precision}`);
  if (precision === "int8" && !ranges) {
    throw new RangeError(`"ranges" expected what "calibrate" gives for the precision int8, got nothing`);
  }
  return precision;
}

function requireOneOf<T>(option: string, value: T, known: readonly T[]): void {
  if (!known.includes(value)) throw new RangeError(`"${option}" expected ${known.join(", ")}, got ${String(value)}`);
}
