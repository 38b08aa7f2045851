import { IsthmusError } from "@isthmus/math";

/** The error that a call throws; fails when it throws nothing or anything but an `IsthmusError`. */
export function isthmusErrorOf(call: () => unknown): IsthmusError {
  try {
    call();
  } catch (error) {
    if (error instanceof IsthmusError) return error;
    throw error;
  }
  throw new Error("expected an IsthmusError, nothing was thrown");
}

/** A 32-bit linear congruential generator (Numerical Recipes, 1992): uniform in (0, 1), the same on every machine. */
export function uniforms(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
}

/** Rounded sums of twelve uniforms: nearly Gaussian integers with standard deviations 0.5, 1, 1.5, ... per dimension. */
export function bellSymbols(items: number, dims: number, seed: number): Int32Array<ArrayBuffer> {
  const uniform = uniforms(seed);
  return Int32Array.from({ length: items * dims }, (_, i) => {
    let sum = -6;
    for (let k = 0; k < 12; k++) sum += uniform();
    return Math.round(sum * 0.5 * (1 + (i % dims)));
  });
}
