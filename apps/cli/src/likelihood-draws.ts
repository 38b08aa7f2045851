import type { Model } from "@isthmus/graph";
import {
  bernoulli,
  discretisedLogistic,
  type Distribution,
  ndArray,
  type NdArray,
  ndArrayOps,
  normal,
  sample,
} from "@isthmus/math";
import type { Likelihood } from "@isthmus/models";
import { definitionOf } from "./model-files.ts";

/**
 * Draws of p(x | z), [items, features], from a decoder's outputs: Bernoulli pixels are 0 or 1. Those of an item depend on
 * the seed and on its place alone. Features that the model was told stay as they are.
 */
export function likelihoodDraws(
  model: Model,
  outputs: Readonly<Record<string, Float32Array>>,
  { items, seed }: { readonly items: number; readonly seed: number },
): Float32Array {
  const { config, condition } = definitionOf(model);
  const size = (outputs["reconstruction"] as Float32Array).length / items;
  const draws = new Float32Array(items * size);
  for (let item = 0; item < items; item++) {
    const part = (name: string): NdArray =>
      ndArray([size], Float64Array.from((outputs[name] as Float32Array).subarray(item * size, (item + 1) * size)));
    const p = distribution(config.likelihood, outputs, part);
    draws.set(sample(p, { seed, stream: "likelihood", step: item }).data, item * size);
  }
  if (!condition?.isExact) return draws;
  const told = outputs["reconstruction"] as Float32Array;
  return draws.map((value, at) => (condition.toldBy[at % size]! < 0 ? value : told[at]!));
}

function distribution(
  likelihood: Likelihood,
  outputs: Readonly<Record<string, Float32Array>>,
  part: (name: string) => NdArray,
): Distribution<NdArray> {
  if (likelihood.kind === "bernoulli") return bernoulli(ndArrayOps, { logits: part("logits") });
  if (likelihood.kind === "discretisedLogistic") {
    const { levels } = likelihood;
    return discretisedLogistic(ndArrayOps, { loc: part("loc"), logScale: part("logScale"), low: 0, high: 1, levels });
  }
  const loc = part("reconstruction");
  const scale = outputs["logVar"]
    ? part("logVar").data.map((value) => Math.exp(value / 2))
    : new Float64Array(loc.data.length).fill(Math.sqrt(likelihood.value));
  return normal(ndArrayOps, { loc, scale: ndArray(loc.shape, scale) });
}
