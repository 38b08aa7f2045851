import { IsthmusError, roundHalfEven } from "@isthmus/math";

/** A uniform scalar quantiser with its own step and offset for each dimension. Made by `uniformQuantiser`. */
export interface UniformQuantiser {
  /** `[dims]`, in units of the latent, each finite and > 0. */
  readonly steps: Float32Array;
  /** `[dims]`, in units of the latent, each finite: the value that becomes symbol 0. */
  readonly offsets: Float32Array;
}

const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;

/**
 * Steps and offsets are kept as float32, the type in which a model file stores them, so that a quantiser that was
 * saved and loaded is the same quantiser.
 *
 * @param steps `[dims]`, finite and > 0 (also after rounding to float32)
 * @param offsets `[dims]`, finite; all zero when left out
 * @throws RangeError naming the step or offset that is out of range, or lengths that differ
 */
export function uniformQuantiser(
  steps: ArrayLike<number>,
  offsets: ArrayLike<number> = new Float32Array(steps.length),
): UniformQuantiser {
  if (steps.length === 0) throw new RangeError("steps: expected at least one dimension, got none");
  if (offsets.length !== steps.length) {
    throw new RangeError(`offsets: expected length ${steps.length} as steps, got ${offsets.length}`);
  }
  const quantiser = { steps: Float32Array.from(steps), offsets: Float32Array.from(offsets) };
  quantiser.steps.forEach((step, d) => {
    if (!(step > 0 && step < Infinity)) throw new RangeError(`steps[${d}]: expected finite and > 0, got ${steps[d]}`);
  });
  quantiser.offsets.forEach((offset, d) => {
    if (!Number.isFinite(offset)) throw new RangeError(`offsets[${d}]: expected finite, got ${offsets[d]}`);
  });
  return quantiser;
}

/**
 * q = round((y - offset_d) / step_d), computed in float64; halves go to the even integer.
 *
 * @param values `[items, dims]` row by row
 * @returns `[items, dims]` int32
 * @throws IsthmusError `QUANTISER_NON_FINITE` for NaN or an infinity, `QUANTISER_RANGE` for a result outside int32;
 *   both name item and dimension
 * @throws RangeError when `values` is not a whole number of items
 */
export function quantise(values: ArrayLike<number>, quantiser: UniformQuantiser): Int32Array<ArrayBuffer> {
  const { steps, offsets } = quantiser;
  const dims = wholeItems("values", values.length, steps.length);
  const symbols = new Int32Array(values.length);
  for (let i = 0, d = 0; i < values.length; i++, d = d + 1 === dims ? 0 : d + 1) {
    const q = roundHalfEven((values[i]! - offsets[d]!) / steps[d]!);
    if (!(q >= INT32_MIN && q <= INT32_MAX)) refuse(values[i]!, i, quantiser);
    symbols[i] = q;
  }
  return symbols;
}

/**
 * yHat = q * step_d + offset_d, computed in float64 and rounded to float32 once.
 *
 * @param symbols `[items, dims]` int32
 * @returns `[items, dims]` float32
 * @throws RangeError when `symbols` is not a whole number of items
 */
export function dequantise(symbols: Int32Array, quantiser: UniformQuantiser): Float32Array<ArrayBuffer> {
  const { steps, offsets } = quantiser;
  const dims = wholeItems("symbols", symbols.length, steps.length);
  const values = new Float32Array(symbols.length);
  for (let i = 0, d = 0; i < symbols.length; i++, d = d + 1 === dims ? 0 : d + 1) {
    values[i] = symbols[i]! * steps[d]! + offsets[d]!;
  }
  return values;
}

function wholeItems(name: string, length: number, dims: number): number {
  if (length % dims !== 0) throw new RangeError(`${name}: expected a multiple of ${dims} dimensions, got ${length}`);
  return dims;
}

function refuse(value: number, index: number, { steps, offsets }: UniformQuantiser): never {
  const dimension = index % steps.length;
  const item = (index - dimension) / steps.length;
  const where = `item ${item}, dimension ${dimension}`;
  if (!Number.isFinite(value)) {
    throw new IsthmusError("QUANTISER_NON_FINITE", `${where}: ${value} cannot be quantised`, {
      item,
      dimension,
      value,
    });
  }
  const [step, offset] = [steps[dimension]!, offsets[dimension]!];
  const message = `${where}: (${value} - ${offset}) / ${step} is outside int32; the step is too small for this latent`;
  throw new IsthmusError("QUANTISER_RANGE", message, { item, dimension, value, step, offset });
}
