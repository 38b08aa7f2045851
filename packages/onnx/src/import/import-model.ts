import {
  elementCount,
  GraphBuilder,
  type JsonObject,
  type LatentCoding,
  type Model,
  type Node,
  type Program,
  type Shape,
  type StoredTensor,
} from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import { invalid } from "../invalid.ts";
import type { OnnxModel, ValueInfo } from "../messages.ts";
import { storedJson } from "../stored-json.ts";
import { CHANNELS_LAST } from "./columns.ts";
import { type ReadExternal, readModel } from "./external.ts";
import { arranged, type Flow, flow, plain, shapeOf } from "./flow.ts";
import { importGraph } from "./graph-import.ts";
import { asFloat, inputShape, inputType, outputNames, sound } from "./import.ts";
import { ParameterStore } from "./parameter-store.ts";

/** Kind of a model that came out of ONNX files. */
export const IMPORTED_KIND = "imported";

/** One file of a model. */
export interface OnnxFile {
  readonly bytes: Uint8Array;
  /** Reads data that lie beside it. */
  readonly external?: ReadExternal;
}

export interface ImportModelOptions {
  /** Items to codes. Without one the model is fed codes. */
  readonly encoder?: OnnxFile;
  /** Codes to items. */
  readonly decoder: OnnxFile;
  /** The encoder's output that is the code, the posterior's mean of a VAE. Default: `mu` or `z`, or the only one. */
  readonly code?: string;
  /** Shape of an item, where the files only know rows: `[28, 28, 1]`. Default: what the encoder's metadata say. */
  readonly itemShape?: readonly number[];
  /** Where the files have an image's channels. Default: last where only the last axis can be them (1, 3 or 4), else first. */
  readonly channels?: "first" | "last";
  /** Sizes of axes that the files only name. */
  readonly sizes?: Readonly<Record<string, number>>;
}

/**
 * A model of two ONNX files, or of a decoder alone. Items become rows of numbers with an image's channels last, as all models
 * have them; codes are rows. A file that was made for one item is run on any number. What `exportModelPart` wrote about
 * the coding of latents is taken over.
 *
 * @throws IsthmusError as `importOnnx` does; `ONNX_MODEL` files that are no encoder and decoder, or not of one model
 */
export function importModel(options: ImportModelOptions): Model {
  const decoder = importPart("decoder", options.decoder, options);
  const encoder = options.encoder ? importPart("encoder", options.encoder, options) : codesAlone(decoder.from);
  if (encoder.to.size !== decoder.from.size) {
    throw mismatch(`the encoder makes codes of ${encoder.to.size} numbers, the decoder takes ${decoder.from.size}`);
  }
  const [item, made] = [options.encoder ? encoder.from : decoder.to, decoder.to];
  if (item.size !== made.size) throw mismatch(`the encoder takes ${item.size} numbers, the decoder makes ${made.size}`);
  const { coding } = decoder;
  return {
    kind: IMPORTED_KIND,
    config: {
      inputShape: itemShape(made.shape, encoder.itemShape, options),
      latent: decoder.from.size,
      codes: !options.encoder,
    },
    encoder: encoder.program,
    decoder: decoder.program,
    parameters: { ...encoder.parameters, ...decoder.parameters },
    ...(coding && fits(coding, decoder.from.size) ? { coding } : {}),
    provenance: { imported: { ...(options.encoder && { encoder: encoder.notes }), decoder: decoder.notes } },
    metrics: {},
  };
}

function fits({ steps, qualities = 1 }: LatentCoding, latents: number): boolean {
  return latents % (steps.length / qualities) === 0;
}

function mismatch(what: string): IsthmusError {
  return new IsthmusError("ONNX_MODEL", `onnx: ${what}`);
}

function itemShape(
  shape: readonly number[],
  described: readonly number[] | undefined,
  options: ImportModelOptions,
): readonly number[] {
  const isRow = shape.length === 1;
  if (!options.itemShape && isRow && described && elementCount(described) === elementCount(shape)) return described;
  const given = options.itemShape ?? shape;
  if (elementCount(given) === elementCount(shape)) return given;
  throw mismatch(`items of ${elementCount(shape)} numbers are not of shape [${given.join(", ")}]`);
}

/** Rows of so many numbers, and what shape they have to a user. */
interface Rows {
  readonly size: number;
  readonly shape: readonly number[];
}

interface Part {
  readonly program: Program;
  readonly parameters: Readonly<Record<string, StoredTensor>>;
  readonly from: Rows;
  readonly to: Rows;
  readonly notes: JsonObject;
  /** That of the items it takes, where its metadata say so. */
  readonly itemShape?: readonly number[];
  readonly coding?: LatentCoding;
}

/** An encoder for whoever has codes already. */
function codesAlone(codes: Rows): Part {
  const build = new GraphBuilder();
  const program = build.program({ outputs: { z: build.input("x", ["batch", codes.size]) } });
  return { program, parameters: {}, from: codes, to: codes, notes: {} };
}

function importPart(part: "encoder" | "decoder", file: OnnxFile, options: ImportModelOptions): Part {
  const model = readModel(file.bytes, file);
  const build = new GraphBuilder();
  const store = new ParameterStore(build, `${part}.`);
  const input = onlyInput(part, model);
  const named = part === "encoder" ? codeOutputs(model, options) : itemOutputs(model);
  return sound(() => {
    const bound = boundRows(build, part, input, options);
    const values = importGraph({ model, destination: store, outputs: Object.values(named), bind: () => bound.value });
    const rows = Object.entries(named).map(
      ([name, output]) => [name, outputRows(store, part, asFloat(store, values.get(output)!), options)] as const,
    );
    const to = rows[0]![1];
    const outputs = rows.filter(([, { size }]) => size === to.size).map(([name, { node }]) => [name, node] as const);
    const coding = part === "decoder" ? storedCoding(model) : undefined;
    const described = part === "encoder" ? storedShape(model, input.name) : undefined;
    return {
      ...store.finished(build.program({ outputs: Object.fromEntries(outputs) })),
      from: bound.rows,
      to,
      notes: notesOf(model),
      ...(described && { itemShape: described }),
      ...(coding && { coding }),
    };
  });
}

function onlyInput(part: string, { graph }: OnnxModel): ValueInfo {
  const weights = new Set(graph.initialisers.map(({ name }) => name));
  const inputs = graph.inputs.filter(({ name }) => !weights.has(name));
  if (inputs.length === 1) return inputs[0]!;
  throw mismatch(
    `the ${part} has ${inputs.length} inputs (${inputs.map(({ name }) => name).join(", ")}), expected one`,
  );
}

/** What a model calls the outputs of its encoder -> what the file does. */
function codeOutputs(model: OnnxModel, { code }: ImportModelOptions): Record<string, string> {
  const names = outputNames(model);
  const mean = code ?? names.find((name) => name === "mu") ?? names.find((name) => name === "z");
  if (mean !== undefined && !names.includes(mean))
    throw mismatch(`the encoder has no output "${mean}"; ${known(names)}`);
  const only = mean ?? (names.length === 1 ? names[0]! : undefined);
  if (only === undefined) throw mismatch(`which output of the encoder is the code? ${known(names)}`);
  const logVar = names.find((name) => name.toLowerCase() === "logvar");
  return logVar === undefined || logVar === only ? { z: only } : { mu: only, logVar };
}

const known = (names: readonly string[]): string => `it has ${names.slice(0, 20).join(", ")}`;

/** The decoder's outputs, what it is for first. */
function itemOutputs(model: OnnxModel): Record<string, string> {
  const names = outputNames(model);
  const main = names.length === 1 ? names[0]! : names.find((name) => name === "reconstruction");
  if (main === undefined) throw mismatch(`which output of the decoder is the reconstruction? ${known(names)}`);
  const others = names.filter((name) => name !== main && ["logits", "logVar", "loc", "logScale"].includes(name));
  return { reconstruction: main, ...Object.fromEntries(others.map((name) => [name, name])) };
}

interface Bound {
  readonly value: Flow;
  readonly rows: Rows;
}

/** Rows that the file's own shape is made of; images come with their channels last. */
function boundRows(
  build: GraphBuilder,
  part: "encoder" | "decoder",
  input: ValueInfo,
  options: ImportModelOptions,
): Bound {
  if (inputType(input) !== "f32") throw mismatch(`the ${part} takes integers; a model's programs take float32`);
  const [batch, ...fixed] = inputShape(input, options);
  if ((batch !== "batch" && batch !== 1) || fixed.includes("batch") || fixed.length === 0) {
    throw mismatch(`the ${part} takes [${input.shape.join(", ")}], expected a batch of items, or one`);
  }
  const shape = fixed as readonly number[];
  const size = elementCount(shape);
  const rows = build.input(part === "encoder" ? "x" : "z", ["batch", size]);
  if (part === "decoder" || !hasChannelsFirst(shape, options)) {
    return { value: flow(build.reshape(rows, ["batch", ...shape]), input.elementType), rows: { size, shape } };
  }
  const [channels, height, width] = shape as readonly [number, number, number];
  const node = build.reshape(rows, ["batch", height, width, channels]);
  const value: Flow = { kind: "flow", node, order: CHANNELS_LAST, elementType: input.elementType };
  return { value, rows: { size, shape: [height, width, channels] } };
}

const CHANNELS: readonly number[] = [1, 3, 4];

function hasChannelsFirst(shape: readonly number[], { channels }: ImportModelOptions): boolean {
  if (shape.length !== 3) return false;
  if (channels !== undefined) return channels === "first";
  return !CHANNELS.includes(shape[2]!) || CHANNELS.includes(shape[0]!);
}

/** A result as rows: of an encoder in the file's order, of a decoder with an image's channels last. */
function outputRows(
  { build }: ParameterStore,
  part: "encoder" | "decoder",
  value: Flow,
  options: ImportModelOptions,
): Rows & { readonly node: Node } {
  const [batch, ...fixed] = shapeOf(value);
  if (batch !== "batch" || fixed.includes("batch")) {
    throw mismatch(`the ${part} makes [${shapeOf(value).join(", ")}], expected a batch of results`);
  }
  const shape = fixed as readonly number[];
  const isTurned = part === "decoder" && hasChannelsFirst(shape, options);
  const node = isTurned ? arranged(build, value, CHANNELS_LAST) : plain(build, value);
  const size = elementCount(shape);
  return { node: build.reshape(node, ["batch", size]), size, shape: (node.shape as Shape).slice(1) as number[] };
}

function notesOf({ producerName, producerVersion, irVersion, operatorSets, graph, metadata }: OnnxModel): JsonObject {
  const id = metadata["isthmus.model_id"];
  return {
    producer: `${producerName} ${producerVersion}`.trim(),
    irVersion,
    operatorSets: Object.fromEntries(operatorSets.map(({ domain, version }) => [domain || "ai.onnx", version])),
    graph: graph.name,
    ...(id !== undefined && { modelId: id }),
  };
}

/** What `modelMetadata` wrote of the items that an encoder takes. */
function storedShape({ metadata }: OnnxModel, input: string): readonly number[] | undefined {
  const feed = storedJson(metadata, "isthmus.inputs")?.[input] as JsonObject | undefined;
  const shape = feed?.["shape"];
  return isNumbers(shape) && shape.every((size) => Number.isSafeInteger(size) && size > 0) ? shape : undefined;
}

/** What `modelMetadata` wrote. */
function storedCoding({ metadata }: OnnxModel): LatentCoding | undefined {
  const stored = storedJson(metadata, "isthmus.coding");
  if (stored === undefined) return undefined;
  const { offsets, steps, gains, tables, qualities, payloads } = stored;
  const known = [qualities, payloads].every((count) => count === undefined || typeof count === "number");
  if (!known || ![offsets, steps, gains ?? [], tables].every(isNumbers))
    throw invalid(`metadata "isthmus.coding" is not a latent coding`);
  return {
    offsets: Float32Array.from(offsets as number[]),
    steps: Float32Array.from(steps as number[]),
    ...(gains !== undefined && { gains: Float32Array.from(gains as number[]) }),
    tables: Int32Array.from(tables as number[]),
    ...(qualities !== undefined && { qualities: qualities as number }),
    ...(payloads !== undefined && { payloads: payloads as number }),
  };
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(Number.isFinite);
}
