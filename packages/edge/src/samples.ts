import type { BundleUnits } from "./bundle.ts";

/**
 * Numbers as a sensor or a camera gives them, items one after the other. Where a bundle has units they are in these; where it has none they
 * are the network's own, and bytes stand for b / 255, as everywhere in Isthmus.
 */
export type Samples = ArrayLike<number>;

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
      for (let i = 0; i < to.length; i++) to[i] = samples[from + i]! / 255;
    else for (let i = 0; i < to.length; i++) to[i] = samples[from + i]!;
  }
}

/** In runs that have one unit: all of an item, or sample after sample. */
function readUnits(samples: Samples, from: number, to: Float32Array, { offsets, scales, fills }: BundleUnits): void {
  const run = to.length / offsets.length;
  for (let unit = 0, i = 0; unit < offsets.length; unit++) {
    const offset = offsets[unit]!;
    const scale = scales[unit]!;
    const fill = fills ? fills[unit]! : NaN;
    for (const end = i + run; i < end; i++) {
      const given = samples[from + i]!;
      const x = given === given ? given : fill;
      to[i] = scale === 0 && Number.isFinite(x) ? 0 : (x - offset) / scale;
    }
  }
}
