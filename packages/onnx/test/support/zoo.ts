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
  type ModelKind,
  modelKinds,
  vae,
} from "@isthmus/models";
import { family } from "../../../models/test/support/family.ts";
import { vaeFamily } from "../../../models/test/support/vae-family.ts";
import type { ExportableModel, ModelPart } from "../../src/index.ts";
import type { Arrays } from "./runtimes.ts";

const sizes = { inputShape: [6], trunk: { kind: "dense", hidden: [5] }, latent: 3 } as const;
const images = { inputShape: [7, 6, 3], latent: 3 } as const;
const coloured = { kind: "conv", channels: [4, 5], kernel: 4, hidden: [6] } as const;
const flat = { kind: "conv", channels: [4], kernel: 3, hidden: [], activation: "softplus" } as const;

/** Convolutions on images of several channels and odd sizes, with and without dense layers behind them. */
export const imageModels: readonly (readonly [string, ModelDefinition])[] = [
  ["convolutional ae, colours", convolutionalAutoencoder({ ...images, trunk: coloured })],
  ["convolutional ae, no hidden layer", convolutionalAutoencoder({ ...images, trunk: flat })],
  ["vae, colours", vae({ ...images, trunk: coloured, likelihood: { kind: "gaussian", variance: "perFeature" } })],
  ["conditional vae, colours", conditionalVae({ ...images, trunk: flat, classes: 3 })],
  ["conditional vae, half in colours", conditionalVae({ ...images, trunk: coloured, condition: "left" })],
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

type Choices = Readonly<Record<string, object | string | boolean>>;

const likelihoods = [
  { kind: "bernoulli" },
  ...["fixed", "shared", "perFeature", "predicted"].map((variance) => ({ kind: "gaussian", variance, value: 0.5 })),
  { kind: "discretisedLogistic", levels: 11 },
];
const bare = { kind: "dense", hidden: [] };
const dense = { kind: "dense", hidden: [4] };
const conv = { kind: "conv", channels: [2, 3], kernel: 3, hidden: [4] };
const trunks = [bare, dense, conv, { ...conv, channels: [2], kernel: 4, hidden: [] }];
const activations = ["relu", "tanh", "sigmoid", "softplus"];

/** What hidden layers ask of a kind beside its defaults. */
const needed: Readonly<Record<string, object>> = { "contractive-ae": { jacobian: "sampled", tied: false } };

const each = (name: string, values: readonly Choices[string][]): Choices[] =>
  values.map((value) => ({ [name]: value }));

/** Each value of each field that has a few. */
function ownChoices({ fields }: ModelKind): Choices[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    if (field.kind === "flag") return each(name, [true, false]);
    return field.kind === "choice" ? each(name, field.choices) : [];
  });
}

/** A kind with each trunk; with each of its choices and likelihoods on dense layers and convolutions; with each pair of both. */
function everyChoice(model: ModelKind): (readonly [string, ModelDefinition])[] {
  const own = ownChoices(model);
  const likely = each("likelihood", likelihoods);
  const posteriors = own.filter((choices) => "posterior" in choices);
  const both = posteriors.flatMap((posterior) => likely.map((likelihood) => ({ ...posterior, ...likelihood })));
  const choices = [...own, ...likely, ...both, ...each("binarize", ["none", "dynamic", "threshold"])];
  const active = activations.map((activation) => ({ trunk: { ...dense, activation } }));
  const layered = [dense, conv].flatMap((trunk) => choices.map((one) => ({ trunk, ...one })));
  const unlayered = own.map((one) => ({ trunk: bare, ...one }));
  const all = model.kind.startsWith("linear-")
    ? choices
    : [...each("trunk", trunks), ...active, ...layered, ...unlayered];
  return all.flatMap((one) => {
    const definition = definedIfPossible(model, one);
    return definition ? [[`${model.kind} ${JSON.stringify(one).replaceAll('"', "")}`, definition] as const] : [];
  });
}

/** None where a kind has not one choice beside another. */
function definedIfPossible({ kind, fields }: ModelKind, choices: Choices): ModelDefinition | undefined {
  const few = "components" in fields ? { components: 3 } : {};
  try {
    return defineModel(kind, { inputShape: [4, 2, 1], latent: 3, ...few, ...needed[kind], ...choices });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Without those whose networks another has too, but for one of each kind: many choices are about training alone. */
function distinct(zoo: readonly (readonly [string, ModelDefinition])[]): (readonly [string, ModelDefinition])[] {
  const seen = new Set<string>();
  return zoo.filter(([, { kind, encoder, decoder, prior, posterior }]) => {
    const networks = JSON.stringify([encoder, decoder, prior, posterior]);
    const isNew = !seen.has(kind) || !seen.has(networks);
    seen.add(kind).add(networks);
    return isNew;
  });
}

/** Every kind there is, with everything that its fields may say. */
export const everyKind: readonly (readonly [string, ModelDefinition])[] = modelKinds.flatMap(everyChoice);

/** Of every kind and every choice one, as far as it changes a network. */
export const smallZoo: readonly (readonly [string, ModelDefinition])[] = distinct([
  ["ae", autoencoder(sizes)],
  ["ae, threshold", autoencoder({ ...sizes, binarize: "threshold" })],
  ...family(sizes),
  ...vaeFamily(6),
  ...imageModels,
  ...everyKind,
]);

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

/** The networks that a part is made of. */
function networksOf({ encoder, decoder, posterior, prior }: ExportableModel, { part, sample }: Asked): Program[] {
  const coding = sample ? [encoder, posterior!] : [encoder];
  return { encoder: coding, decoder: [decoder], autoencoder: [...coding, decoder], prior: [prior!] }[part];
}

/** A part of the first model that has it. */
export interface ZooPart extends Asked {
  readonly name: string;
  readonly definition: ModelDefinition;
  readonly model: ExportableModel;
}

/** All parts of these models, each once: those that differ in their likelihood, say, have one encoder. */
export function partsOfAll(
  zoo: readonly (readonly [string, ModelDefinition])[],
): readonly (readonly [string, ZooPart])[] {
  const found = new Map<string, readonly [string, ZooPart]>();
  for (const [name, definition] of zoo) {
    const model = exportable(definition);
    for (const asked of partsOf(definition)) {
      const key = JSON.stringify([asked, definition.config.inputShape, networksOf(model, asked)]);
      const label = `${asked.part}${asked.sample ? ", drawing," : ""} of ${name}`;
      if (!found.has(key)) found.set(key, [label, { name, definition, model, ...asked }]);
    }
  }
  return [...found.values()];
}

/** What is fed to the file of a part: items in [0, 1), codes, labels and the noise that the graph itself would draw. */
export function feedsFor(model: ExportableModel, asked: Asked, batch: number): Feeds {
  const networks = networksOf(model, asked);
  return Object.assign(
    {},
    ...networks.map((program) => fedTo(program, batch)),
    ...networks.map((program) => noiseOf(program, batch)),
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
