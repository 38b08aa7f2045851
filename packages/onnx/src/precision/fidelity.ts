import { IsthmusError } from "@isthmus/math";
import type { OutputValues } from "../parity.ts";

/** How near an output is to what it should be. */
export interface OutputFidelity {
  /** 10 log10 of the energy of the reference over that of the difference: decibels; infinite where nothing differs. */
  readonly snr: number;
  /** Largest absolute difference. */
  readonly maxAbs: number;
}

/**
 * Compares the outputs of a network in less precision with those of the reference, on the same inputs. A value that is not
 * finite, on either side, makes an SNR of -Infinity.
 *
 * @throws IsthmusError `ONNX_PARITY` when an output is missing or of another length
 */
export function fidelity(actual: OutputValues, reference: OutputValues): Record<string, OutputFidelity> {
  const each = Object.entries(reference).map(([name, expected]) => {
    const got = actual[name];
    if (got?.length === expected.length) return [name, compare(got, expected)] as const;
    const what = got ? `${got.length}` : "no such output";
    throw new IsthmusError("ONNX_PARITY", `onnx: output "${name}" expected ${expected.length} values, got ${what}`, {
      output: name,
    });
  });
  return Object.fromEntries(each);
}

function compare(actual: ArrayLike<number>, expected: ArrayLike<number>): OutputFidelity {
  let signal = 0;
  let noise = 0;
  let maxAbs = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (!Number.isFinite(difference)) return { snr: Number.NEGATIVE_INFINITY, maxAbs: Number.POSITIVE_INFINITY };
    signal += expected[i]! ** 2;
    noise += difference ** 2;
    maxAbs = Math.max(maxAbs, difference);
  }
  return { snr: noise === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(signal / noise), maxAbs };
}
