/** Noise that is added: thermal, impulsive, in bursts. */
import type { Node } from "@isthmus/graph";
import { besideUses, type ChannelScope, type ChannelOutput } from "./scope.ts";

/** White Gaussian noise: of variance sigma^2 in each real use, N0 / 2 in each part of a complex one. */
export interface AwgnChannel {
  readonly kind: "awgn";
}

/** Gaussian noise, and with probability `probability` in each use more of it, of `ratio` times its variance (Middleton 1977, two terms). */
export interface ImpulsiveChannel {
  readonly kind: "impulsive";
  /** In [0, 1]. */
  readonly probability: number;
  /** Variance of what is added over that of the Gaussian noise. */
  readonly ratio: number;
}

/** Gaussian noise, and with probability `probability` in each block one burst of `length` uses with more of it, which begins anywhere. */
export interface BurstChannel {
  readonly kind: "burst";
  readonly probability: number;
  readonly length: number;
  readonly ratio: number;
}

export function awgn(scope: ChannelScope, x: Node): ChannelOutput {
  const { build, deviation } = scope;
  const noise = build.mul(build.randomNormal(x.shape, scope.noise("noise")), besideUses(scope, deviation));
  return { y: build.add(x, noise) };
}

export function impulsive({ probability, ratio }: ImpulsiveChannel, scope: ChannelScope, x: Node): ChannelOutput {
  const { build } = scope;
  const hit = build.less(build.randomUniform(usesOf(x), scope.noise("hit")), build.scalar(probability));
  return moreNoise(scope, awgn(scope, x).y, hit, ratio);
}

/** Starts are equally likely at -length + 1 .. n - 1, so that every use is hit equally often. */
export function burst({ probability, length, ratio }: BurstChannel, scope: ChannelScope, x: Node): ChannelOutput {
  const { build } = scope;
  const n = x.shape[1] as number;
  const places = n + length - 1;
  const u = build.randomUniform(["batch", 1], scope.noise("start"));
  // A burst in use i: its start lies in (i - length, i]; starts take [0, probability) of the uniform, in `places` equal parts.
  const start = build.sub(build.mul(u, build.scalar(places / probability)), build.scalar(length - 1));
  const index = build.constant(
    [1, n],
    Array.from({ length: n }, (_, i) => i),
  );
  const begun = build.less(start, build.add(index, build.scalar(1)));
  const over = build.less(build.add(start, build.scalar(length - 1)), index);
  const hit = build.mul(build.mul(begun, build.sub(build.scalar(1), over)), build.less(u, build.scalar(probability)));
  return moreNoise(scope, awgn(scope, x).y, hit, ratio);
}

function moreNoise(scope: ChannelScope, y: Node, hit: Node, ratio: number): ChannelOutput {
  const { build, complex, deviation } = scope;
  const more = build.mul(build.randomNormal(y.shape, scope.noise("more")), besideUses(scope, deviation));
  const where = build.mul(complex ? build.expandDims(hit, -1) : hit, build.scalar(Math.sqrt(ratio)));
  return { y: build.add(y, build.mul(more, where)) };
}

/** [batch, n] of either kind of use. */
function usesOf(x: Node): Node["shape"] {
  return x.shape.slice(0, 2);
}
