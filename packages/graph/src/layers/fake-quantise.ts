import type { GraphBuilder } from "../builder.ts";
import type { Node } from "../ir.ts";

export interface FakeQuantiseOptions {
  /** Width of a step, above 0: a node that broadcasts to x, such as one number for each channel. Not trained. */
  readonly scale: Node;
  /** The integer that stands for 0. Default: 0. */
  readonly zero?: number;
  /** The integers that there are. Default: all. */
  readonly low?: number;
  readonly high?: number;
}

/**
 * What x becomes when it is stored as integers and read again,
 *
 *     q = clamp(round(x / scale) + zero, low, high)          scale (q - zero)
 *
 * with the derivative 1 where q is not clamped and 0 where it is, so that what is rounded can be trained (Bengio, Leonard,
 * Courville 2013; Jacob, Kligys, Chen, Zhu, Tang, Howard, Adam, Kalenichenko 2018). Halves go to the even integer.
 */
export function fakeQuantise(
  build: GraphBuilder,
  x: Node,
  { scale, zero = 0, low = -Infinity, high = Infinity }: FakeQuantiseOptions,
): Node {
  const step = build.stopGradient(scale);
  const [least, most] = [low - zero, high - zero];
  const steps = within(build, build.round(build.div(x, step)), build.scalar(1), [least, most]);
  return build.straightThrough(build.mul(step, steps), within(build, x, step, [least - 0.5, most + 0.5]));
}

/** x, at least `least` and at most `most` units where these are finite. */
function within(build: GraphBuilder, x: Node, unit: Node, [least, most]: readonly [number, number]): Node {
  const bound = (count: number): Node => build.mul(build.scalar(count), unit);
  const raised = Number.isFinite(least) ? build.maximum(x, bound(least)) : x;
  return Number.isFinite(most) ? build.minimum(raised, bound(most)) : raised;
}
