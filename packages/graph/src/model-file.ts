import { IsthmusError } from "@isthmus/math";
import { hexToBytes } from "@noble/hashes/utils.js";
import { canonicalJson } from "./canonical-json.ts";
import { contentHash } from "./content-hash.ts";
import type { JsonObject, Program } from "./ir.ts";
import { readSafetensors, type StoredTensor, writeSafetensors } from "./safetensors.ts";
import { parseProgram, serialiseProgram } from "./serialise.ts";
import { formatShape, sameShape } from "./shape.ts";

/** Changes when the layout of the file changes. Newer versions are refused. */
export const MODEL_FILE_VERSION = 2;

/**
 * What turns latents into integers and integers into bits. A latent has as many channels as it has dimensions, or fewer:
 * those of a convolutional one, [height, width, channels], are shared by its positions, and dimension i is of channel
 * i mod channels.
 */
export interface LatentCoding {
  /** The latent that quantises to 0, [qualities, channels]. */
  readonly offsets: Float32Array;
  /** The width of a bin, [qualities, channels]. */
  readonly steps: Float32Array;
  /**
   * What the distance of a bin's middle from the offset is multiplied by for the decoder, [qualities, channels], each finite
   * and > 0. Default: 1.
   */
  readonly gains?: Float32Array;
  /** `@isthmus/codec`'s packed form of the frequency tables, [qualities, channels]. */
  readonly tables: Int32Array;
  /** How many qualities the model can be told to code at, 1 to 256. Default: 1. */
  readonly qualities?: number;
  /** Into how many payloads a frame's channels are divided unless a writer is told otherwise, 1 to 16. Default: 1. */
  readonly payloads?: number;
}

/**
 * How a user's data become the encoder's input and the decoder's output the user's data again. `@isthmus/data` describes and
 * reads it; here it is only kept and hashed, by what each part decides.
 */
export interface ModelData {
  readonly version: number;
  /** What an item is, in both directions: part of the hashes of encoder and decoder. */
  readonly item: JsonObject;
  /** What else decides the encoder's input: part of the encoder's hash. */
  readonly reading: JsonObject;
  /** What else decides what becomes of the decoder's output: part of the decoder's hash. */
  readonly writing: JsonObject;
  /** Notes that decide neither; part of no hash but the file's. */
  readonly source: JsonObject;
}

/** A trained model: everything that is needed to use it, and where it came from. */
export interface Model {
  /** `ae`, `vae`, ... */
  readonly kind: string;
  readonly config: JsonObject;
  readonly encoder: Program;
  readonly decoder: Program;
  /** `seed`, `step` -> `z`: draws from the prior, where there is one. */
  readonly prior?: Program;
  /** What the programs read, and nothing else. */
  readonly parameters: Readonly<Record<string, StoredTensor>>;
  readonly coding?: LatentCoding;
  /** Where encoder and decoder are to speak of the user's data rather than of the network's numbers. */
  readonly data?: ModelData;
  /** Data, seed, engine, versions. */
  readonly provenance: JsonObject;
  /** Figures measured after training. */
  readonly metrics: JsonObject;
}

/** SHA-256 (hex) of each part and the id made of them. Metrics and provenance do not change them. */
export interface ModelHashes {
  readonly encoder: string;
  readonly tables: string;
  readonly decoder: string;
  /** Of a model that has one. */
  readonly prior?: string;
  /** The first 8 bytes of SHA-256 over the hashes of encoder, tables and decoder: what a stream's bits depend on. */
  readonly id: Uint8Array;
}

/**
 * The bytes of a model file: one `.safetensors`, deterministic. The hashes of the parts cover the tensors; the metadata's
 * own hash, over the canonical JSON of all other metadata, covers the rest.
 *
 * @throws RangeError parameters that are missing, of another shape, or read by none of the programs
 * @throws IsthmusError `MODEL_FILE_INVALID` parameters that are not finite, or a latent coding that is not the encoder's
 */
export function writeModelFile(model: Model): Uint8Array {
  const problem = parameterProblem(model);
  if (problem) throw new RangeError(`writeModelFile: ${problem}`);
  checkNumbers(model);
  const { encoder, tables, decoder, prior } = modelHashes(model);
  const { coding } = model;
  const metadata = {
    format: "isthmus-model",
    version: String(MODEL_FILE_VERSION),
    kind: model.kind,
    config: canonicalJson(model.config),
    encoder: serialiseProgram(model.encoder),
    decoder: serialiseProgram(model.decoder),
    ...(model.prior && { prior: serialiseProgram(model.prior) }),
    ...(model.data && { data: canonicalJson({ ...model.data }) }),
    ...(coding?.payloads !== undefined && { payloads: String(coding.payloads) }),
    hashes: canonicalJson({ encoder, tables, decoder, ...(prior !== undefined && { prior }) }),
    provenance: canonicalJson(model.provenance),
    metrics: canonicalJson(model.metrics),
  };
  return writeSafetensors({
    metadata: { ...metadata, sha256: contentHash(canonicalJson(metadata)) },
    tensors: { ...model.parameters, ...(coding && codingTensors(coding)) },
  });
}

/** With one quality [channels], with several [qualities, channels]. */
function codingTensors({ offsets, steps, gains, tables, qualities = 1 }: LatentCoding): Record<string, StoredTensor> {
  const shape = qualities === 1 ? [steps.length] : [qualities, steps.length / qualities];
  return {
    "coding.offsets": { shape, data: offsets },
    "coding.steps": { shape, data: steps },
    ...(gains && { "coding.gains": { shape, data: gains } }),
    "coding.tables": { shape: [tables.length], data: tables },
  };
}

/**
 * Reads and checks a model file.
 *
 * @throws IsthmusError `MODEL_FILE_FORMAT`, `MODEL_FILE_VERSION`, `MODEL_FILE_HASH`, `MODEL_FILE_INVALID`, and those of
 * the graphs (`GRAPH_*`) and of the container (`SAFETENSORS_INVALID`)
 */
export function readModelFile(bytes: Uint8Array): Model {
  const { metadata, tensors } = readSafetensors(bytes);
  if (metadata["format"] !== "isthmus-model") {
    throw new IsthmusError(
      "MODEL_FILE_FORMAT",
      `a safetensors file, but not an isthmus model (format: ${metadata["format"] ?? "none"})`,
    );
  }
  if (metadata["version"] !== String(MODEL_FILE_VERSION)) {
    throw new IsthmusError(
      "MODEL_FILE_VERSION",
      `model file version ${metadata["version"] ?? "none"} is not ${MODEL_FILE_VERSION}`,
    );
  }
  checkMetadata(metadata);
  const text = (key: string) => metadata[key] ?? missing(key);
  const { coding, parameters } = splitTensors(tensors);
  const model: Model = {
    kind: text("kind"),
    config: parseObject("config", text("config")),
    encoder: parseProgram(text("encoder")),
    decoder: parseProgram(text("decoder")),
    ...(metadata["prior"] === undefined ? {} : { prior: parseProgram(metadata["prior"]) }),
    parameters,
    ...(coding ? { coding: { ...coding, ...payloadsOf(metadata) } } : {}),
    ...(metadata["data"] === undefined ? {} : { data: parseData(metadata["data"]) }),
    provenance: parseObject("provenance", text("provenance")),
    metrics: parseObject("metrics", text("metrics")),
  };
  const problem = parameterProblem(model);
  if (problem) throw new IsthmusError("MODEL_FILE_INVALID", `model file: ${problem}`);
  checkHashes(model, parseObject("hashes", text("hashes")));
  checkNumbers(model);
  return model;
}

function checkMetadata({ sha256, ...rest }: Readonly<Record<string, string>>): void {
  if ((sha256 ?? missing("sha256")) !== contentHash(canonicalJson(rest))) throw damaged("metadata");
}

function damaged(part: string): IsthmusError {
  const message = `model file: the hash of the ${part} does not match; the file is damaged`;
  return new IsthmusError("MODEL_FILE_HASH", message, { part });
}

function missing(key: string): never {
  throw new IsthmusError("MODEL_FILE_INVALID", `model file: metadata "${key}" is missing`);
}

function parseObject(key: string, text: string): JsonObject {
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  } catch {
    // The same error serves text that is not JSON and JSON that is not an object.
  }
  throw new IsthmusError("MODEL_FILE_INVALID", `model file: metadata "${key}" is not a JSON object`);
}

function parseData(text: string): ModelData {
  const { version, item, reading, writing, source, ...rest } = parseObject("data", text);
  const parts = [item, reading, writing, source];
  const whole = parts.every((part) => typeof part === "object" && part !== null && !Array.isArray(part));
  if (Number.isSafeInteger(version) && whole && Object.keys(rest).length === 0) {
    return { version, item, reading, writing, source } as unknown as ModelData;
  }
  const expected = "version, item, reading, writing and source";
  throw new IsthmusError("MODEL_FILE_INVALID", `model file: metadata "data" expected ${expected}, and no more`);
}

function splitTensors(tensors: Readonly<Record<string, StoredTensor>>): Pick<Model, "parameters" | "coding"> {
  const { "coding.offsets": offsets, "coding.steps": steps, "coding.tables": tables, ...others } = tensors;
  const { "coding.gains": gains, ...parameters } = others;
  if (!offsets && !steps && !gains && !tables) return { parameters };
  const coding = {
    offsets: offsets?.data,
    steps: steps?.data,
    tables: tables?.data,
    ...(gains && { gains: gains.data }),
  };
  if (!isCoding(coding)) throw new IsthmusError("MODEL_FILE_INVALID", "model file: the latent coding is incomplete");
  const [qualities, channels] = steps?.shape ?? [];
  return { parameters, coding: channels === undefined ? coding : { ...coding, qualities: qualities! } };
}

/** What is no whole number is found by `codingProblem`. */
function payloadsOf({ payloads }: Readonly<Record<string, string>>): Pick<LatentCoding, "payloads"> {
  return payloads === undefined ? {} : { payloads: Number(payloads) };
}

function isCoding(
  coding: Readonly<Partial<Record<"offsets" | "steps" | "gains" | "tables", unknown>>>,
): coding is LatentCoding {
  const { offsets, steps, gains, tables } = coding;
  const areFloats = [offsets, steps, ...(gains === undefined ? [] : [gains])].every(
    (one) => one instanceof Float32Array,
  );
  return areFloats && tables instanceof Int32Array;
}

/** What is wrong with the parameters, if anything: every one must be hashed, so every one must be read. */
function parameterProblem({ encoder, decoder, prior, parameters }: Model): string | undefined {
  const read = new Map([encoder, decoder, prior].flatMap((program) => Object.entries(program?.state ?? {})));
  for (const [name, { shape }] of read) {
    const stored = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (!stored || !(stored.data instanceof Float32Array) || !sameShape(stored.shape, shape)) {
      return `parameter "${name}" expected f32 ${formatShape(shape)}, got ${stored ? formatShape(stored.shape) : "nothing"}`;
    }
  }
  const extra = Object.keys(parameters).find((name) => !read.has(name));
  return extra === undefined ? undefined : `parameter "${extra}" is read by none of encoder, decoder and prior`;
}

function checkHashes(model: Model, stored: JsonObject): void {
  const actual = modelHashes(model);
  for (const part of ["encoder", "tables", "decoder", "prior"] as const) {
    if (stored[part] !== actual[part]) throw damaged(part);
  }
}

/** Damage was found by the hashes before; what is wrong here was so when the file was written. */
function checkNumbers(model: Model): void {
  for (const [tensor, { data }] of Object.entries(model.parameters)) {
    const index = (data as Float32Array).findIndex((value) => !Number.isFinite(value));
    if (index >= 0) {
      const message = `model file: tensor "${tensor}" has ${data[index]} at index ${index}`;
      throw new IsthmusError("MODEL_FILE_INVALID", message, { tensor, index });
    }
  }
  const problem = codingProblem(model);
  if (problem) throw new IsthmusError("MODEL_FILE_INVALID", `model file: ${problem}`);
}

/** What is wrong with the bins for this encoder, if anything; the tables are for `@isthmus/codec` to read. */
export function codingProblem({ encoder, coding }: Pick<Model, "encoder" | "coding">): string | undefined {
  if (!coding) return undefined;
  const { offsets, steps, gains, qualities = 1, payloads = 1 } = coding;
  const latents = latentWidth(encoder);
  if (latents === undefined) return `the encoder has no output "mu" or "z" of shape [batch, ...] to code`;
  if (!(Number.isInteger(qualities) && qualities >= 1 && qualities <= 256))
    return `"coding.qualities" expected an integer 1 to 256, got ${qualities}`;
  const of = qualities === 1 ? "" : ` of ${qualities} qualities`;
  const channels = steps.length / qualities;
  if (offsets.length !== steps.length || !(Number.isInteger(channels) && latents % channels === 0))
    return `${offsets.length} offsets and ${steps.length} steps${of} for ${latents} latents`;
  if (gains && gains.length !== steps.length) return `${gains.length} gains and ${steps.length} steps${of}`;
  const most = Math.min(16, channels);
  if (!(Number.isInteger(payloads) && payloads >= 1 && payloads <= most))
    return `"coding.payloads" expected an integer 1 to ${most}, got ${payloads}`;
  for (const [name, numbers] of Object.entries({ steps, ...(gains && { gains }) })) {
    const index = numbers.findIndex((value) => !(value > 0 && value < Infinity));
    if (index >= 0) return `"coding.${name}" expected finite numbers > 0, got ${numbers[index]} at index ${index}`;
  }
  const offset = offsets.findIndex((value) => !Number.isFinite(value));
  if (offset >= 0) return `"coding.offsets" expected finite numbers, got ${offsets[offset]} at index ${offset}`;
  return undefined;
}

/** The size of an encoder's code: of its output `mu`, or else `z`, [batch, ...], the product of its shape. */
export function latentWidth(encoder: Program): number | undefined {
  return latentShape(encoder)?.reduce((size, length) => size * length);
}

/** The shape of an item's code: of the encoder's output `mu`, or else `z`, without the batch; channels are last. */
export function latentShape(encoder: Program): readonly number[] | undefined {
  const id = encoder.outputs["mu"] ?? encoder.outputs["z"];
  const [batch, ...shape] = (id === undefined ? undefined : encoder.nodes[id]?.shape) ?? [];
  const isOfItems = typeof batch === "string" && shape.length > 0;
  return isOfItems && shape.every((length) => typeof length === "number") ? shape : undefined;
}

/** The hashes that identify a model and its parts, over canonical content. */
export function modelHashes(
  model: Pick<Model, "encoder" | "decoder" | "prior" | "parameters" | "coding" | "data">,
): ModelHashes {
  const { coding, prior, data } = model;
  const hashes = {
    encoder: networkHash(model.encoder, model.parameters, data && dataText(data, "reading")),
    tables: contentHash(...(coding ? codingParts(coding) : [])),
    decoder: networkHash(model.decoder, model.parameters, data && dataText(data, "writing")),
  };
  const all = [hashes.encoder, hashes.tables, hashes.decoder].map((hash) => hexToBytes(hash));
  const id = hexToBytes(contentHash(...all)).slice(0, 8);
  return { ...hashes, ...(prior && { prior: networkHash(prior, model.parameters) }), id };
}

/** How many qualities there are is told where the lengths leave it open, and gains where there are some. */
function codingParts({ offsets, steps, gains, tables, qualities = 1 }: LatentCoding): (string | ArrayBufferView)[] {
  const told = qualities === 1 ? [] : [`\nqualities ${qualities}`];
  return [offsets, steps, tables, ...told, ...(gains ? ["\ngains\n", gains] : [])];
}

/** Of the graph's text, the parameters it reads in the order of their names, and what its numbers mean. */
function networkHash(program: Program, parameters: Model["parameters"], meaning: string = ""): string {
  const tensors = Object.keys(program.state)
    .sort()
    .flatMap((name) => [`\n${name}\n`, (parameters[name] as StoredTensor).data]);
  return contentHash(serialiseProgram(program), ...tensors, meaning);
}

function dataText({ version, item, ...data }: ModelData, direction: "reading" | "writing"): string {
  return `\ndata\n${canonicalJson({ version, item, [direction]: data[direction] })}`;
}
