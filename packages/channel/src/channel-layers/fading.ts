/** Channels that multiply: flat fading and several taps. The mean power of what is received, without noise, is that of what was sent. */
import type { Node } from "@isthmus/graph";
import { complexConvolve, complexMultiply, squaredMagnitude, toReal } from "../layers/complex.ts";
import type { ChannelScope, ChannelOutput } from "./scope.ts";

/**
 * y_i = h_i x_i, E|h|^2 = 1. Rayleigh: h complex Gaussian. Rician: a constant part of `factor` times the power of the rest. Of real uses
 * it is |h|, the receiver having turned the phase back.
 */
export interface FadingChannel {
  readonly kind: "rayleigh" | "rician";
  /** `block`: one h for all uses of a block; `symbol`: each its own. Default: `block`. */
  readonly per?: "block" | "symbol";
  /** Of Rician fading, K >= 0, linear. Default: 1. */
  readonly factor?: number;
}

/**
 * y_i = sum_l h_l x_(i - l) of complex uses, the h_l independent complex Gaussians, fresh for each block. Nothing comes over from the block
 * before.
 */
export interface MultiTapChannel {
  readonly kind: "multiTap";
  readonly taps: number;
  /** Mean power of each tap; they are scaled to sum to 1. Default: equal ones. */
  readonly powers?: readonly number[];
  /** The receiver sees the taps - 1 uses after the block too. Default: false. */
  readonly tail?: boolean;
}

export function fading(channel: FadingChannel, scope: ChannelScope, x: Node): ChannelOutput {
  const { build, complex } = scope;
  const uses = channel.per === "symbol" ? (x.shape[1] as number) : 1;
  const h = gains(channel, scope, uses);
  if (complex) return { y: complexMultiply(build, x, h), state: toReal(build, h) };
  const magnitude = build.sqrt(squaredMagnitude(build, h));
  return { y: build.mul(x, magnitude), state: magnitude };
}

/** [batch, uses, 2] */
function gains({ kind, factor = 1 }: FadingChannel, scope: ChannelScope, uses: number): Node {
  const { build } = scope;
  const k = kind === "rayleigh" ? 0 : factor;
  const scattered = build.randomNormal(["batch", uses, 2], scope.noise("fading"));
  const h = build.mul(scattered, build.scalar(Math.sqrt(0.5 / (k + 1))));
  return k === 0 ? h : build.add(h, build.constant([2], [Math.sqrt(k / (k + 1)), 0]));
}

export function multiTap({ taps, powers, tail = false }: MultiTapChannel, scope: ChannelScope, x: Node): ChannelOutput {
  const { build } = scope;
  const shares = powers ?? Array.from({ length: taps }, () => 1);
  const total = shares.reduce((sum, power) => sum + power, 0);
  const deviations = shares.map((power) => Math.sqrt(power / total / 2));
  const h = build.mul(
    build.randomNormal(["batch", taps, 2], scope.noise("taps")),
    build.constant([taps, 1], deviations),
  );
  return { y: complexConvolve(build, x, h, { tail }), state: toReal(build, h) };
}
