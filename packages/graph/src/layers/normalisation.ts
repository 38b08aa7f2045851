import type { GraphBuilder } from "../builder.ts";
import type { Node } from "../ir.ts";

export interface NormOptions {
  /** Parameters are `<name>.scale`, ones at first, and `<name>.shift`, zeros at first, both [features]. */
  readonly name: string;
  /** Added to the variance. Default: 1e-5. */
  readonly epsilon?: number;
}

export interface BatchNormOptions extends NormOptions {
  /** Whether statistics are the batch's, which then move the running ones, or the running ones. */
  readonly training: boolean;
  /** Share of the batch in the running statistics, in (0, 1]. Default: 0.1. */
  readonly momentum?: number;
}

export interface BatchNormResult {
  readonly y: Node;
  /** Next values of the running statistics `<name>.mean` and `<name>.variance`; none unless training. */
  readonly updates: Readonly<Record<string, Node>>;
}

interface Moments {
  readonly centred: Node;
  readonly mean: Node;
  readonly variance: Node;
}

/** Mean and variance (with division by n) over `axes`, kept at size 1. */
function moments(build: GraphBuilder, x: Node, axes: readonly number[]): Moments {
  const options = { axes, keepDims: true };
  const mean = build.mean(x, options);
  const centred = build.sub(x, mean);
  return { centred, mean, variance: build.mean(build.square(centred), options) };
}

function featuresOf(layer: string, name: string, x: Node): number {
  const features = x.shape.at(-1);
  if (x.shape.length > 1 && typeof features === "number") return features;
  throw new RangeError(
    `${layer} "${name}": "x" expected [..., features] of rank 2 or more, got [${x.shape.join(", ")}]`,
  );
}

function requireEpsilon(layer: string, name: string, epsilon: number): void {
  if (epsilon > 0 && Number.isFinite(epsilon)) return;
  throw new RangeError(`${layer} "${name}": "epsilon" expected a positive number, got ${epsilon}`);
}

function scaleAndShift(build: GraphBuilder, name: string, features: number): { scale: Node; shift: Node } {
  return {
    scale: build.state(`${name}.scale`, { shape: [features], init: { kind: "constant", value: 1 } }),
    shift: build.state(`${name}.shift`, { shape: [features], init: { kind: "zeros" } }),
  };
}

const inverseRoot = (build: GraphBuilder, variance: Node, epsilon: number): Node =>
  build.div(build.scalar(1), build.sqrt(build.add(variance, build.scalar(epsilon))));

/**
 * scale (x - mean) / sqrt(variance + epsilon) + shift with mean and variance along the last axis (Ba, Kiros, Hinton
 * 2016, equation 4). x [..., features]; the same in training and use.
 *
 * @throws RangeError x without a fixed last axis behind another, or an option out of range
 */
export function layerNorm(build: GraphBuilder, x: Node, { name, epsilon = 1e-5 }: NormOptions): Node {
  const features = featuresOf("layerNorm", name, x);
  requireEpsilon("layerNorm", name, epsilon);
  const { scale, shift } = scaleAndShift(build, name, features);
  return build.add(build.mul(build.standardise(x, epsilon), scale), shift);
}

/**
 * scale (x - mean) / sqrt(variance + epsilon) + shift with mean and variance over all axes but the last (Ioffe, Szegedy
 * 2015, algorithm 1). x [batch, ..., features]. In training the running statistics move by
 * `momentum` (batch's - running), the variance with division by n - 1, as in PyTorch; the caller puts `updates` into the
 * program and leaves `<name>.mean` and `<name>.variance` out of what an optimiser trains.
 *
 * @throws RangeError x without a fixed last axis behind another, or an option out of range
 */
export function batchNorm(build: GraphBuilder, x: Node, options: BatchNormOptions): BatchNormResult {
  const { name, training, momentum = 0.1, epsilon = 1e-5 } = options;
  const features = featuresOf("batchNorm", name, x);
  requireEpsilon("batchNorm", name, epsilon);
  if (!(momentum > 0 && momentum <= 1)) {
    throw new RangeError(`batchNorm "${name}": "momentum" expected a number in (0, 1], got ${momentum}`);
  }
  const { scale, shift } = scaleAndShift(build, name, features);
  const running = {
    mean: build.state(`${name}.mean`, { shape: [features], init: { kind: "zeros" } }),
    variance: build.state(`${name}.variance`, { shape: [features], init: { kind: "constant", value: 1 } }),
  };
  const axes = x.shape.slice(0, -1).map((_, axis) => axis);
  const used = training ? moments(build, x, axes) : { centred: build.sub(x, running.mean), ...running };
  const factor = build.mul(inverseRoot(build, used.variance, epsilon), scale);
  const y = build.add(build.mul(used.centred, factor), shift);
  return { y, updates: training ? movedStatistics(build, { name, x, axes, momentum, running, batch: used }) : {} };
}

interface Statistics {
  readonly mean: Node;
  readonly variance: Node;
}

interface Move {
  readonly name: string;
  readonly x: Node;
  readonly axes: readonly number[];
  readonly momentum: number;
  readonly running: Statistics;
  readonly batch: Statistics;
}

/** The running statistics, nearer to the batch's by `momentum`. One item alone has no variance: it counts as 0. */
function movedStatistics(build: GraphBuilder, { name, x, axes, momentum, running, batch }: Move): Record<string, Node> {
  const n = build.size(x, axes);
  const unbiased = build.div(n, build.maximum(build.sub(n, build.scalar(1)), build.scalar(1)));
  const move = (from: Node, to: Node): Node => {
    const target = build.reshape(to, from.shape);
    return build.add(from, build.mul(build.sub(target, from), build.scalar(momentum)));
  };
  return {
    [`${name}.mean`]: move(running.mean, batch.mean),
    [`${name}.variance`]: move(running.variance, build.mul(batch.variance, unbiased)),
  };
}
