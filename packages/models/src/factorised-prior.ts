import type { GraphBuilder, Node } from "@isthmus/graph";
import { noiseInputs } from "./parts.ts";

/**
 * A density for each channel of a code, independent of the others (Balle, Minnen, Singh, Hwang, Johnston 2018, section 6.1,
 * is one): here a mixture of logistics, whose distribution function is closed and whose difference of two values of it
 * loses no digits in the tails.
 *
 *     F_c(y) = sum_k w_ck sigmoid((y - mu_ck) / s_ck)
 */
export interface FactorisedPrior {
  /** Channels; codes are [..., channels]. */
  readonly channels: number;
  /** [channels, components] each. */
  readonly weights: Node;
  readonly locations: Node;
  readonly scales: Node;
}

const COMPONENTS = 3;
/** Locations start uniform within this, log scales within 1 of the logarithm of `FIRST_SCALE`: no two components alike. */
const FIRST_SPREAD = 1;
export const FIRST_SCALE = 2;
/** Below it a mass costs no more (30 bits), as in the reference implementation; and no logarithm is infinite. */
const LEAST_MASS = 1e-9;

/** The tensors `prior.logits`, `prior.locations` and `prior.logScales`. */
export function factorisedPrior(build: GraphBuilder, channels: number): FactorisedPrior {
  const shape = [channels, COMPONENTS];
  const logits = build.state("prior.logits", { shape, init: { kind: "zeros" } });
  const locations = build.state("prior.locations", { shape, init: { kind: "uniform", limit: FIRST_SPREAD } });
  const logScales = build.state("prior.logScales", { shape, init: { kind: "uniform", limit: 1 } });
  return {
    channels,
    weights: build.softmax(logits),
    locations,
    scales: build.mul(build.scalar(FIRST_SCALE), build.exp(logScales)),
  };
}

/**
 * The mass of bins of width `step` around `y`: F(y + step / 2) - F(y - step / 2), [..., channels]. `step` broadcasts to y.
 *
 * A component's density is even about its location, so both ends are taken on its lower side, where differences of
 * sigmoids keep their digits.
 */
export function binMass(build: GraphBuilder, prior: FactorisedPrior, y: Node, step: Node): Node {
  const { weights, locations, scales } = prior;
  const half = build.div(build.mul(build.expandDims(step, -1), build.scalar(0.5)), scales);
  const away = build.neg(build.abs(build.div(build.sub(build.expandDims(y, -1), locations), scales)));
  const masses = build.sub(build.sigmoid(build.add(away, half)), build.sigmoid(build.sub(away, half)));
  return build.sum(build.mul(weights, masses), { axes: [-1] });
}

/** -log2 of masses, at most 30 bits each. */
export function massBits(build: GraphBuilder, mass: Node): Node {
  return build.mul(build.log(build.lowerBound(mass, LEAST_MASS)), build.scalar(-LOG2_E));
}

/** A number, not `Math.LOG2E`, which may differ in the last bit from one JavaScript engine to another. */
const LOG2_E = 1.4426950408889634;

/** Halvings of the interval that the median is in: as many as float32 has digits. */
const HALVINGS = 24;

/**
 * The median of each channel, [channels], constant to differentiation: between the least and the largest location, where
 * F is at most and at least one half, found by halving.
 */
export function medians(build: GraphBuilder, prior: FactorisedPrior): Node {
  const [weights, locations, scales] = [prior.weights, prior.locations, prior.scales].map((x) => build.stopGradient(x));
  const [all, half] = [{ axes: [-1], keepDims: true }, build.scalar(0.5)] as const;
  let low = build.neg(build.max(build.neg(locations!), all));
  let high = build.max(locations!, all);
  for (let round = 0; round < HALVINGS; round++) {
    const middle = build.mul(build.add(low, high), half);
    const below = build.sigmoid(build.div(build.sub(middle, locations!), scales!));
    const isLow = build.less(build.sum(build.mul(weights!, below), all), half);
    [low, high] = [build.select(isLow, middle, low), build.select(isLow, high, middle)];
  }
  return build.reshape(build.mul(build.add(low, high), half), [prior.channels]);
}

/** Codes drawn from the prior, [batch, positions, channels]. */
export function priorDraws(build: GraphBuilder, prior: FactorisedPrior, positions: number): Node {
  const shape = ["batch", positions, prior.channels] as const;
  const noise = noiseInputs(build);
  const which = build.expandDims(build.randomUniform(shape, { ...noise, stream: "component" }), -1);
  const u = build.randomUniform(shape, { ...noise, stream: "logistic" });
  const logistic = build.expandDims(build.sub(build.log(u), build.log(build.sub(build.scalar(1), u))), -1);
  const drawn = build.add(prior.locations, build.mul(prior.scales, logistic));
  let [result, before] = [build.slice(drawn, { axis: 3, begin: 0, end: 1 }), build.scalar(0)];
  for (let k = 0; k < COMPONENTS - 1; k++) {
    before = build.add(before, build.slice(prior.weights, { axis: 1, begin: k, end: k + 1 }));
    const next = build.slice(drawn, { axis: 3, begin: k + 1, end: k + 2 });
    result = build.select(build.greater(which, before), next, result);
  }
  return build.reshape(result, shape);
}
