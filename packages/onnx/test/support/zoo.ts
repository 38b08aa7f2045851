/** Models of the zoo, small, with what their parts compute in float64. */
import { elementCount, initialise, interpret, type Program } from "@isthmus/graph";
import { randomNormal, randomUniform } from "@isthmus/math";
import {
  autoencoder,
  categoricalVae,
  conditionalVae,
  convolutionalAutoencoder,
  defineModel,
  mixturePriorVae,
  type ModelDefinition,
  modelKinds,
  vae,
} from "@isthmus/models";
import { family } from "../../../models/test/support/family.ts";
import { vaeFamily } from "../../../models/test/support/vae-family.ts";
import type { ExportableModel, ModelPart } from "../../src/index.ts";
import type { Arrays } from "./runtimes.ts";

const sizes = { inputShape: [6], trunk: { kind: "dense", hidden: [5] }, latent: 3 } as const;
const images = { inputShape: [7, 6, 3], latent: 3 } as const;
const conv = { kind: "conv", channels: [4, 5], kernel: 4, hidden: [6] } as const;
const flat = { kind: "conv", channels: [4], kernel: 3, hidden: [], activation: "softplus" } as const;

/** Convolutions on images of several channels and odd sizes, with and without dense layers behind them. */
export const imageModels: readonly (readonly [string, ModelDefinition])[] = [
  ["convolutional ae, colours", convolutionalAutoencoder({ ...images, trunk: conv })],
  ["convolutional ae, no hidden layer", convolutionalAutoencoder({ ...images, trunk: flat })],
  ["vae, colours", vae({ ...images, trunk: conv, likelihood: { kind: "gaussian", variance: "perFeature" } })],
  ["conditional vae, colours", conditionalVae({ ...images, trunk: flat, classes: 3 })],
  ["conditional vae, half in colours", conditionalVae({ ...images, trunk: conv, condition: "left" })],
  ["dense ae on images", autoencoder({ ...images, trunk: { kind: "dense", hidden: [5], activation: "tanh" } })],
];

/** One of each kind of road through the exporter. */
export const fewModels: readonly (readonly [string, ModelDefinition])[] = [
  imageModels[0]!,
  imageModels[3]!,
  ["vae, mixture posterior", vae({ ...sizes, posterior: "mixture" })],
  ["categorical vae", categoricalVae({ ...sizes, categories: 3 })],
  ["mixture-prior vae", mixturePriorVae({ ...sizes, components: 3 })],
];

/** Every kind, every choice that changes a graph. */
export const smallZoo: readonly (readonly [string, ModelDefinition])[] = [
  ["ae", autoencoder(sizes)],
  ["ae, threshold", autoencoder({ ...sizes, binarize: "threshold" })],
  ...family(sizes),
  ...vaeFamily(6),
  ...imageModels,
];

/** Every kind as it is when nothing is said. */
export const defaultZoo: readonly (readonly [string, ModelDefinition])[] = modelKinds.map(({ kind }) => [
  kind,
  defineModel(kind),
]);

const seed = 3;
const step = 5;

/** A definition with weights as `initialise` draws them. */
export function exportable(definition: ModelDefinition): ExportableModel {
  const { encoder, decoder, prior, posterior, parameters, config } = definition;
  const drawn = Object.entries(initialise(parameters, 7));
  return {
    encoder,
    decoder,
    config: { inputShape: config.inputShape },
    ...(prior && { prior }),
    ...(posterior && { posterior }),
    parameters: Object.fromEntries(drawn.map(([name, data]) => [name, { shape: parameters[name]!.shape, data }])),
  };
}

export interface Asked {
  readonly part: ModelPart;
  readonly sample: boolean;
}

/** All parts that a definition has. */
export function partsOf({ prior, posterior }: Pick<ExportableModel, "prior" | "posterior">): readonly Asked[] {
  const plain = (["encoder", "decoder", "autoencoder"] as const).map((part) => ({ part, sample: false }));
  const drawn = (["encoder", "autoencoder"] as const).map((part) => ({ part, sample: true }));
  return [...plain, ...(posterior ? drawn : []), ...(prior ? [{ part: "prior", sample: false } as const] : [])];
}

type Feeds = Record<string, Float32Array | Int32Array>;
type Values = Record<string, Float64Array>;

/** What is fed to the file of a part: items in [0, 1), codes, labels and the noise that the graph itself would draw. */
export function feedsFor(model: ExportableModel, { part, sample }: Asked, batch: number): Feeds {
  const { encoder, decoder, posterior, prior } = model;
  const programs = {
    encoder: sample ? [encoder, posterior!] : [encoder],
    decoder: [decoder],
    autoencoder: sample ? [encoder, posterior!, decoder] : [encoder, decoder],
    prior: [prior!],
  }[part];
  return Object.assign(
    {},
    ...programs.map((program) => fedTo(program, batch)),
    ...programs.map((program) => noiseOf(program, batch)),
  ) as Feeds;
}

function fedTo({ nodes, inputs }: Program, batch: number): Feeds {
  const values: Record<string, (count: number) => Float32Array | Int32Array> = {
    x: (count) => Float32Array.from({ length: count }, (_, i) => ((i * 37) % 11) / 10),
    z: (count) => Float32Array.from({ length: count }, (_, i) => Math.sin(1.3 * i + 1)),
    condition: (count) => Float32Array.from({ length: count }, (_, i) => ((i * 29) % 13) / 12),
    label: (count) => Int32Array.from({ length: count }, (_, i) => i % 3),
  };
  const fed = Object.entries(inputs).filter(([name]) => name in values);
  return Object.fromEntries(fed.map(([name, id]) => [name, values[name]!(elementCount(nodes[id]!.shape, batch))]));
}

function noiseOf({ nodes }: Program, batch: number): Feeds {
  const draw = { randomNormal, randomUniform };
  const noises = nodes.filter(({ op }) => op in draw);
  return Object.fromEntries(
    noises.map(({ op, shape, attributes }) => {
      const stream = attributes["stream"] as string;
      const values = new Float32Array(elementCount(shape, batch));
      draw[op as keyof typeof draw](values, { seed: [seed, 0], stream, step });
      return [stream, values];
    }),
  );
}

/** What the part puts out in float64, by the programs of the definition one after the other. */
export function expectedOf(model: ExportableModel, { part, sample }: Asked, fed: Arrays, batch: number): Values {
  const run = (program: Program, more: Record<string, Float64Array> = {}): Values => {
    const inputs = { ...fed, ...more, seed: Int32Array.of(seed, 0), step: Int32Array.of(step, 0) };
    const { outputs } = interpret(program, { inputs: inputs as Arrays, state: stateOf(model), batch });
    return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data]));
  };
  if (part === "prior") return run(model.prior!);
  if (part === "decoder") return run(model.decoder);
  const code = { ...run(model.encoder), ...(sample ? run(model.posterior!) : {}) };
  if (part === "encoder") return code;
  const { logVar, ...made } = run(model.decoder, { z: (code["z"] ?? code["mu"])! });
  if (!logVar) return { ...code, ...made };
  return { ...code, ...made, ["logVar" in code ? "reconstructionLogVar" : "logVar"]: logVar };
}

function stateOf({ parameters }: ExportableModel): Record<string, Float32Array> {
  return Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, data as Float32Array]));
}
