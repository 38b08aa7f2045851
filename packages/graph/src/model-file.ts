import { IsthmusError } from "@isthmus/math";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { canonicalJson } from "./canonical-json.ts";
import type { JsonObject, Program } from "./ir.ts";
import { readSafetensors, type StoredTensor, writeSafetensors } from "./safetensors.ts";
import { parseProgram, serialiseProgram } from "./serialise.ts";
import { formatShape, sameShape } from "./shape.ts";

/** Changes when the layout of the file changes. Newer versions are refused. */
export const MODEL_FILE_VERSION = 1;

/** What turns latents into integers and integers into bits; the frequency tables are `@isthmus/codec`'s packed form. */
export interface LatentCoding {
  /** Per latent dimension: the latent that quantises to 0. */
  readonly offsets: Float32Array;
  /** Per latent dimension: the width of a bin. */
  readonly steps: Float32Array;
  readonly tables: Int32Array;
}

/** A trained model: everything that is needed to use it, and where it came from. */
export interface Model {
  /** `ae`, `vae`, ... */
  readonly kind: string;
  readonly config: JsonObject;
  readonly encoder: Program;
  readonly decoder: Program;
  readonly parameters: Readonly<Record<string, StoredTensor>>;
  readonly coding?: LatentCoding;
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
  /** The first 8 bytes of SHA-256 over the three hashes. */
  readonly id: Uint8Array;
}

/** The bytes of a model file: one `.safetensors`, deterministic. */
export function writeModelFile(model: Model): Uint8Array {
  const hashes = modelHashes(model);
  const { coding } = model;
  const dims = coding?.steps.length ?? 0;
  const codingTensors: Record<string, StoredTensor> = coding
    ? {
        "coding.offsets": { shape: [dims], data: coding.offsets },
        "coding.steps": { shape: [dims], data: coding.steps },
        "coding.tables": { shape: [coding.tables.length], data: coding.tables },
      }
    : {};
  return writeSafetensors({
    metadata: {
      format: "isthmus-model",
      version: String(MODEL_FILE_VERSION),
      kind: model.kind,
      config: canonicalJson(model.config),
      encoder: serialiseProgram(model.encoder),
      decoder: serialiseProgram(model.decoder),
      hashes: canonicalJson({ encoder: hashes.encoder, tables: hashes.tables, decoder: hashes.decoder }),
      provenance: canonicalJson(model.provenance),
      metrics: canonicalJson(model.metrics),
    },
    tensors: { ...model.parameters, ...codingTensors },
  });
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
    throw new IsthmusError("MODEL_FILE_FORMAT", `a safetensors file, but not an isthmus model (format: ${metadata["format"] ?? "none"})`);
  }
  if (metadata["version"] !== String(MODEL_FILE_VERSION)) {
    throw new IsthmusError("MODEL_FILE_VERSION", `model file version ${metadata["version"]} is not ${MODEL_FILE_VERSION}`);
  }
  const text = (key: string) => metadata[key] ?? missing(key);
  const coding = readCoding(tensors);
  const model: Model = {
    kind: text("kind"),
    config: parseObject("config", text("config")),
    encoder: parseProgram(text("encoder")),
    decoder: parseProgram(text("decoder")),
    parameters: Object.fromEntries(Object.entries(tensors).filter(([name]) => !name.startsWith("coding."))),
    ...(coding ? { coding } : {}),
    provenance: parseObject("provenance", text("provenance")),
    metrics: parseObject("metrics", text("metrics")),
  };
  checkParameters(model);
  checkHashes(model, parseObject("hashes", text("hashes")));
  return model;
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

function readCoding(tensors: Readonly<Record<string, StoredTensor>>): LatentCoding | undefined {
  const offsets = tensors["coding.offsets"]?.data;
  const steps = tensors["coding.steps"]?.data;
  const tables = tensors["coding.tables"]?.data;
  if (!offsets && !steps && !tables) return undefined;
  if (!(offsets instanceof Float32Array && steps instanceof Float32Array && tables instanceof Int32Array)) {
    throw new IsthmusError("MODEL_FILE_INVALID", "model file: the latent coding is incomplete");
  }
  return { offsets, steps, tables };
}

function checkParameters({ encoder, decoder, parameters }: Model): void {
  for (const [name, { shape }] of [...Object.entries(encoder.state), ...Object.entries(decoder.state)]) {
    const stored = parameters[name];
    if (!stored || !(stored.data instanceof Float32Array) || !sameShape(stored.shape, shape)) {
      const got = stored ? formatShape(stored.shape) : "nothing";
      throw new IsthmusError("MODEL_FILE_INVALID", `model file: parameter "${name}" expected f32 ${formatShape(shape)}, got ${got}`);
    }
  }
}

function checkHashes(model: Model, stored: JsonObject): void {
  const actual = modelHashes(model);
  for (const part of ["encoder", "tables", "decoder"] as const) {
    if (stored[part] !== actual[part]) {
      throw new IsthmusError("MODEL_FILE_HASH", `model file: the ${part} does not match its hash; the file is damaged`, { part });
    }
  }
}

/** The hashes that identify a model and its parts, over canonical content. */
export function modelHashes(model: Pick<Model, "encoder" | "decoder" | "parameters" | "coding">): ModelHashes {
  const encoder = sha256(networkBytes(model.encoder, model.parameters));
  const tables = sha256(codingBytes(model.coding));
  const decoder = sha256(networkBytes(model.decoder, model.parameters));
  return {
    encoder: bytesToHex(encoder),
    tables: bytesToHex(tables),
    decoder: bytesToHex(decoder),
    id: sha256(concatenate([encoder, tables, decoder])).slice(0, 8),
  };
}

/** The graph's text and the parameters it reads, in the order of their names. */
function networkBytes(program: Program, parameters: Readonly<Record<string, StoredTensor>>): Uint8Array {
  const tensors = Object.keys(program.state)
    .sort()
    .flatMap((name) => [textBytes(`\n${name}\n`), rawBytes((parameters[name] as StoredTensor).data)]);
  return concatenate([textBytes(serialiseProgram(program)), ...tensors]);
}

function codingBytes(coding: LatentCoding | undefined): Uint8Array {
  return coding ? concatenate([coding.offsets, coding.steps, coding.tables].map(rawBytes)) : new Uint8Array();
}

function textBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function rawBytes(data: StoredTensor["data"]): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
