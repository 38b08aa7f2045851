import { IsthmusError } from "@isthmus/math";

/** Output name -> its values, row-major. */
export type OutputValues = Readonly<Record<string, ArrayLike<number>>>;

/** Of each value b that is expected, a may differ: |a - b| <= absolute + relative |b|. */
export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

/** What a float32 network of a few layers may differ by between two runtimes, which sum in another order. */
export const PARITY_TOLERANCE: Tolerance = { absolute: 1e-5, relative: 1e-4 };

/**
 * What two runtimes may differ by in an output of that type: a number that is rounded to a byte may go the other way, one that
 * is rounded to float16 has 11 binary digits.
 */
export function outputTolerance(dtype: string): Tolerance {
  if (dtype === "uint8" || dtype === "int8") return { absolute: 1, relative: 0 };
  return dtype === "float16" ? { ...PARITY_TOLERANCE, relative: 2 ** -10 } : PARITY_TOLERANCE;
}

export interface ParityOptions<I> {
  /** What is tested: the exported file on a runtime. */
  readonly run: (inputs: I) => Promise<OutputValues>;
  /** What it should equal. Its outputs are the ones compared. */
  readonly reference: (inputs: I) => Promise<OutputValues>;
  readonly inputs: I;
  /** Of outputs that may differ by more or less than `PARITY_TOLERANCE`. */
  readonly tolerances?: Readonly<Record<string, Tolerance>>;
}

export interface OutputParity {
  /** Largest absolute difference. */
  readonly maxAbs: number;
  /** `maxAbs` over the largest magnitude of the reference; 0 when all is equal. */
  readonly maxRel: number;
  /** Largest difference over what is allowed, value by value: both agree where it is at most 1. */
  readonly share: number;
  /** Whether all values, on both sides, are finite. */
  readonly finite: boolean;
}

/** The worst over all outputs, and each of them. */
export interface ParityReport extends OutputParity {
  readonly perOutput: Readonly<Record<string, OutputParity>>;
}

/**
 * Runs both on the same inputs and compares. A non-finite value that the other side does not share is an infinite
 * difference. It knows no engine: both sides are callbacks.
 *
 * @throws IsthmusError `ONNX_PARITY` when an output is missing or of another length
 */
export async function parity<I>({ run, reference, inputs, tolerances = {} }: ParityOptions<I>): Promise<ParityReport> {
  const expected = await reference(inputs);
  return compareOutputs(await run(inputs), expected, tolerances);
}

/** What was put out beside what is expected. Throws as `parity` does. */
export function compareOutputs(
  actual: OutputValues,
  expected: OutputValues,
  tolerances: Readonly<Record<string, Tolerance>>,
): ParityReport {
  const perOutput = Object.fromEntries(
    Object.entries(expected).map(([name, values]) => [
      name,
      compare(name, actual[name], values, tolerances[name] ?? PARITY_TOLERANCE),
    ]),
  );
  const each = Object.values(perOutput);
  return {
    maxAbs: Math.max(0, ...each.map(({ maxAbs }) => maxAbs)),
    maxRel: Math.max(0, ...each.map(({ maxRel }) => maxRel)),
    share: Math.max(0, ...each.map(({ share }) => share)),
    finite: each.every(({ finite }) => finite),
    perOutput,
  };
}

/**
 * Refuses outputs that differ by more than is allowed, or are not finite.
 *
 * @param told what differs from what, such as `onnxruntime-node and our engine differ`
 * @throws IsthmusError `ONNX_PARITY` naming the first such output
 */
export function requireParity({ perOutput }: Pick<ParityReport, "perOutput">, told: string): void {
  for (const [name, { maxAbs, maxRel, share, finite }] of Object.entries(perOutput)) {
    if (finite && share <= 1) continue;
    const got = finite
      ? `max abs error ${maxAbs.toExponential(1)} (relative ${maxRel.toExponential(1)}), ${share.toPrecision(3)} times what is allowed`
      : "values that are not finite";
    throw new IsthmusError("ONNX_PARITY", `${told} in "${name}": ${got}`, { output: name });
  }
}

function compare(
  name: string,
  actual: ArrayLike<number> | undefined,
  expected: ArrayLike<number>,
  allowed: Tolerance,
): OutputParity {
  if (actual?.length !== expected.length) {
    const got = actual ? `${actual.length}` : "no such output";
    throw new IsthmusError("ONNX_PARITY", `onnx: output "${name}" expected ${expected.length} values, got ${got}`, {
      output: name,
    });
  }
  const worst = { maxAbs: 0, share: 0 };
  let magnitude = 0;
  let finite = true;
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [actual[i]!, expected[i]!];
    const apart = difference(a, b);
    worst.maxAbs = Math.max(worst.maxAbs, apart);
    if (apart > 0) worst.share = Math.max(worst.share, over(apart, b, allowed));
    magnitude = Math.max(magnitude, Math.abs(b));
    finite &&= Number.isFinite(a) && Number.isFinite(b);
  }
  return { ...worst, maxRel: relative(worst.maxAbs, magnitude), finite };
}

/** A value that is not finite allows none but itself. */
function over(apart: number, expected: number, { absolute, relative }: Tolerance): number {
  return Number.isFinite(apart) ? apart / (absolute + relative * Math.abs(expected)) : apart;
}

function relative(maxAbs: number, magnitude: number): number {
  if (maxAbs === 0) return 0;
  return maxAbs === Number.POSITIVE_INFINITY ? maxAbs : maxAbs / magnitude;
}

function difference(a: number, b: number): number {
  if (Object.is(a, b)) return 0;
  return Number.isFinite(a) && Number.isFinite(b) ? Math.abs(a - b) : Number.POSITIVE_INFINITY;
}
