import { elementCount, type GraphBuilder, type Node } from "@isthmus/graph";
import type { Condition, ImageCondition } from "./condition.ts";

/** A condition that is made of an image, in the graph and as data. */
export interface ImageConditionParts extends Condition {
  readonly image: ImageCondition;
  /** `[height, width, channels]` of what is left to the likelihood. */
  readonly restShape: readonly number[];
}

export type Half = "left" | "right" | "top" | "bottom";

/** Which axis of `[height, width, channels]` is cut, and whether the first part is observed. */
const HALVES: Readonly<Record<Half, { readonly axis: number; readonly isFirst: boolean }>> = {
  left: { axis: 1, isFirst: true },
  right: { axis: 1, isFirst: false },
  top: { axis: 0, isFirst: true },
  bottom: { axis: 0, isFirst: false },
};

/** An observed half of an image `shape`; of an odd number of rows or columns the middle one is left to the likelihood. */
export function halfCondition(shape: readonly number[], half: Half): ImageConditionParts {
  const { axis, isFirst } = HALVES[half];
  const length = shape[axis]!;
  const cut = isFirst ? Math.floor(length / 2) : Math.ceil(length / 2);
  const [before, after] = [shape.with(axis, cut), shape.with(axis, length - cut)];
  const [own, restShape] = isFirst ? [before, after] : [after, before];
  const offset = isFirst ? 0 : cut;
  const part = (build: GraphBuilder, x: Node, isBefore: boolean): Node => {
    const range = isBefore ? { begin: 0, end: cut } : { begin: cut, end: length };
    return flat(build, build.slice(imageOf(build, x, shape), { axis: axis + 1, ...range }));
  };
  return {
    of: (build, x) => part(build, x, isFirst),
    rest: (build, x) => part(build, x, !isFirst),
    input: (build) => conditionInput(build, own),
    whole: (build, rest, condition = zeros(build, own)) => {
      const images = [imageOf(build, condition, own), imageOf(build, rest, restShape)];
      return flat(build, build.concat(isFirst ? images : images.toReversed(), axis + 1));
    },
    image: {
      shape: own,
      toldBy: toldBy(shape, own, (place) => place.with(axis, place[axis]! - offset)),
      isExact: true,
    },
    restShape,
  };
}

/** The means of an image `shape` over blocks of `factor` by `factor` pixels; the likelihood is of all pixels. */
export function downscaledCondition(shape: readonly number[], factor: number): ImageConditionParts {
  const [height, width, channels] = shape as readonly [number, number, number];
  const own = [height / factor, width / factor, channels];
  const blockOf = ([row, column, channel]: Place): Place => [
    Math.floor(row / factor),
    Math.floor(column / factor),
    channel,
  ];
  return {
    of: (build, x) => flat(build, build.avgPool2d(imageOf(build, x, shape), factor)),
    rest: (_, x) => x,
    input: (build) => conditionInput(build, own),
    whole: (_, rest) => rest,
    image: { shape: own, toldBy: toldBy(shape, own, blockOf), isExact: false },
    restShape: shape,
  };
}

function conditionInput(build: GraphBuilder, shape: readonly number[]): Node {
  return build.input("condition", ["batch", elementCount(shape)]);
}

function zeros(build: GraphBuilder, shape: readonly number[]): Node {
  return build.broadcastTo(build.scalar(0), ["batch", elementCount(shape)]);
}

function imageOf(build: GraphBuilder, x: Node, shape: readonly number[]): Node {
  return build.reshape(x, ["batch", ...shape]);
}

function flat(build: GraphBuilder, image: Node): Node {
  return build.reshape(image, ["batch", elementCount(image.shape.slice(1))]);
}

type Place = readonly [row: number, column: number, channel: number];

/** Of each feature of an image `shape`, the feature of the condition `own` where `place` takes it; -1 outside of it. */
function toldBy(shape: readonly number[], own: readonly number[], place: (of: Place) => readonly number[]): number[] {
  const [, width, channels] = shape as Place;
  return Array.from({ length: elementCount(shape) }, (_, feature) => {
    const pixel = Math.floor(feature / channels);
    const at = place([Math.floor(pixel / width), pixel % width, feature % channels]);
    const isInside = at.every((index, axis) => index >= 0 && index < own[axis]!);
    return isInside ? at.reduce((sum, index, axis) => sum * own[axis]! + index, 0) : -1;
  });
}
