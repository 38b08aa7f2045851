import type { BundleUnits } from "./bundle.ts";

/**
 * Numbers as a sensor or a camera gives them, items one after the other. Where a bundle has units they are in these; where it has none they
 * are the network's own, and bytes stand for b / 255, as everywhere in Isthmus.
 */
export type Samples = ArrayLike<number>;

/** Of bytes where there are no units. */
const SHARES = Float32Array.from({ length: 256 }, (_, byte) => byte / 255);

/** Samples to the numbers that the network is given, in float32. */
export class SampleReader {
  private readonly units: BundleUnits | undefined;

  constructor(units?: BundleUnits) {
    this.units = units;
  }

  /** What is not finite, and has no fill, stays so: who runs the network refuses it. */
  read(samples: Samples, from: number, to: Float32Array): void {
    if (this.units) readUnits(samples, from, to, this.units);
    else if (samples instanceof Uint8Array || samples instanceof Uint8ClampedArray)
      for (let i = 0; i < to.length; i++) to[i] = SHARES[samples[from + i]!]!;
    else for (let i = 0; i < to.length; i++) to[i] = samples[from + i]!;
  }
}

function readUnits(samples: Samples, from: number, to: Float32Array, { offsets, scales, fills }: BundleUnits): void {
  const step = offsets.length === 1 ? 0 : 1;
  for (let i = 0, unit = 0; i < to.length; i++, unit += step) {
    let x = samples[from + i]!;
    if (fills && x !== x) x = fills[unit]!;
    const scale = scales[unit]!;
    const isConstant = scale === 0 && Number.isFinite(x);
    to[i] = isConstant ? 0 : (x - offsets[unit]!) / scale;
  }
}
