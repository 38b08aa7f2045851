/** Amplifiers and converters. */
import type { Node } from "@isthmus/graph";
import { squaredMagnitude } from "../layers/complex.ts";
import { quantised } from "../layers/quantise.ts";
import type { ChannelScope, ChannelOutput } from "./scope.ts";

/** A solid-state power amplifier: x / (1 + (|x| / A)^(2 p))^(1 / (2 p)) (Rapp 1991). */
export interface AmplifierChannel {
  readonly kind: "amplifier";
  /** A > 0, the amplitude that it never passes. Default: 1. */
  readonly saturation?: number;
  /** p > 0; the larger, the harder it clips. Default: 2. */
  readonly smoothness?: number;
}

/** An analogue-to-digital converter: each real dimension to the nearest of 2^bits values from -range to range. */
export interface QuantiserChannel {
  readonly kind: "quantiser";
  /** 1 to 12. */
  readonly bits: number;
  /** Default: 2. */
  readonly range?: number;
}

/** Where |x|^2 is 0, so that its logarithm is finite. */
const TINY = 1e-30;

export function amplifier(
  { saturation = 1, smoothness = 2 }: AmplifierChannel,
  scope: ChannelScope,
  x: Node,
): ChannelOutput {
  const { build, complex } = scope;
  const power = build.add(complex ? squaredMagnitude(build, x) : build.square(x), build.scalar(TINY));
  const logRatio = build.sub(build.log(power), build.scalar(2 * Math.log(saturation)));
  // log (1 + (|x| / A)^(2 p)) = softplus(p log(|x|^2 / A^2)), which does not overflow.
  const excess = build.softplus(build.mul(logRatio, build.scalar(smoothness)));
  const gain = build.exp(build.mul(excess, build.scalar(-1 / (2 * smoothness))));
  return { y: build.mul(x, complex ? build.expandDims(gain, -1) : gain) };
}

export function quantiser({ bits, range = 2 }: QuantiserChannel, { build }: ChannelScope, x: Node): ChannelOutput {
  return { y: quantised(build, x, { least: -range, most: range, levels: 2 ** bits }) };
}
