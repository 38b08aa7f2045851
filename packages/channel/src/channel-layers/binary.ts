/** Channels of hard bits: each real dimension is sent as its sign, which is trained straight through. */
import type { Node } from "@isthmus/graph";
import { quantised } from "../layers/quantise.ts";
import type { ChannelScope, ChannelOutput } from "./scope.ts";

/** Signs are turned round with probability `probability` (`bsc`), or erased to 0 (`bec`). */
export interface BinaryChannel {
  readonly kind: "bsc" | "bec";
  /** In [0, 1]. */
  readonly probability: number;
}

export function binary({ kind, probability }: BinaryChannel, scope: ChannelScope, x: Node): ChannelOutput {
  const { build } = scope;
  const sign = quantised(build, x, { least: -1, most: 1, levels: 2 });
  const kept = build.greater(build.randomUniform(x.shape, scope.noise("flips")), build.scalar(probability));
  const factor = kind === "bec" ? kept : build.sub(build.mul(kept, build.scalar(2)), build.scalar(1));
  return { y: build.mul(sign, factor) };
}
