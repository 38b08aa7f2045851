import type { Operation } from "../operation.ts";
import * as activationGradients from "./activation-gradients.ts";
import * as adam from "./adam.ts";
import { add, div, equal, greater, maximum, minimum, mul, sub } from "./binary.ts";
import * as blocks from "./blocks.ts";
import { cast } from "./cast.ts";
import * as convolution from "./convolution.ts";
import { erf } from "./erf.ts";
import { gdn } from "./gdn.ts";
import * as gradientDescent from "./gradient-descent.ts";
import * as ids from "./ids.ts";
import * as leaves from "./leaves.ts";
import { lowerBound } from "./lower-bound.ts";
import { matmul } from "./matmul.ts";
import { euclideanNorm } from "./norm.ts";
import * as pool from "./pool.ts";
import * as quantised from "./quantised.ts";
import { max, sum } from "./reduce.ts";
import { round } from "./round.ts";
import { select } from "./select.ts";
import * as shapes from "./shapes.ts";
import * as sigmoidCrossEntropy from "./sigmoid-cross-entropy.ts";
import * as softmax from "./softmax.ts";
import * as standardise from "./standardise.ts";
import { straightThrough } from "./straight-through.ts";
import * as unary from "./unary.ts";

const all: readonly Operation[] = [
  ...Object.values(leaves),
  ...Object.values(unary),
  ...[add, sub, mul, div, maximum, minimum, greater, equal],
  ...[select, sum, max],
  ...Object.values(shapes),
  ...[matmul, cast, straightThrough],
  ...Object.values(activationGradients),
  ...Object.values(sigmoidCrossEntropy),
  ...Object.values(adam),
  ...Object.values(convolution),
  ...Object.values(pool),
  ...Object.values(gradientDescent),
  euclideanNorm,
  ...[erf, round, lowerBound, gdn],
  ...Object.values(blocks),
  ...Object.values(ids),
  ...Object.values(softmax),
  ...Object.values(standardise),
  ...Object.values(quantised),
];

/** Every operation a graph may hold, by name. */
export const operations: ReadonlyMap<string, Operation> = new Map(all.map((operation) => [operation.name, operation]));

/** The operation called `name`; `RangeError` if there is none. */
export function operationNamed(name: string): Operation {
  const operation = operations.get(name);
  if (!operation) throw new RangeError(`unknown operation "${name}"; known: ${[...operations.keys()].join(", ")}`);
  return operation;
}
