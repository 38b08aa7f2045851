/** Two links in one place. */
import type { Node } from "@isthmus/graph";
import { awgn } from "./additive.ts";
import { type ChannelScope, type ChannelOutput, scopeWithin } from "./scope.ts";

export interface Interference {
  /** Amplitude with which each receiver hears the other transmitter; 1 is as loud as its own. Default: 1. */
  readonly gain?: number;
}

/** y_1 = x_1 + g x_2 + n_1, y_2 = x_2 + g x_1 + n_2 with independent Gaussian noise (O'Shea, Hoydis 2017, equation 4). */
export function interference(
  scope: ChannelScope,
  [first, second]: readonly [Node, Node],
  { gain = 1 }: Interference = {},
): readonly [ChannelOutput, ChannelOutput] {
  const { build } = scope;
  const heard = (own: Node, other: Node): Node => build.add(own, build.mul(other, build.scalar(gain)));
  return [awgn(scopeWithin(scope, "0"), heard(first, second)), awgn(scopeWithin(scope, "1"), heard(second, first))];
}
