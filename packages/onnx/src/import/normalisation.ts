import type { Node } from "@isthmus/graph";
import { FLOAT } from "../data-types.ts";
import { type Flow, flow, sequence, shapeOf, type Value } from "./flow.ts";
import { type Known, reshapeKnown } from "./known.ts";
import type { NodeReader } from "./node-reader.ts";
import type { Translations } from "./translations.ts";

/** Numbers per channel, broadcast over an image of this rank. */
export function perChannel(read: NodeReader, value: Value, rank: number): Value {
  const shape = [-1, ...new Array<number>(Math.max(0, rank - 2)).fill(1)];
  const [channels] = shapeOf(value);
  if (shapeOf(value).length !== 1 || typeof channels !== "number") {
    return read.refuse(`has [${shapeOf(value).join(", ")}] numbers per channel`);
  }
  const wide = shape.with(0, channels);
  if (value.kind === "known") return reshapeKnown(value, wide);
  return flow(read.build.reshape(read.plain(value), wide), value.elementType);
}

/**
 * x factor + shift, with factor = scale / sqrt(variance + epsilon) and shift = bias - mean factor: constants are one
 * multiplication and one addition.
 */
function batchNormalization(read: NodeReader): Flow {
  if (read.int("training_mode", 0) !== 0 || [1, 2, 3, 4].some((output) => read.wants(output))) {
    read.refuse("is in training mode; export the model for inference");
  }
  if (read.int("spatial", 1) === 0) read.refuse("normalises every pixel on its own");
  const x = read.flow(0);
  const rank = shapeOf(x).length;
  const epsilon = read.float("epsilon", 1e-5);
  const given = [1, 2, 3, 4].map((input) => read.value(input));
  const { factor, shift } = given.every((value): value is Known => value.kind === "known")
    ? knownLine(given as readonly Known[] as Statistics, epsilon)
    : computedLine(read, given, epsilon);
  return read.elementwise((y, a, b) => read.build.add(read.build.mul(y!, a!), b!), {
    values: [x, perChannel(read, factor, rank), perChannel(read, shift, rank)],
  });
}

/** Scale, bias, mean and variance of each channel. */
type Statistics = readonly [Known, Known, Known, Known];

interface Line {
  readonly factor: Value;
  readonly shift: Value;
}

function knownLine([scale, bias, mean, variance]: Statistics, epsilon: number): Line {
  const at = (known: Known, i: number) => known.data[i] as number;
  const factors = Float64Array.from(
    scale.data as ArrayLike<number>,
    (value, i) => value / Math.sqrt(at(variance, i) + epsilon),
  );
  const shifts = factors.map((factor, i) => at(bias, i) - at(mean, i) * factor);
  return {
    factor: { ...scale, data: Float32Array.from(factors) },
    shift: { ...bias, data: Float32Array.from(shifts) },
  };
}

function computedLine(read: NodeReader, given: readonly Value[], epsilon: number): Line {
  const { build } = read;
  const [scale, bias, mean, variance] = given.map((value) => read.plain(read.asFlow(value))) as [
    Node,
    Node,
    Node,
    Node,
  ];
  const factor = build.div(scale, build.sqrt(build.add(variance, build.scalar(epsilon))));
  return {
    factor: flow(factor, FLOAT),
    shift: flow(build.sub(bias, build.mul(mean, factor)), FLOAT),
  };
}

interface Standardised {
  readonly y: Node;
  readonly mean: Node;
  /** 1 / sqrt(variance + epsilon). */
  readonly factor: Node;
}

/** (x - mean) / sqrt(variance + epsilon) over these axes of the node, and what it is made of. */
function standardised({ build }: NodeReader, x: Node, axes: readonly number[], epsilon: number): Standardised {
  const options = { axes, keepDims: true };
  const mean = build.mean(x, options);
  const centred = build.sub(x, mean);
  const variance = build.mean(build.square(centred), options);
  const deviation = build.sqrt(build.add(variance, build.scalar(epsilon)));
  return { y: build.div(centred, deviation), mean, factor: build.div(build.scalar(1), deviation) };
}

/** Each item's channels by themselves, over their pixels. */
function instanceNormalization(read: NodeReader): Flow {
  const x = read.flow(0);
  const rank = x.order.length;
  if (rank < 3) read.refuse(`normalises [${shapeOf(x).join(", ")}], which has no pixels`);
  const y = { ...x, node: standardised(read, x.node, x.order.slice(2), read.float("epsilon", 1e-5)).y };
  return read.elementwise((a, scale, bias) => read.build.add(read.build.mul(a!, scale!), bias!), {
    values: [y, perChannel(read, read.value(1), rank), perChannel(read, read.value(2), rank)],
  });
}

/** Over one axis and all behind it. */
function layerNormalization(read: NodeReader): Flow[] {
  const x = read.flow(0);
  const rank = x.order.length;
  const axis = read.axis(read.int("axis", -1), rank);
  const axes = sequence(rank - axis).map((i) => x.order[axis + i]!);
  const epsilon = read.float("epsilon", 1e-5);
  const { y, mean, factor } = standardised(read, x.node, axes, epsilon);
  const isLast = axes.length === 1 && axes[0] === rank - 1;
  const whole = { ...x, node: isLast ? read.build.standardise(x.node, epsilon) : y };
  const scaled = read.elementwise((a, scale) => read.build.mul(a!, scale!), { values: [whole, read.value(1)] });
  const shifted = read.given[2]
    ? read.elementwise((a, bias) => read.build.add(a!, bias!), { values: [scaled, read.value(2)] })
    : scaled;
  return [shifted, { ...x, node: mean }, { ...x, node: factor }];
}

export const normalisation: Translations = {
  BatchNormalization: batchNormalization,
  InstanceNormalization: instanceNormalization,
  LayerNormalization: layerNormalization,
};
