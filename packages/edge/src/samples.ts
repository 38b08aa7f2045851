import type { BundleUnits } from "./bundle.ts";
import { quantiseInput } from "./executor.ts";
import type { PlanInput } from "./plan.ts";

/**
 * Numbers as a sensor or a camera gives them, items one after the other. Where a bundle has units they are in these; where it has none they
 * are the network's own, and bytes stand for b / 255, as everywhere in Isthmus.
 */
export type Samples = ArrayLike<number>;

/** Samples to the int8 of a plan's input: first the number that the network would be given, in float32, then the nearest int8. */
export class SampleReader {
  private readonly input: PlanInput;
  private readonly units: BundleUnits | undefined;
  /** The int8 of each byte. */
  private readonly ofBytes: Int8Array;

  constructor(input: PlanInput, units?: BundleUnits) {
    this.input = input;
    this.units = units;
    this.ofBytes = Int8Array.from({ length: 256 }, (_, byte) => quantiseInput(Math.fround(byte / 255), byte, input));
  }

  /** @throws RangeError a sample that is not finite and has no fill */
  read(samples: Samples, from: number, to: Int8Array): void {
    if (this.units) this.readUnits(samples, from, to, this.units);
    else if (samples instanceof Uint8Array || samples instanceof Uint8ClampedArray)
      for (let i = 0; i < to.length; i++) to[i] = this.ofBytes[samples[from + i]!]!;
    else for (let i = 0; i < to.length; i++) to[i] = quantiseInput(Math.fround(samples[from + i]!), from + i, this.input);
  }

  private readUnits(samples: Samples, from: number, to: Int8Array, { offsets, scales, fills }: BundleUnits): void {
    const step = offsets.length === 1 ? 0 : 1;
    for (let i = 0, unit = 0; i < to.length; i++, unit += step) {
      let x = samples[from + i]!;
      if (fills && x !== x) x = fills[unit]!;
      const scale = scales[unit]!;
      const isConstant = scale === 0 && Number.isFinite(x);
      const feature = isConstant ? 0 : Math.fround((x - offsets[unit]!) / scale);
      to[i] = quantiseInput(feature, from + i, this.input);
    }
  }
}
