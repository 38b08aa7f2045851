import { AdamSchedule, initialise, interpret, type Program, trainingStep } from "@isthmus/graph";
import type { NdArray } from "@isthmus/math";
import {
  betaVae,
  categoricalVae,
  conditionalVae,
  iwae,
  linearVae,
  mixturePriorVae,
  type ModelDefinition,
  vae,
  vampPriorVae,
} from "@isthmus/models";

const ramp = { kind: "linear", from: 0, to: 3, steps: 10 } as const;

/** Every model of the VAE family, small, for items of so many features, with whatever changes its graphs. */
export function vaeFamily(features: number): readonly (readonly [string, ModelDefinition])[] {
  const small = {
    inputShape: [features],
    trunk: { kind: "dense", hidden: [5], activation: "tanh" },
    latent: 2,
  } as const;
  const conv = { kind: "conv", channels: [2, 3], kernel: 3, hidden: [4], activation: "tanh" } as const;
  const image = { inputShape: [features, 1, 1], trunk: conv, latent: 2 } as const;
  // So that draws of the prior find an item's likelihood without much chance.
  const wide = { kind: "gaussian", value: 0.5 } as const;
  const linear = { inputShape: [features], latent: 2 } as const;
  const picture = { ...small, inputShape: [4, 3, 1], likelihood: wide } as const;
  return [
    ["vae", vae(small)],
    ["vae, gaussian", vae({ ...small, likelihood: { kind: "gaussian", variance: "perFeature", value: 0.5 } })],
    ["vae, predicted variance", vae({ ...small, likelihood: { kind: "gaussian", variance: "predicted", value: 0.5 } })],
    ["vae, discretised logistic", vae({ ...small, likelihood: { kind: "discretisedLogistic", levels: 4 } })],
    ["vae, logistic mixture", vae({ ...small, likelihood: { kind: "logisticMixture", levels: 4, logistics: 2 } })],
    ["vae, dynamic", vae({ ...small, binarize: "dynamic" })],
    ["vae, convolutions", vae(image)],
    [
      "vae, convolutions, predicted variance",
      vae({ ...image, likelihood: { kind: "gaussian", variance: "predicted", value: 0.5 } }),
    ],
    ["vae, full covariance", vae({ ...small, latent: 3, posterior: "full" })],
    ["vae, mixture posterior", vae({ ...small, posterior: "mixture", components: 3 })],
    ["linear vae, shared", linearVae({ ...linear, likelihood: { ...wide, variance: "shared" } })],
    ["linear vae, per feature", linearVae({ ...linear, likelihood: { ...wide, variance: "perFeature" } })],
    ["linear vae, fixed", linearVae({ ...linear, likelihood: wide })],
    ["beta-vae", betaVae(small)],
    ["beta-vae, warm-up", betaVae({ ...small, klWeight: ramp })],
    ["beta-vae, free bits", betaVae({ ...small, freeBits: 0.05 })],
    ["beta-vae, capacity", betaVae({ ...small, klWeight: 10, capacity: ramp })],
    ["beta-vae, KL only", betaVae({ ...small, klWeight: 1, reconstruction: false })],
    ["conditional vae", conditionalVae({ ...small, classes: 3 })],
    ["conditional vae, learned prior", conditionalVae({ ...small, classes: 3, prior: "learned" })],
    ["conditional vae, convolutions", conditionalVae({ ...image, classes: 3 })],
    ["conditional vae, left half", conditionalVae({ ...picture, condition: "left", prior: "learned" })],
    ["conditional vae, right half", conditionalVae({ ...small, inputShape: [2, 3, 2], condition: "right" })],
    ["conditional vae, top half", conditionalVae({ ...picture, condition: "top", binarize: "threshold" })],
    [
      "conditional vae, bottom half, dynamic",
      conditionalVae({ ...small, inputShape: [4, 2, 1], condition: "bottom", prior: "learned", binarize: "dynamic" }),
    ],
    [
      "conditional vae, half, learned variances",
      conditionalVae({ ...picture, condition: "left", likelihood: { ...wide, variance: "perFeature" } }),
    ],
    [
      "conditional vae, half, discretised logistic",
      conditionalVae({ ...picture, condition: "left", likelihood: { kind: "discretisedLogistic", levels: 4 } }),
    ],
    [
      "conditional vae, half, convolutions",
      conditionalVae({ ...image, inputShape: [4, 3, 1], condition: "top", prior: "learned" }),
    ],
    [
      "conditional vae, downscaled",
      conditionalVae({ ...small, inputShape: [4, 2, 1], condition: "downscaled", prior: "learned" }),
    ],
    [
      "conditional vae, downscaled by 3",
      conditionalVae({ ...picture, inputShape: [3, 3, 1], condition: "downscaled", downscaling: 3 }),
    ],
    ["iwae", iwae({ ...small, samples: 3 })],
    ["iwae, dreg", iwae({ ...small, samples: 3, estimator: "dreg" })],
    ["categorical vae", categoricalVae({ ...small, latent: 2, categories: 3 })],
    ["mixture-prior vae", mixturePriorVae({ ...small, components: 3 })],
    ["mixture-prior vae, warm-up", mixturePriorVae({ ...small, components: 3, klWeight: ramp })],
    ["vamp-prior vae", vampPriorVae({ ...small, components: 3 })],
    ["vamp-prior vae, convolutions", vampPriorVae({ ...image, latent: 3, components: 2 })],
  ];
}

/** A surrogate: its gradient is not its derivative. */
export function isSurrogate(name: string): boolean {
  return name === "iwae, dreg";
}

/** One step of training with Adam. */
export function stepOf({ phases: [phase] }: ModelDefinition): Program {
  return trainingStep(phase!.loss, phase!.parameters);
}

/** Items of values 0, 0.1, ..., 1. */
export function items(definition: ModelDefinition, batch: number): Float32Array {
  const features = definition.config.inputShape.reduce((product, size) => product * size, 1);
  return Float32Array.from({ length: batch * features }, (_, i) => ((i * 37) % 11) / 10);
}

/** The inputs that a program names: items, labels, noise, schedules in the middle, Adam's scalars. */
export function feeds(
  definition: ModelDefinition,
  program: Program,
  { x, step = 5 }: { readonly x: Float32Array; readonly step?: number },
): Record<string, Float32Array | Float64Array | Int32Array> {
  const schedule = new AdamSchedule();
  schedule.advance();
  const [stepSize, secondScale] = [new Float32Array(1), new Float32Array(1)];
  schedule.write(1e-3, stepSize, secondScale);
  const features = definition.config.inputShape.reduce((product, size) => product * size, 1);
  const all = {
    x,
    label: Int32Array.from({ length: x.length / features }, (_, i) => i % 3),
    seed: Int32Array.of(3, 0),
    step: Int32Array.of(step, 0),
    dataStep: Int32Array.of(step, 0),
    ...conditionOf(definition, x),
    ...Object.fromEntries(Object.keys(definition.schedules ?? {}).map((name) => [name, Float32Array.of(0.75)])),
    "adam.stepSize": stepSize,
    "adam.secondScale": secondScale,
  };
  return Object.fromEntries(Object.entries(all).filter(([name]) => name in program.inputs));
}

/** What a model is told of a part of each item. */
function conditionOf({ condition }: ModelDefinition, x: Float32Array): { condition?: Float64Array } {
  if (!condition) return {};
  return { condition: run(condition.program, { x }, {}, x.length / condition.toldBy.length)["condition"]!.data };
}

export type State = Record<string, Float32Array | Float64Array>;

/** First values in float64, all `scale` times as large: networks that do something. */
export function stateOf(definition: ModelDefinition, spec = definition.parameters, scale = 1): State {
  const values = Object.entries(initialise(spec, 1)).map(([name, data]) => {
    const own = name in definition.parameters ? Float64Array.from(data, (value) => value * scale) : data;
    return [name, own] as const;
  });
  return Object.fromEntries(values);
}

/** Runs a program in float64. */
export function run(
  program: Program,
  inputs: Readonly<Record<string, Float32Array | Int32Array | Float64Array>>,
  state: State,
  batch: number,
): Readonly<Record<string, NdArray>> {
  return interpret(program, { inputs: inputs as Record<string, Float32Array>, state, batch }).outputs;
}
