import type { Model } from "@isthmus/graph";
import {
  bernoulli,
  categorical,
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
    const { likelihood } = config;
    const at = { seed, step: item };
    const drawn =
      likelihood.kind === "logisticMixture"
        ? mixtureDraws(likelihood, part, size, at)
        : sample(distribution(likelihood, outputs, part), { ...at, stream: "likelihood" }).data;
    draws.set(drawn, item * size);
  }
  if (!condition?.isExact) return draws;
  const told = outputs["reconstruction"] as Float32Array;
  return draws.map((value, at) => (condition.toldBy[at % size]! < 0 ? value : told[at]!));
}

type Mixture = Extract<Likelihood, { kind: "logisticMixture" }>;

/** For each feature the logistic that is drawn from, and a draw of it. */
function mixtureDraws(
  { levels, logistics }: Mixture,
  part: (name: string) => NdArray,
  size: number,
  at: { readonly seed: number; readonly step: number },
): Float64Array {
  const logits = new Float64Array(size * logistics);
  for (let k = 1; k < logistics; k++) part(`logShare${k}`).data.forEach((l, i) => (logits[i * logistics + k] = l));
  const chosen = sample(categorical(ndArrayOps, { logits: ndArray([size, logistics], logits) }), {
    ...at,
    stream: "logistic",
  });
  const own = (name: string): NdArray => {
    const parts = Array.from({ length: logistics }, (_, k) => part(`${name}${k}`).data);
    return ndArray(
      [size],
      chosen.data.map((k, i) => parts[k]![i]!),
    );
  };
  const p = discretisedLogistic(ndArrayOps, { loc: own("loc"), logScale: own("logScale"), low: 0, high: 1, levels });
  return sample(p, { ...at, stream: "likelihood" }).data;
}

function distribution(
  likelihood: Exclude<Likelihood, Mixture>,
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
