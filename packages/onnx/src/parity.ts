import { IsthmusError } from "@isthmus/math";

/** Output name -> its values, row-major. */
export type OutputValues = Readonly<Record<string, ArrayLike<number>>>;

export interface ParityOptions<I> {
  /** What is tested: the exported file on a runtime. */
  readonly run: (inputs: I) => Promise<OutputValues>;
  /** What it should equal. Its outputs are the ones compared. */
  readonly reference: (inputs: I) => Promise<OutputValues>;
  readonly inputs: I;
}

export interface OutputParity {
  /** Largest absolute difference. */
  readonly maxAbs: number;
  /** `maxAbs` over the largest magnitude of the reference; 0 when all is equal. */
  readonly maxRel: number;
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
export async function parity<I>({ run, reference, inputs }: ParityOptions<I>): Promise<ParityReport> {
  const expected = await reference(inputs);
  const actual = await run(inputs);
  const perOutput = Object.fromEntries(
    Object.entries(expected).map(([name, values]) => [name, compare(name, actual[name], values)]),
  );
  const each = Object.values(perOutput);
  return {
    maxAbs: Math.max(0, ...each.map(({ maxAbs }) => maxAbs)),
    maxRel: Math.max(0, ...each.map(({ maxRel }) => maxRel)),
    finite: each.every(({ finite }) => finite),
    perOutput,
  };
}

function compare(name: string, actual: ArrayLike<number> | undefined, expected: ArrayLike<number>): OutputParity {
  if (actual?.length !== expected.length) {
    const got = actual ? `${actual.length}` : "no such output";
    throw new IsthmusError("ONNX_PARITY", `onnx: output "${name}" expected ${expected.length} values, got ${got}`, {
      output: name,
    });
  }
  let maxAbs = 0;
  let magnitude = 0;
  let finite = true;
  for (let i = 0; i < expected.length; i++) {
    maxAbs = Math.max(maxAbs, difference(actual[i]!, expected[i]!));
    magnitude = Math.max(magnitude, Math.abs(expected[i]!));
    finite &&= Number.isFinite(actual[i]) && Number.isFinite(expected[i]);
  }
  return { maxAbs, maxRel: relative(maxAbs, magnitude), finite };
}

function relative(maxAbs: number, magnitude: number): number {
  if (maxAbs === 0) return 0;
  return maxAbs === Number.POSITIVE_INFINITY ? maxAbs : maxAbs / magnitude;
}

function difference(a: number, b: number): number {
  if (Object.is(a, b)) return 0;
  return Number.isFinite(a) && Number.isFinite(b) ? Math.abs(a - b) : Number.POSITIVE_INFINITY;
}
